"""What cleaning did to a partition: from the note of its last run and the tables, or by trying the plan again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from enrichment_platform.cleaning.tokens import estimated_tokens_expr
from enrichment_platform.cleaning_spec import ASKED_AS
from enrichment_platform.errors import InputError
from enrichment_platform.lake.spool import Spool
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.cleaned import DID, READ_ROWS, cleaner
from enrichment_platform.stages.naming import table

_SAMPLED_BATCHES = 3


@dataclass(frozen=True)
class CleaningProfile:
    """What cleaning did to a partition.

    Attributes:
        name: The enrichment.
        partition_key: Which partition.
        did: What the run noted: engine, rows, bytes, seconds, steps, duplicates (see `PartitionCleaner.figures`).
        removed: Rows that were taken out, by reason.
        rows: Rows in the cleaned table.
        tokens_before: About how many tokens the raw texts have, of the text columns that the prompt shows.
        tokens_after: And the texts that are asked: cleaned, and each text of duplicates that share an answer once.
        samples: row_id, column, before, after of rows that cleaning changed; empty unless asked for.
    """

    name: str
    partition_key: str
    did: dict[str, Any]
    removed: dict[str, int]
    rows: int
    tokens_before: int
    tokens_after: int
    samples: list[dict[str, str | None]]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def profile_partition(lake: Lake, spec: EnrichmentSpec, partition_key: str, samples: int = 0) -> CleaningProfile:
    """Profile the partition as it was cleaned last.

    Raises:
        InputError: it was not cleaned yet.
    """
    name = table(spec, Stage.CLEANED)
    commits = lake.commits(name, partition_key) if lake.exists(name) else []
    if not commits or DID not in commits[0].notes:
        raise InputError(
            f"{spec.name} {partition_key} has not been cleaned; run `enrichment run {spec.name} --partition"
            f" {partition_key} --stage cleaned`, or try the plan with --dry-run"
        )
    columns = _columns(spec)
    helpful = [column for column in (ASKED_AS, "duplicate_kind") if column in lake.columns(name)]
    batches = lake.stream(name, partition_key, ["row_id", *columns, *helpful], READ_ROWS)
    removed = quarantine.by_reason(quarantine.read(lake, spec, partition_key, Stage.CLEANED))
    return _profile(lake, spec, partition_key, json.loads(commits[0].notes[DID]), removed, batches, samples)


def dry_run(lake: Lake, spec: EnrichmentSpec, partition_key: str, root: Path, samples: int = 0) -> CleaningProfile:
    """Profile what the plan as it is now makes of the raw partition; nothing is written to the lake.

    Raises:
        InputError: the partition was not read yet; the plan does not fit the table, the machine or what is joined.
    """
    if not lake.exists(table(spec, Stage.RAW)) or not lake.count(table(spec, Stage.RAW), partition_key):
        raise InputError(
            f"{spec.name} {partition_key} has no rows to try the plan on; read it with `enrichment run {spec.name}"
            f" --partition {partition_key} --stage raw`"
        )
    with cleaner(lake, spec, partition_key, root) as cleaning, cleaning.finish() as rows:
        did = cleaning.figures()
        return _profile(lake, spec, partition_key, did, did["removed"], _chosen(rows, _columns(spec)), samples)


def _chosen(rows: Spool, columns: list[str]) -> Any:
    helpful = [column for column in (ASKED_AS, "duplicate_kind") if column in rows.empty.columns]
    return (batch.select("row_id", *columns, *helpful) for batch in rows.batches())


def _columns(spec: EnrichmentSpec) -> list[str]:
    return [column for column in spec.text_columns if column in spec.prompt.columns]


def _profile(
    lake: Lake,
    spec: EnrichmentSpec,
    key: str,
    did: dict[str, Any],
    removed: dict[str, int],
    cleaned: Any,
    samples: int,
) -> CleaningProfile:
    columns = _columns(spec)
    raw = lake.stream(table(spec, Stage.RAW), key, ["row_id", *columns], READ_ROWS)
    before = sum(_tokens(batch, columns) for batch in raw)
    shared = {"equal": ["exact", "normalized"], "near": ["exact", "normalized", "near"]}.get(
        spec.cleaning.duplicates.answers if spec.cleaning.duplicates else "", ["exact"]
    )
    rows, after = 0, 0
    shown: list[dict[str, str | None]] = []
    for number, batch in enumerate(cleaned):
        rows += batch.height
        known = "duplicate_kind" in batch.columns
        asked = batch.filter(~pl.col("duplicate_kind").is_in(shared).fill_null(False)) if known else batch
        after += _tokens(asked, columns)
        if samples and not shown and number < _SAMPLED_BATCHES:  # each is a pass over the raw rows
            shown = _samples(lake, spec, key, batch, columns, samples)
    return CleaningProfile(spec.name, key, did, removed, rows, before, after, shown)


def _tokens(rows: pl.DataFrame, columns: list[str]) -> int:
    texts = rows.select(pl.col(columns).cast(pl.String))
    return int(texts.select(pl.sum_horizontal(estimated_tokens_expr(name).sum() for name in columns)).item() or 0)


def _samples(
    lake: Lake, spec: EnrichmentSpec, key: str, cleaned: pl.DataFrame, columns: list[str], most: int
) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = []
    for raw in lake.stream(table(spec, Stage.RAW), key, ["row_id", *columns], READ_ROWS):
        pairs = raw.join(cleaned, on="row_id", how="inner", suffix="~after")
        for column in columns:
            changed = pairs.filter(pl.col(column).ne_missing(pl.col(f"{column}~after"))).head(most - len(found))
            found += [
                {"row_id": row["row_id"], "column": column, "before": row[column], "after": row[f"{column}~after"]}
                for row in changed.iter_rows(named=True)
            ]
        if len(found) >= most:
            break
    return found
