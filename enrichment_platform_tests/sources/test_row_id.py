"""Row ids are stable and never the same for different keys."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.sources.row_id import row_id


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([" 7 "], "7"),
        ([7], "7"),
        (["a|b"], "a|b"),
        (["a|b", "c"], "a\\|b|c"),
        (["a\\", "c"], "a\\\\|c"),
        (["a", date(2026, 1, 5)], "a|2026-01-05"),
        ([""], None),
        ([None], None),
        (["a", " "], None),
        ([float("nan")], None),
    ],
)
def test_an_id_is_made_of_the_key(values: list[object], wanted: str | None) -> None:
    assert row_id(values) == wanted


KEYS = st.tuples(*[st.text("a|\\", min_size=1, max_size=4)] * 2)


@given(KEYS, KEYS)
def test_different_keys_have_different_ids(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert (row_id(first) == row_id(second)) == (first == second)
