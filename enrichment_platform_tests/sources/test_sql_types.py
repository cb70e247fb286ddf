"""Types of SQL values do not depend on which rows a partition holds."""

from decimal import Decimal
from uuid import UUID

import polars as pl
import pytest

from enrichment_platform.sources.sql_types import MONEY, typed_frame


@pytest.mark.parametrize(
    ("values", "dtype", "wanted"),
    [
        ([1, None], pl.Int64, [1, None]),
        ([1, 2.5], pl.Float64, [1.0, 2.5]),
        ([True, None], pl.Boolean, [True, None]),
        ([2**70], pl.String, [str(2**70)]),
        ([1, "a"], pl.String, ["1", "a"]),
        ([Decimal("0.10"), Decimal(7)], MONEY, [Decimal("0.10"), Decimal(7)]),
        ([Decimal("NaN"), Decimal("1E-20")], pl.String, ["NaN", "1E-20"]),
        ([{"a": "é"}, [1]], pl.String, ['{"a":"é"}', "[1]"]),
        ([UUID(int=1)], pl.String, ["00000000-0000-0000-0000-000000000001"]),
        ([b"x"], pl.Binary, [b"x"]),
        ([None], pl.Null, [None]),
    ],
)
def test_a_column_gets_the_type_of_its_values(values: list[object], dtype: pl.DataType, wanted: list[object]) -> None:
    frame = typed_frame([[value] for value in values], ["c"], {})
    assert (frame.schema["c"], frame["c"].to_list()) == (dtype, wanted)
