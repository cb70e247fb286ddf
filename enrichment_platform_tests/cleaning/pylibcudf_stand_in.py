"""The functions of pylibcudf that `cleaning/device.py` calls, over pyarrow and `re`, with the same parameter names.

It proves which functions are called, in which order and on which rows: control flow, nulls, lengths. It says nothing of
what cuDF's own kernels return: only `enrichment verify-parity` on a machine with a GPU does. What is known of cuDF's
pattern parser and would be read wrongly is refused here. `cudf_lane` holds names and parameters to the real package.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MISREAD = re.compile(r"-\\[a-z0-9]|\\x[89a-fA-F]|\\x\{|\\u")  # escaped ends of ranges, bytes above 7F, no such escapes


class TypeId(IntEnum):
    INT32 = 3
    INT64 = 4
    BOOL8 = 11


class DataType:
    def __init__(self, type_id: TypeId, scale: int = 0) -> None:
        self.arrow = {TypeId.INT32: pa.int32(), TypeId.INT64: pa.int64(), TypeId.BOOL8: pa.bool_()}[type_id]


class Column:
    def __init__(self, array: pa.Array) -> None:
        self.array = array

    @staticmethod
    def from_arrow(obj: Any, dtype: Any = None) -> "Column":
        return Column(obj.combine_chunks() if isinstance(obj, pa.ChunkedArray) else obj)

    def to_arrow(self) -> pa.Array:
        return self.array

    def size(self) -> int:
        return len(self.array)

    @staticmethod
    def all_null_like(like: "Column", size: int) -> "Column":
        return Column(pa.nulls(size, like.array.type))


class Scalar:
    def __init__(self, value: Any) -> None:
        self.value = value

    @classmethod
    def from_py(cls, py_val: Any, dtype: DataType | None = None) -> "Scalar":
        return cls(py_val)

    def to_py(self) -> Any:
        return self.value


class Table:
    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)

    def columns(self) -> tuple[Column, ...]:
        return self._columns


class RegexFlags(IntEnum):
    DEFAULT = 0


class RegexProgram:
    def __init__(self, pattern: str) -> None:
        self.compiled = re.compile(pattern)

    @staticmethod
    def create(pattern: str, flags: RegexFlags) -> "RegexProgram":
        assert not MISREAD.search(pattern), f"cuDF would misread {pattern!r}"
        return RegexProgram(pattern)


class SideType(IntEnum):
    BOTH = 2


class BinaryOperator(IntEnum):
    LOGICAL_AND = 17
    LOGICAL_OR = 18
    GREATER = 22
    LESS_EQUAL = 23
    NULL_NOT_EQUALS = 29


class UnaryOperator(IntEnum):
    NOT = 22


def contains_re(input: Column, prog: RegexProgram) -> Column:
    return _mapped(input, lambda text: prog.compiled.search(text) is not None, pa.bool_())


def replace_re(input: Column, pattern: RegexProgram, replacement: Scalar) -> Column:
    return _mapped(input, lambda text: pattern.compiled.sub(lambda _: replacement.value, text))


def replace(input: Column, target: Scalar, repl: Scalar) -> Column:
    return _mapped(input, lambda text: text.replace(target.value, repl.value))


def strip(input: Column, side: SideType, to_strip: Scalar) -> Column:
    return _mapped(input, lambda text: text.strip(to_strip.value))


def count_characters(source_strings: Column) -> Column:
    return _mapped(source_strings, len, pa.int32())


def count_bytes(source_strings: Column) -> Column:
    return _mapped(source_strings, lambda text: len(text.encode()), pa.int32())


def replace_nulls(source_column: Column, replacement: Scalar) -> Column:
    return Column(source_column.array.fill_null(replacement.value))


def is_valid(input: Column) -> Column:
    return Column(input.array.is_valid())


def unary_operation(input: Column, op: UnaryOperator) -> Column:
    return Column(pc.invert(input.array))


def binary_operation(lhs: Column, rhs: Column | Scalar, op: BinaryOperator, output_type: DataType) -> Column:
    left = lhs.array
    right = rhs.array if isinstance(rhs, Column) else pa.scalar(rhs.value, left.type)
    if op is BinaryOperator.NULL_NOT_EQUALS:
        pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
        return Column(pa.array([one != other for one, other in pairs], output_type.arrow))
    kernels = {
        BinaryOperator.LOGICAL_AND: pc.and_,
        BinaryOperator.LOGICAL_OR: pc.or_,
        BinaryOperator.GREATER: pc.greater,
        BinaryOperator.LESS_EQUAL: pc.less_equal,
    }
    return Column(kernels[op](left, right))


def sum() -> str:
    return "sum"


def reduce(col: Column, agg: str, data_type: DataType) -> Scalar:
    return Scalar(pc.sum(col.array).as_py())  # None for no rows, as cuDF's null


def apply_boolean_mask(source_table: Table, boolean_mask: Column) -> Table:
    return Table([Column(column.array.filter(boolean_mask.array)) for column in source_table.columns()])


def boolean_mask_scatter(input: Table, target: Table, boolean_mask: Column) -> Table:
    [source], [aim] = input.columns(), target.columns()
    assert len(source.array) == pc.sum(boolean_mask.array).as_py(), "as many rows as the mask has"
    assert source.array.type == aim.array.type
    return Table([Column(pc.replace_with_mask(aim.array, boolean_mask.array, source.array))])


def _mapped(column: Column, function: Any, kind: pa.DataType | None = None) -> Column:
    values = [None if text is None else function(text) for text in column.array.to_pylist()]
    return Column(pa.array(values, kind or column.array.type))


pylibcudf = SimpleNamespace(
    Column=Column,
    DataType=DataType,
    Scalar=Scalar,
    Table=Table,
    TypeId=TypeId,
    aggregation=SimpleNamespace(sum=sum),
    binaryop=SimpleNamespace(BinaryOperator=BinaryOperator, binary_operation=binary_operation),
    copying=SimpleNamespace(boolean_mask_scatter=boolean_mask_scatter),
    reduce=SimpleNamespace(reduce=reduce),
    replace=SimpleNamespace(replace_nulls=replace_nulls),
    stream_compaction=SimpleNamespace(apply_boolean_mask=apply_boolean_mask),
    strings=SimpleNamespace(
        attributes=SimpleNamespace(count_bytes=count_bytes, count_characters=count_characters),
        contains=SimpleNamespace(contains_re=contains_re),
        regex_flags=SimpleNamespace(RegexFlags=RegexFlags),
        regex_program=SimpleNamespace(RegexProgram=RegexProgram),
        replace=SimpleNamespace(replace=replace),
        replace_re=SimpleNamespace(replace_re=replace_re),
        side_type=SimpleNamespace(SideType=SideType),
        strip=SimpleNamespace(strip=strip),
    ),
    unary=SimpleNamespace(UnaryOperator=UnaryOperator, is_valid=is_valid, unary_operation=unary_operation),
)
