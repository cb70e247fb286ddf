"""The demo: generate tickets, materialize the last days through Dagster, compare with the truth."""

from __future__ import annotations

import os
import time
from collections import Counter

import polars as pl

from enrichment_platform.checks.verdicts import latest_verdict
from enrichment_platform.demo.summary import Accuracy, DemoSummary, Usage
from enrichment_platform.demo.tickets import TicketFiles, write_tickets
from enrichment_platform.lake.location import home
from enrichment_platform.lake.tables import Lake
from enrichment_platform.location import load_location
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.materialize import PartitionRun, materialize_partitions
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.report import partition_report

NAME = "support_tickets"
EXAMPLE_CHARACTERS = 140
TOKENS = ("input_tokens", "cached_tokens", "output_tokens")


def run_demo(*, days: int, seed: int) -> DemoSummary:
    """Write the tickets, run the last `days` partitions and sum up."""
    started = time.monotonic()
    files = write_tickets(home() / "demo", seed=seed)
    write_examples(files, before=files.days[-days])
    location = load_location()
    spec = location.enrichment(NAME)
    runs = materialize_partitions(location.defs, spec, files.days[-days:])
    return summarize(spec, files, runs, time.monotonic() - started)


def write_examples(files: TicketFiles, before: str) -> None:
    """Write `labelled.csv`: tickets of earlier days with their true category, as a team would have labelled them."""
    truth = pl.read_csv(files.truth, infer_schema=False).filter(
        pl.col("dirt").is_null() & pl.col("category").is_not_null()
    )
    tickets = pl.read_csv(files.tickets, infer_schema=False, truncate_ragged_lines=True)
    examples = tickets.filter(pl.col("created_at").str.slice(0, 10) < before).join(truth, on="ticket_id")
    short = examples.filter(pl.col("body").str.len_chars() <= EXAMPLE_CHARACTERS)
    target = files.truth.with_name("labelled.csv")
    fresh = target.with_suffix(".new")
    named = short.with_columns(pl.col("order_id").alias("order_id_evidence"))
    named.select("ticket_id", "subject", "body", "category", "order_id", "order_id_evidence").write_csv(fresh)
    os.replace(fresh, target)


def summarize(spec: EnrichmentSpec, files: TicketFiles, runs: list[PartitionRun], wall_seconds: float) -> DemoSummary:
    """Read back what the runs left in the lake and compare it with the truth file."""
    lake = Lake.from_environment()
    keys = [run.partition_key for run in runs]
    published = _read(lake, spec, Stage.ENRICHED, keys)
    classified = _read(lake, spec, Stage.CLASSIFIED, keys)
    truth = pl.read_csv(files.truth, infer_schema=False).select(
        pl.col("ticket_id").alias("row_id"), pl.col("category").alias("truth")
    )
    judged = published.join(truth.filter(pl.col("truth") != ""), on="row_id")
    most_frequent = max(Counter(judged["truth"].to_list()).values(), default=0)
    checks = pl.concat([latest_verdict(lake, spec.name, key) for key in keys])
    models = sorted(set(classified["model"].drop_nulls()) - {""}) if classified.height else []
    return DemoSummary(
        reports=[partition_report(spec, run) for run in runs],
        checks=checks.group_by("check", maintain_order=True).agg(
            pl.col("passed").all(), pl.col("failed_rows").sum(), pl.col("total_rows").sum()
        ),
        accuracy=Accuracy(judged.filter(pl.col("category") == pl.col("truth")).height, judged.height),
        guess_share=most_frequent / max(judged.height, 1),
        usage=Usage(
            rows=classified.height,
            requests=sum(run.requests for run in runs),
            seconds=sum(run.asking_seconds for run in runs),
            **{c: int(classified[c].sum()) for c in TOKENS},
        ),
        model=", ".join(models) or "no model",
        wall_seconds=wall_seconds,
    )


def _read(lake: Lake, spec: EnrichmentSpec, stage: Stage, keys: list[str]) -> pl.DataFrame:
    if not lake.exists(table(spec, stage)):
        text = dict.fromkeys(("row_id", "model", "category"), pl.String)
        return pl.DataFrame(schema={**text, **dict.fromkeys(TOKENS, pl.Int64)})
    return lake.read(table(spec, stage)).filter(pl.col("partition_key").is_in(keys))
