"""The patterns that run on the GPU: checked when they are made, and listed, so that all can be compiled by cuDF."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from enrichment_platform.cleaning.dialect import Use, for_cudf

_MADE: dict[DevicePattern, None] = {}


@dataclass(frozen=True)
class DevicePattern:
    """A pattern that device kernels may use; making one with something that cuDF reads differently fails.

    Attributes:
        source: As Polars reads it.
        use: "guard": it names the rows to look at, and may name too many; "replace": what it matches is replaced.
    """

    source: str
    use: Use = "guard"

    def __post_init__(self) -> None:
        for_cudf(self.source, self.use)  # raises DialectError
        _MADE[self] = None

    @property
    def cudf(self) -> str:
        """The same pattern as cuDF reads it."""
        return for_cudf(self.source, self.use)


def made_patterns() -> list[DevicePattern]:
    """Return every pattern made so far; those of the shipped operations once `cleaning.operations` is imported."""
    return list(_MADE)


def compile_problem(pattern: DevicePattern) -> str | None:
    """Return what cuDF's own compiler says against a pattern, None where it takes it; it needs no GPU for that.

    Raises:
        ImportError: pylibcudf is not installed (see `has_cudf`).
    """
    from pylibcudf.strings.regex_flags import RegexFlags
    from pylibcudf.strings.regex_program import RegexProgram

    try:
        RegexProgram.create(pattern.cudf, RegexFlags.DEFAULT)
    except (RuntimeError, ValueError) as error:
        return str(error).rsplit(": ", 1)[-1]
    return None


def has_cudf() -> bool:
    """Return whether pylibcudf is installed, without loading it."""
    return importlib.util.find_spec("pylibcudf") is not None
