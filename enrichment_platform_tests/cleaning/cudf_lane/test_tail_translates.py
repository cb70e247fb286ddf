"""The relational tail translates for cuDF-Polars with no fallback to the CPU."""

# ruff: noqa: TID253 - collected where the wheels are installed only

from typing import Any

import cudf_polars.utils.config
import polars as pl
import pytest
from cudf_polars.dsl.translate import Translator

from enrichment_platform.cleaning.parity_corpus import nasty_texts
from enrichment_platform.cleaning.parity_tail import tail_plan

pytestmark = pytest.mark.cudf
EXECUTORS = ["streaming", "in-memory"]


@pytest.fixture(autouse=True)
def no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cudf_polars.utils.config, "get_device_handle", lambda: None)  # asks for the GPU's memory


def errors(plan: pl.LazyFrame, executor: Any) -> list[Exception]:
    translator = Translator(plan._ldf.visit(), pl.GPUEngine(executor=executor))
    translator.translate_ir()
    return translator.errors


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_tail_translates(executor: str) -> None:
    assert errors(tail_plan(nasty_texts().head(200)), executor) == []


@pytest.mark.parametrize("executor", EXECUTORS)
def test_so_do_the_parts_that_a_tail_is_made_of(executor: str) -> None:
    rows = nasty_texts().to_frame().with_row_index("at").lazy()
    text = pl.col("text")
    plan = (
        rows.filter(text.str.len_bytes() > 0)
        .with_columns(words=text.str.count_matches("[a-z]+"), kind=pl.when(text.str.contains("a")).then(1).otherwise(2))
        .join(rows.select("at", other="text"), on="at", how="left")
        .join(rows.filter(pl.col("at") % 2 == 0), on="at", how="semi")
        .unique("text", keep="first", maintain_order=True)
        .sort("at")
    )
    assert errors(plan, executor) == []


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_does_not_translate_is_seen(executor: str) -> None:
    plan = nasty_texts().to_frame().lazy().with_columns(pl.col("text").str.replace_all("a+", "b"))
    with pytest.raises(NotImplementedError):
        raise next(iter(errors(plan, executor)))
