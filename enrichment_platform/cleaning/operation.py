"""What a named cleaning operation is, and the decorator that registers one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_type_hints

import polars as pl
from pydantic import TypeAdapter, ValidationError

from enrichment_platform.cleaning.feature import ALL, Feature

Kind = Literal["transform", "filter"]
Scope = Literal["any", "all"]
Kernel = Callable[..., pl.Series]
GpuKernel = Callable[..., Any]  # DeviceText in and out; its module loads cuDF, so it is not named here
Function = TypeVar("Function", bound=Kernel)

REGISTRY: dict[str, Operation] = {}


@dataclass(frozen=True)
class Parameter:
    """A keyword argument of a kernel: its type, as annotated, and its default."""

    type: Any
    default: Any

    def problem(self, value: Any) -> str | None:
        """Return what is wrong with a value (`5` is no string, `true` no integer), None where it fits."""
        try:
            TypeAdapter(self.type).validate_python(value, strict=True)
        except ValidationError as error:
            return "; ".join(item["msg"] for item in error.errors())
        return None


@dataclass(frozen=True)
class Operation:
    """One named operation.

    Attributes:
        kernel: String column in, String column of the same length out; null in, null out. A transform gives
            the new text. A filter gives null for a row that stays, else a detail without row text.
        version: Raised whenever the output changes for any input; part of the answer fingerprint.
        reason: filter: why a row was removed, as written to the quarantine.
        scope: filter: a row goes when "any" of its text columns is flagged, or when "all" that hold text are.
        idempotent: Applying it twice gives what applying it once gives.
        needs: A text without any of these features is left as it is, or stays, so it is not even looked at.
        gains: Features that a text may have after the step and not before it.
        gpu: The kernel on the GPU, `DeviceText` and parameters in, `DeviceText` out; None: it runs on the CPU only.
        examples: (input, output) of the kernel with default parameters.
    """

    name: str
    kind: Kind
    version: int
    kernel: Kernel
    parameters: Mapping[str, Parameter]
    reason: str
    scope: Scope
    idempotent: bool
    needs: Feature
    gains: Feature
    gpu: GpuKernel | None
    examples: Sequence[tuple[str | None, str | None]]


def operation(
    *,
    version: int,
    kind: Kind = "transform",
    reason: str = "",
    scope: Scope = "any",
    idempotent: bool = True,
    needs: Feature = Feature.NONE,
    gains: Feature = ALL,
    gpu: GpuKernel | None = None,
    examples: Sequence[tuple[str | None, str | None]] = (),
) -> Callable[[Function], Function]:
    """Register a kernel under its function's name, so that `cleaning.steps` can name it.

    The kernel takes one String column, and its parameters as keyword-only arguments with types and defaults:

        @operation(version=1, examples=[("call 112", "call")])
        def drop_digits(column: pl.Series, *, keep: str = "") -> pl.Series: ...

    Args:
        version: Raise it with every change of the output; answers are then asked for anew.
        kind: "transform" (text to text) or "filter" (null: the row stays; a detail: it goes).
        reason: filter: the quarantine's reason; the name of the operation when empty.
        scope: filter over several text columns: "any" flagged column takes the row out, or "all" with text.
        idempotent: Whether applying it twice equals applying it once; the tests hold it to that.
        needs: Features without one of which the kernel changes nothing; `Feature.NONE`: it sees every text.
        gains: Features that its output may show where its input did not; by default any, and changed texts are read
            again before the next step.
        gpu: The same kernel on the GPU (`enrichment_platform.cleaning.device`); without it, the step needs the CPU.
        examples: (input, output) with default parameters; the tests run over them, on both engines.

    Raises:
        ValueError: Another function has the name, or a parameter lacks type, default or the `*` before it.
    """

    def register(kernel: Function) -> Function:
        name = kernel.__name__
        known = REGISTRY.get(name)
        if known is not None and _place(known.kernel) != _place(kernel):
            raise ValueError(f"cleaning operation {name!r} is taken by {_place(known.kernel)}; choose another name")
        REGISTRY[name] = Operation(
            name,
            kind,
            version,
            kernel,
            _parameters(kernel),
            reason or name,
            scope,
            idempotent,
            needs,
            gains,
            gpu,
            tuple(examples),
        )
        return kernel

    return register


def _place(kernel: Kernel) -> str:
    return f"{kernel.__module__}.{kernel.__qualname__}"


def _parameters(kernel: Kernel) -> dict[str, Parameter]:
    types = get_type_hints(kernel, include_extras=True)
    _column, *rest = inspect.signature(kernel).parameters.values()
    for parameter in rest:
        typed = parameter.name in types and parameter.default is not parameter.empty
        if parameter.kind is not parameter.KEYWORD_ONLY or not typed:
            raise ValueError(
                f"parameter {parameter.name!r} of cleaning operation {_place(kernel)} must be keyword-only,"
                " with a type and a default"
            )
    return {parameter.name: Parameter(types[parameter.name], parameter.default) for parameter in rest}
