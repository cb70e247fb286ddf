"""What can be held to parity without a GPU: patterns against cuDF's dialect, examples and guards on the CPU kernels."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from enrichment_platform.cleaning import operations
from enrichment_platform.cleaning.device_pattern import DevicePattern, compile_problem, has_cudf
from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.feature_patterns import feature_pattern
from enrichment_platform.cleaning.on_host import OnHost, device_patterns
from enrichment_platform.cleaning.operation import REGISTRY, Operation
from enrichment_platform.cleaning.parity import ROWS_NAMED, different_rows, raised

__all__ = ["Lint", "lint", "operations"]


@dataclass(frozen=True)
class Lint:
    """What was looked at, and what is wrong.

    Attributes:
        patterns: Patterns that device kernels use; each passed the allow-list when it was made.
        compiled: How many of them cuDF's own compiler has seen: none where pylibcudf is not installed.
        operations: Operations whose examples ran on the CPU.
        guards: Guards that were held to the texts.
        problems: For people; no text of a row in them.
    """

    patterns: int
    compiled: int
    operations: int
    guards: int
    problems: list[str]


def lint(texts: pl.Series) -> Lint:
    """Check every pattern, every example on the CPU kernel, and that guards find the rows of `texts` that change."""
    patterns = device_patterns()
    known = list(REGISTRY.values())
    problems = [problem for operation in known for problem in _examples(operation)]
    compiled = patterns if has_cudf() else []
    problems += [
        f"pattern {pattern.source!r}: cuDF does not compile it: {found}"
        for pattern in compiled
        if (found := compile_problem(pattern)) is not None
    ]
    guards = [(operation, guard) for operation in known if (guard := _guard(operation)) is not None]
    problems += [
        f"{operation.name}: its guard misses rows that the CPU kernel changes: {rows}"
        for operation, guard in guards
        if (rows := missed_rows(operation, guard, texts))
    ]
    return Lint(len(patterns), len(compiled), len(known), len(guards), problems)


def missed_rows(operation: Operation, guard: DevicePattern, texts: pl.Series) -> list[int]:
    """Return the numbers of rows that the kernel changes and the guard does not find, at most ROWS_NAMED of them.

    The guard's spelling for cuDF is read by Python's `re`, which reads what the dialect allows as cuDF does.
    """
    done = operation.kernel(texts, **_defaults(operation)).cast(pl.String)
    changed = done.ne_missing(texts) if operation.kind == "transform" else done.is_not_null()
    found = re.compile(guard.cudf)
    rows = (row for row in changed.arg_true().to_list() if texts[row] is not None and not found.search(texts[row]))
    return [row for row, _ in zip(rows, range(ROWS_NAMED), strict=False)]


def _guard(operation: Operation) -> DevicePattern | None:
    guard = operation.gpu.guard if isinstance(operation.gpu, OnHost) else None
    if isinstance(guard, Feature):
        return feature_pattern(guard) if guard else None
    return guard if isinstance(guard, DevicePattern) else None


def _examples(operation: Operation) -> list[str]:
    given = pl.Series("text", [before for before, _ in operation.examples], dtype=pl.String)
    wanted = pl.Series("text", [after for _, after in operation.examples], dtype=pl.String)
    try:
        done = operation.kernel(given, **_defaults(operation)).cast(pl.String)
    except Exception as error:  # noqa: BLE001 - the other operations are looked at all the same
        return [f"{operation.name}: {raised(error)}"]
    return [f"{operation.name}: example {row} does not hold" for row in different_rows(done, wanted)]


def _defaults(operation: Operation) -> dict[str, object]:
    return {name: parameter.default for name, parameter in operation.parameters.items()}
