"""A column of texts on the GPU and what kernels can do with it, over pylibcudf 26.10, loaded with the first one.

What is not the same in both engines by its definition is not here: no `\\w`, no change of case, no Unicode tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl

from enrichment_platform.cleaning.device_pattern import DevicePattern
from enrichment_platform.cleaning.gpu import gpu_visible, why_no_gpu
from enrichment_platform.errors import EnrichmentError, InputError

__all__ = ["DeviceMask", "DeviceText", "gpu_visible", "why_no_gpu"]

_MOST = 2**31 - 1  # cuDF counts rows, and characters of a text, in int32


def pylibcudf() -> Any:
    """Return pylibcudf, loaded at the first call.

    Raises:
        InputError: It is not installed, or its libraries do not load.
    """
    try:
        import pylibcudf as library
    except (ImportError, OSError, RuntimeError) as error:
        raise InputError(
            f"cuDF cannot be loaded ({error}); install the `cudf` extra on a machine with a GPU, or set"
            " `cleaning.engine: cpu`"
        ) from error
    return library


@contextmanager
def device_errors(what: str) -> Iterator[None]:
    """Turn errors of the GPU into ones for people.

    Raises:
        EnrichmentError: Its memory is full, or it failed at `what`.
        InputError: There is no GPU, or no driver for it.
    """
    try:
        yield
    except MemoryError as error:
        raise EnrichmentError(
            f"the GPU's memory is full at {what}; clean fewer rows at a time, free the GPU of other work, or set"
            " `cleaning.engine: cpu`"
        ) from error
    except RuntimeError as error:
        if (reason := why_no_gpu()) is not None:
            raise InputError(f"the GPU cannot be used: {reason}; set `cleaning.engine: cpu` or `auto`") from error
        kind = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise EnrichmentError(
            f"the GPU failed at {what}: {kind}; run it again, or set `cleaning.engine: cpu`"
        ) from error


@dataclass(frozen=True)
class DeviceMask:
    """One boolean a row, on the GPU; never null.

    Attributes:
        column: pylibcudf Column of BOOL8 without nulls.
    """

    column: Any

    def __or__(self, other: DeviceMask) -> DeviceMask:
        return self._with(other, "LOGICAL_OR")

    def __and__(self, other: DeviceMask) -> DeviceMask:
        return self._with(other, "LOGICAL_AND")

    def __invert__(self) -> DeviceMask:
        library = pylibcudf()
        with device_errors("a mask"):
            return DeviceMask(library.unary.unary_operation(self.column, library.unary.UnaryOperator.NOT))

    def to_series(self) -> pl.Series:
        """Return the mask as a Boolean column on the host."""
        with device_errors("a copy to the host"):
            return _series(self.column.to_arrow()).cast(pl.Boolean)

    def count(self) -> int:
        """Return how many rows are true."""
        library = pylibcudf()
        with device_errors("a mask"):
            number = library.DataType(library.TypeId.INT64)
            total = library.reduce.reduce(self.column, library.aggregation.sum(), number).to_py()
        return int(total or 0)  # the sum of no rows is null

    def _with(self, other: DeviceMask, operator: str) -> DeviceMask:
        return DeviceMask(_binary(self.column, other.column, operator))


@dataclass(frozen=True)
class DeviceText:
    """A column of texts on the GPU.

    Attributes:
        column: pylibcudf Column of STRING; null rows stay null in all that is done.
    """

    column: Any

    @classmethod
    def from_series(cls, texts: pl.Series) -> DeviceText:
        """Copy a String column to the GPU.

        Raises:
            InputError: cuDF is not installed, or there is no GPU.
            EnrichmentError: It does not fit.
        """
        if len(texts) > _MOST:
            raise EnrichmentError(f"{len(texts)} rows are more than cuDF can hold ({_MOST}); use smaller partitions")
        array = texts.cast(pl.String).rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        library = pylibcudf()
        with device_errors(f"a copy of {len(texts)} rows to it"):
            return cls(library.Column.from_arrow(array))

    def to_series(self, name: str = "text") -> pl.Series:
        """Return the texts as a String column on the host."""
        with device_errors("a copy to the host"):
            return _series(self.column.to_arrow()).cast(pl.String).alias(name)

    def __len__(self) -> int:
        return int(self.column.size())

    def contains(self, pattern: DevicePattern) -> DeviceMask:
        """Return which texts match the pattern somewhere; a null row does not."""
        library = pylibcudf()
        with device_errors("a search"):
            return _mask(library.strings.contains.contains_re(self.column, _program(pattern)))

    def replace(self, pattern: DevicePattern, replacement: str) -> DeviceText:
        """Replace every match of a class or of a run of it, left to right; `replacement` is taken as it is.

        Raises:
            ValueError: The pattern is a guard: how far its matches go may differ between the engines.
        """
        if pattern.use != "replace":
            raise ValueError(f"{pattern.source!r} is a guard; only DevicePattern(..., use='replace') can be replaced")
        library = pylibcudf()
        with device_errors("a replacement"):
            new = library.Scalar.from_py(replacement)
            return DeviceText(library.strings.replace_re.replace_re(self.column, _program(pattern), new))

    def replace_literal(self, text: str, replacement: str) -> DeviceText:
        """Replace every occurrence of a text (not empty), left to right, none twice."""
        library = pylibcudf()
        with device_errors("a replacement"):
            old, new = library.Scalar.from_py(text), library.Scalar.from_py(replacement)
            return DeviceText(library.strings.replace.replace(self.column, old, new))

    def strip(self, characters: str) -> DeviceText:
        """Take these characters (at least one) off both ends."""
        library = pylibcudf()
        with device_errors("a strip"):
            both, which = library.strings.side_type.SideType.BOTH, library.Scalar.from_py(characters)
            return DeviceText(library.strings.strip.strip(self.column, both, which))

    def chars_at_most(self, most: int) -> DeviceMask:
        """Return which texts have at most `most` characters (code points); a null row is False."""
        return _compared(self._chars(), "LESS_EQUAL", most)

    def chars_above(self, most: int) -> DeviceMask:
        """Return which texts have more than `most` characters; a null row is False."""
        return _compared(self._chars(), "GREATER", most)

    def bytes_above(self, most: int) -> DeviceMask:
        """Return which texts have more than `most` bytes of UTF-8; a null row is False."""
        library = pylibcudf()
        with device_errors("a count of bytes"):
            return _compared(library.strings.attributes.count_bytes(self.column), "GREATER", most)

    def is_there(self) -> DeviceMask:
        """Return which rows are not null."""
        library = pylibcudf()
        with device_errors("a mask"):
            return DeviceMask(library.unary.is_valid(self.column))

    def differs(self, other: DeviceText) -> DeviceMask:
        """Return which rows are not the same in the other column; null and null are."""
        return DeviceMask(_binary(self.column, other.column, "NULL_NOT_EQUALS"))

    def where(self, mask: DeviceMask, kernel: Callable[[DeviceText], DeviceText]) -> DeviceText:
        """Return the column with `kernel` applied to the rows of the mask; it is not called where there are none."""
        count = mask.count()
        if count == 0:
            return self
        return kernel(self) if count == len(self) else self._scattered(kernel(self.rows(mask)), mask)

    def on_host(self, mask: DeviceMask, kernel: Callable[[pl.Series], pl.Series]) -> DeviceText:
        """Return the column with a CPU kernel applied to the rows of the mask, which go to the host and back."""
        return self.where(mask, lambda rows: DeviceText.from_series(kernel(rows.to_series())))

    def rows(self, mask: DeviceMask) -> DeviceText:
        """Return the rows of the mask, in order."""
        library = pylibcudf()
        with device_errors("a gathering of rows"):
            table = library.stream_compaction.apply_boolean_mask(library.Table([self.column]), mask.column)
            return DeviceText(table.columns()[0])

    def nothing(self) -> DeviceText:
        """Return a column of as many rows, all null."""
        library = pylibcudf()
        with device_errors("an empty column"):
            return DeviceText(library.Column.all_null_like(self.column, len(self)))

    def _chars(self) -> Any:
        library = pylibcudf()
        with device_errors("a count of characters"):
            return library.strings.attributes.count_characters(self.column)

    def _scattered(self, rows: DeviceText, mask: DeviceMask) -> DeviceText:
        library = pylibcudf()
        with device_errors("a scattering of rows"):
            source, target = library.Table([rows.column]), library.Table([self.column])
            table = library.copying.boolean_mask_scatter(source, target, mask.column)
            return DeviceText(table.columns()[0])


def _program(pattern: DevicePattern) -> Any:
    strings = pylibcudf().strings
    return strings.regex_program.RegexProgram.create(pattern.cudf, strings.regex_flags.RegexFlags.DEFAULT)


def _mask(column: Any) -> DeviceMask:
    library = pylibcudf()
    return DeviceMask(library.replace.replace_nulls(column, library.Scalar.from_py(False)))


def _compared(counts: Any, operator: str, number: int) -> DeviceMask:
    library = pylibcudf()
    with device_errors("a comparison"):
        bound = library.Scalar.from_py(min(number, _MOST), library.DataType(library.TypeId.INT32))
        return _mask(_binary(counts, bound, operator))


def _binary(left: Any, right: Any, operator: str) -> Any:
    library = pylibcudf()
    with device_errors("a comparison"):
        kind = getattr(library.binaryop.BinaryOperator, operator)
        return library.binaryop.binary_operation(left, right, kind, library.DataType(library.TypeId.BOOL8))


def _series(array: Any) -> pl.Series:
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series
