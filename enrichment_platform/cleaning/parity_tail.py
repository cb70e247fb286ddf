"""The relational tail over made-up inputs that use all of it: translated for cuDF, and compared on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import polars as pl

from enrichment_platform.cleaning.parity import Parity, compare_frames, raised
from enrichment_platform.cleaning.tail import TailInputs, tail
from enrichment_platform.cleaning_spec import DUPLICATE_COLUMNS, AddedColumn, JoinSpec

_START = datetime(2026, 1, 1, tzinfo=UTC)


def tail_plan(texts: pl.Series) -> pl.LazyFrame:
    """Return the tail with duplicates, prefix groups, a join by key and one as of a time, on rows of these texts."""
    rows = pl.select(pl.int_range(len(texts)).alias("~position")).with_columns(
        texts.alias("text"),
        pl.format("row {}", "~position").alias("row_id"),
        pl.lit("2026-01-01").alias("partition_key"),
        (pl.col("~position") % 97).cast(pl.String).alias("~key0"),
        pl.when(pl.col("~position") % 5 > 0).then((pl.col("~position") % 11).cast(pl.String)).alias("~key1"),
        (pl.lit(_START) + pl.duration(hours=pl.col("~position") % 240)).cast(pl.Datetime("us", "UTC")).alias("~at1"),
        *(pl.lit("en").alias(name) for name in get_args(AddedColumn) if name == "language"),
    )
    position = rows.select("~position").filter(pl.col("~position") % 3 == 0)
    kind, similarity, of, partition = "exact", 1.0, "row 0", "2026-01-01"
    values: dict[str, Any] = dict(zip(DUPLICATE_COLUMNS, (of, partition, kind, similarity), strict=True))
    duplicates = position.with_columns(
        *(pl.lit(value).alias(name) for name, value in values.items()), asked_as=pl.lit(of)
    )
    groups = position.with_columns((pl.col("~position") % 7).alias("prefix_group"))
    inputs = TailInputs(duplicates.lazy(), groups.lazy(), [_by_key(), _as_of()])
    return tail(rows.lazy(), inputs, ["text"], list(get_args(AddedColumn)))


def compare_tail(texts: pl.Series) -> Parity:
    """Collect the tail on the CPU and on the GPU, where falling back is an error."""
    plan = tail_plan(texts)
    name = "relational tail"
    try:
        gpu = plan.collect(engine=pl.GPUEngine(executor="streaming", raise_on_fail=True))
    except Exception as error:  # noqa: BLE001 - cudf-polars raises what its libraries do
        return Parity(name, len(texts), False, [], f"on the GPU {raised(error)}")
    return compare_frames(name, plan.collect(), gpu)


def _by_key() -> tuple[JoinSpec, pl.LazyFrame]:
    theirs = pl.DataFrame({"~key": [str(number) for number in range(0, 97, 2)], "tier": ["gold"] * 49})
    return JoinSpec.model_validate({"table": "a.b", "on": "customer", "columns": ["tier"]}), theirs.lazy()


def _as_of() -> tuple[JoinSpec, pl.LazyFrame]:
    moments = [_START + timedelta(days=day) for day in range(10) for _ in range(11)]
    theirs = pl.DataFrame(
        {
            "~key": [str(number) for _ in range(10) for number in range(11)],
            "balance": [float(number) for number in range(110)],
            "~known": pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
        }
    )
    settings = {"table": "a.c", "on": "customer", "columns": ["balance"], "known_at": "since", "max_age_days": 3}
    return JoinSpec.model_validate(settings), theirs.lazy()
