"""A clean partition of support tickets, of any size, that tests then break in one place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl

from enrichment_platform.checks import CheckResult, Verdict, run_suite
from enrichment_platform.checks.inputs import CONTROL_COLUMNS, PartitionTables
from enrichment_platform.spec import EnrichmentSpec

KEY = "2026-01-01"
LABELS = ["billing", "delivery", "other"]
OUTPUT: list[dict[str, Any]] = [
    {"name": "category", "type": "label", "labels": LABELS},
    {
        "name": "order_id",
        "type": "string",
        "evidence": True,
        "required": False,
        "pattern": r"[A-Z]{2}-\d+",
    },
    {
        "name": "amount",
        "type": "number",
        "evidence": True,
        "required": False,
        "minimum": 0,
        "maximum": 1e6,
    },
    {"name": "due", "type": "date", "evidence": True, "required": False},
    {"name": "quantity", "type": "integer", "required": False, "minimum": 1, "maximum": 50},
    {"name": "refund", "type": "boolean"},
    {"name": "vendor", "type": "string", "description": "Name of the seller", "required": False},
    {
        "name": "topics",
        "type": "list",
        "labels": ["late", "broken"],
        "max_length": 2,
        "required": False,
    },
]


class Partition(NamedTuple):
    """The four tables, in the order of `run_suite`."""

    raw_ids: pl.DataFrame
    quarantined: pl.DataFrame
    cleaned: pl.DataFrame
    staged: pl.DataFrame


def make_spec(**changes: Any) -> EnrichmentSpec:
    """An enrichment with one output field of every type; `changes` replace top-level settings."""
    settings: dict[str, Any] = {
        "name": "support_tickets",
        "source": {"path": "tickets.csv", "key": "ticket_id", "timestamp": "created_at"},
        "partitions": {"type": "daily", "start": "2026-01-01"},
        "prompt": {
            "columns": ["subject", "body"],
            "examples": [
                {
                    "input": {"subject": "Hi", "body": "Order ZX-999 from Acme Gadgets is late"},
                    "output": {"category": "delivery", "order_id": "ZX-999", "vendor": "Acme Gadgets"},
                }
            ],
        },
        "output": OUTPUT,
    }
    # Nothing is asked beside the rows, unless a test says so.
    checks = {"reask_share": 0, "reorder_share": 0, "plant_share": 0} | changes.pop("checks", {})
    return EnrichmentSpec.model_validate(settings | changes | {"checks": checks})


def make_partition(rows: int = 2000, set_aside: int = 5) -> Partition:
    """A partition in which nothing is wrong; `set_aside` rows are quarantined at cleaning, two at raw."""
    numbers = range(rows)
    ids = [f"t{n:06}" for n in numbers]
    days = [date(2026, 1, 1) + timedelta(days=n % 300) for n in numbers]
    orders = [f"AB-{100000 + n}" for n in numbers]
    amounts = [round(10 + n * 1.25, 2) for n in numbers]
    bodies = [
        f"Hello, my order  {order} never came.\nI paid ${amount:,.2f} and expected it on {day:%d %B %Y}."
        " Please help me, regards."
        for order, amount, day in zip(orders, amounts, days, strict=True)
    ]
    cleaned = pl.DataFrame(
        {"row_id": ids, "partition_key": KEY, "subject": "Where is my parcel", "body": bodies},
        schema={"row_id": pl.String, "partition_key": pl.String, "subject": pl.String, "body": pl.String},
    )
    staged = pl.DataFrame(
        {
            "row_id": ids,
            "partition_key": [KEY] * rows,
            "category": [LABELS[n % 3] for n in numbers],
            "order_id": orders,
            "order_id_evidence": [f"my order {order} never came" for order in orders],
            "amount": amounts,
            "amount_evidence": [f"I paid ${amount:,.2f}" for amount in amounts],
            "due": days,
            "due_evidence": [f"expected it on {day:%d %B %Y}" for day in days],
            "quantity": [1 + n % 50 for n in numbers],
            "refund": [n % 2 == 0 for n in numbers],
            "vendor": ["Globex"] * rows,
            "topics": [["late"]] * rows,
            "status": ["ok"] * rows,
            "request_key": ids,
            "fingerprint": ["f1"] * rows,
            "model": ["m"] * rows,
            "endpoint": ["e"] * rows,
            "finish_reason": ["stop"] * rows,
            "attempts": [1] * rows,
        },
        schema={
            **dict.fromkeys(["row_id", "partition_key", "category", "order_id", "order_id_evidence"], pl.String),
            **{"amount": pl.Float64, "amount_evidence": pl.String, "due": pl.Date, "due_evidence": pl.String},
            **{"quantity": pl.Int64, "refund": pl.Boolean, "vendor": pl.String, "topics": pl.List(pl.String)},
            **dict.fromkeys(["status", "request_key", "fingerprint", "model", "endpoint"], pl.String),
            **{"finish_reason": pl.String, "attempts": pl.Int64},
        },
    )
    aside = [f"q{n}" for n in range(set_aside)]
    stages = ["cleaned"] * set_aside + ["raw", "raw"]
    quarantined = pl.DataFrame({"row_id": [*aside, "a.csv:3", "a.csv:9"], "stage": stages, "reason": "blank"})
    return Partition(pl.DataFrame({"row_id": ids + aside}), quarantined, cleaned, staged)


def with_value(frame: pl.DataFrame, row: int, **values: Any) -> pl.DataFrame:
    """The frame with other values in one row."""
    index = pl.int_range(pl.len()) == row
    return frame.with_columns(
        pl.when(index).then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def result(verdict: Verdict, name: str) -> CheckResult:
    """The result of one check."""
    return next(result for result in verdict.results if result.name == name)


def failed(verdict: Verdict) -> set[str]:
    """Names of the checks that found a row or did not pass."""
    return {r.name for r in verdict.results if r.failed_rows or not r.passed}


def whole(
    raw_ids: pl.DataFrame, quarantined: pl.DataFrame, cleaned: pl.DataFrame, staged: pl.DataFrame
) -> PartitionTables:
    """All that the suite looks at on a first day; the keys of the requests are those that `make_partition` gives."""
    known = isinstance(cleaned, pl.DataFrame) and "row_id" in cleaned.columns
    asked = cleaned.select("row_id", pl.col("row_id").alias("request_key")) if known else None
    return PartitionTables(raw_ids, quarantined, cleaned, staged, asked, pl.DataFrame(schema=CONTROL_COLUMNS))


def suite(
    spec: EnrichmentSpec,
    raw_ids: pl.DataFrame,
    quarantined: pl.DataFrame,
    cleaned: pl.DataFrame,
    staged: pl.DataFrame,
) -> Verdict:
    """The suite on these tables, on a first day."""
    return run_suite(spec, whole(raw_ids, quarantined, cleaned, staged))


def run(partition: Partition, spec: EnrichmentSpec | None = None, **tables: pl.DataFrame) -> Verdict:
    """The suite on a partition, with some tables replaced."""
    return suite(spec or make_spec(), *partition._replace(**tables))
