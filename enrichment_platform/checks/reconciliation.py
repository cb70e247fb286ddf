"""Row reconciliation: every raw row ends in exactly one of staged and quarantine, by row id."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.findings import sample_ids
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, require_columns
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec, Stage


def row_reconciliation(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Compare the four tables by anti-joins on row id; one id too few, too many or strange fails.

    Rows that were set aside at the stage raw may have ids of file and line that the raw table does not know.

    Raises:
        UnusableInputError: a table lacks its row_id (String), or quarantined its stage.
    """
    for name in ("raw_ids", "cleaned", "staged"):
        require_columns(name, getattr(tables, name), {ROW_ID: pl.String})
    require_columns("quarantined", tables.quarantined, {ROW_ID: pl.String, "stage": pl.String})
    problems = differences(tables)
    found = {name: ids for name, ids in problems.items() if ids.len()}
    every = pl.concat(list(found.values())) if found else pl.Series(ROW_ID, [], pl.String)
    total = tables.raw_ids.height
    counts = ", ".join(f"{ids.len():,} {name}" for name, ids in found.items())
    return CheckResult(
        name=definition.name,
        passed=not found,
        blocking=definition.blocking,
        failed_rows=every.n_unique(),
        total_rows=total,
        threshold=0.0,
        description=definition.description,
        message=(
            f"{counts} (of {total:,} raw rows). Nothing is published; compare the row ids in {spec.name}.raw,"
            " .cleaned, .classified and .quarantine, and materialize cleaned and classified again."
            if found
            else f"All {total:,} raw rows are there: {tables.staged.height:,} staged, the rest in quarantine."
        ),
        row_ids=sample_ids(every),
    )


def differences(tables: PartitionTables) -> dict[str, pl.Series]:
    """Row ids that do not reconcile, by kind; a kind without ids has an empty series.

    Null ids are strange wherever they are, so they count as foreign.
    """
    raw, cleaned, staged = (_ids(frame) for frame in (tables.raw_ids, tables.cleaned, tables.staged))
    early = tables.quarantined.filter(pl.col("stage").is_in([Stage.RAW.value, Stage.CLEANED.value]))
    aside = _ids(early)
    aside_later = _ids(early.filter(pl.col("stage") != Stage.RAW.value))
    return {
        "lost": _minus(_minus(raw, staged), aside),
        "duplicated": _unique(
            _repeated(raw), _repeated(cleaned), _repeated(staged), _repeated(aside), _both(staged, aside)
        ),
        "foreign": _unique(
            *(_minus(ids, raw) for ids in (staged, cleaned, aside_later)),
            *(ids.filter(ids.is_null()) for ids in (raw, aside)),
        ),
        "cleaned but not staged": _minus(cleaned, staged),
        "staged but not cleaned": _minus(staged, cleaned),
        "with another partition key than when cleaned": _misplaced(tables),
    }


def _ids(frame: pl.DataFrame) -> pl.Series:
    return frame.get_column(ROW_ID)


def _minus(left: pl.Series, right: pl.Series) -> pl.Series:
    kept = left.to_frame().join(right.to_frame(), on=ROW_ID, how="anti", maintain_order="left")
    return kept.get_column(ROW_ID).unique(maintain_order=True)


def _both(left: pl.Series, right: pl.Series) -> pl.Series:
    return left.to_frame().join(right.to_frame(), on=ROW_ID, how="semi").get_column(ROW_ID)


def _repeated(ids: pl.Series) -> pl.Series:
    return ids.filter(ids.is_duplicated() & ids.is_not_null())


def _unique(*parts: pl.Series) -> pl.Series:
    return pl.concat(list(parts)).unique(maintain_order=True)


def _misplaced(tables: PartitionTables) -> pl.Series:
    key = "partition_key"
    require_columns("cleaned", tables.cleaned, {key: pl.String})
    require_columns("staged", tables.staged, {key: pl.String})
    pairs = tables.staged.select(ROW_ID, key).join(tables.cleaned.select(ROW_ID, key), on=ROW_ID, suffix="_cleaned")
    moved = pairs.filter(pl.col(key).ne_missing(pl.col(f"{key}_cleaned")))
    return moved.get_column(ROW_ID).unique(maintain_order=True)
