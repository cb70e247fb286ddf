"""GPU kernels in one line: the GPU finds the rows that need an operation, the CPU kernel repairs those.

That is the same bytes by construction, as long as the guard finds every row that the kernel changes; the tests hold
each shipped operation to that, on the host. Texts that need nothing never leave the GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from enrichment_platform.cleaning.device import DeviceMask, DeviceText
from enrichment_platform.cleaning.device_pattern import DevicePattern, made_patterns
from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.feature_patterns import feature_pattern
from enrichment_platform.cleaning.operation import REGISTRY, Operation

Guard = Feature | DevicePattern | Callable[..., DeviceMask]

_MADE: list[OnHost] = []


@dataclass(frozen=True, eq=False)
class OnHost:
    """A GPU kernel that takes the rows of a guard to the host, to the CPU kernel of its operation."""

    guard: Guard

    def __call__(self, text: DeviceText, **parameters: Any) -> DeviceText:
        """Return the texts after the operation, or the details of a filter, null where a row stays."""
        operation = self.operation()
        target = text.nothing() if operation.kind == "filter" else text
        mask = self.mask(text, parameters)
        if not mask.count():
            return target
        done = operation.kernel(text.rows(mask).to_series(), **parameters).cast(pl.String)
        return target.where(mask, lambda _: DeviceText.from_series(done))

    def mask(self, text: DeviceText, parameters: dict[str, Any]) -> DeviceMask:
        """Return which rows the guard names."""
        if isinstance(self.guard, Feature):
            return text.contains(feature_pattern(self.guard)) if self.guard else text.is_there()
        if isinstance(self.guard, DevicePattern):
            return text.contains(self.guard)
        return self.guard(text, **parameters)

    def operation(self) -> Operation:
        """Return the operation that has this as its `gpu`."""
        return next(operation for operation in REGISTRY.values() if operation.gpu is self)


def on_host_where(guard: Guard) -> OnHost:
    """Return the GPU kernel of an operation that is registered with it: `@operation(gpu=on_host_where(Feature.AT))`.

    Args:
        guard: Names at least every row that the CPU kernel changes or flags: features (`Feature.NONE`: every row that
            is not null), a pattern, or a function of the DeviceText and the step's parameters to a DeviceMask.
    """
    made = OnHost(guard)
    _MADE.append(made)
    return made


def device_patterns() -> list[DevicePattern]:
    """Return every pattern that a device kernel made so far may use, those of features included."""
    for feature in Feature:
        feature_pattern(feature)
    for made in _MADE:
        if isinstance(made.guard, Feature) and made.guard:
            feature_pattern(made.guard)
    return made_patterns()
