"""Enriched: publication of a staged version whose checks passed, and the way back to an earlier one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from enrichment_platform.checks import (
    Verdict,
    canary_frame,
    check_names,
    partition_profile,
    row_failures,
    run_suite,
    suite_version,
)
from enrichment_platform.checks.history import History
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.verdicts import refusal, store_verdict
from enrichment_platform.errors import InputError, PublicationRefusedError
from enrichment_platform.inference.asked_form import asked_rows
from enrichment_platform.lake.content import content_version
from enrichment_platform.lake.tables import Commit, Lake
from enrichment_platform.spec import EnrichmentSpec, Stage, output_columns
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.accounting import close_books
from enrichment_platform.stages.asked import asked_now, usual_fingerprint
from enrichment_platform.stages.baseline import CANARIES, PROFILES, forget, read_history, store
from enrichment_platform.stages.controls import canaries_of, read_controls
from enrichment_platform.stages.labelled_rows import golden_set
from enrichment_platform.stages.naming import quarantine_table, table
from enrichment_platform.stages.outcome import StageOutcome

PROVENANCE = ["request_key", "fingerprint", "model", "endpoint"]


@dataclass(frozen=True)
class Staged:
    """A staged partition as it stands in the lake, all that its checks look at, and the hash of that."""

    raw_ids: pl.DataFrame
    quarantined: pl.DataFrame
    cleaned: pl.DataFrame
    classified: pl.DataFrame
    controls: pl.DataFrame | None

    @property
    def version(self) -> str:
        """Changes with any value of the rows, answers, controls or quarantine that the verdict was reached on."""
        controls = pl.DataFrame() if self.controls is None else self.controls
        return content_version(
            pl.DataFrame(
                {
                    "row_id": ["raw", "quarantined", "cleaned", "classified", "controls"],
                    "content": [
                        content_version(frame)
                        for frame in (self.raw_ids, self.quarantined, self.cleaned, self.classified, controls)
                    ],
                }
            )
        )


def read_staged(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> Staged:
    """The staged partition and the tables that it has to reconcile with."""
    earlier = quarantine.read(lake, spec, partition_key)
    return Staged(
        raw_ids=lake.read(table(spec, Stage.RAW), partition_key, columns=["row_id"]),
        quarantined=earlier.filter(pl.col("stage").is_in([Stage.RAW.value, Stage.CLEANED.value])),
        cleaned=lake.read(table(spec, Stage.CLEANED), partition_key),
        classified=lake.read(table(spec, Stage.CLASSIFIED), partition_key),
        controls=read_controls(lake, spec, partition_key),
    )


def check_partition(
    lake: Lake, spec: EnrichmentSpec, partition_key: str, root: Path, history: History | None = None
) -> Verdict:
    """Run the check suite on the staged partition and store its verdict under the staged version.

    Raises:
        EnrichmentError: a stage of the partition is missing; the labelled examples cannot be read.
    """
    staged = read_staged(lake, spec, partition_key)
    fingerprint = usual_fingerprint(staged.classified)
    tables = _tables(
        staged,
        asked=asked_now(spec, staged.cleaned, staged.classified, root),
        history=history or read_history(lake, spec, partition_key, fingerprint, staged.version),
        canaries_meant=len(canaries_of(spec, partition_key, golden_set(spec, root, staged.cleaned.schema))),
    )
    verdict = run_suite(spec, tables)
    store_verdict(lake, spec.name, partition_key, staged.version, suite_version(spec), verdict)
    if spec.checks.golden is not None:
        with suppress(UnusableInputError):  # then `canary_accuracy` has failed, and says why
            store(lake, CANARIES, spec, partition_key, canary_frame(spec, tables))
    return verdict


def _tables(
    staged: Staged,
    *,
    asked: pl.DataFrame | None = None,
    history: History | None = None,
    canaries_meant: int | None = None,
) -> PartitionTables:
    return PartitionTables(
        raw_ids=staged.raw_ids,
        quarantined=staged.quarantined.select("row_id", "stage", "reason"),
        cleaned=asked_rows(staged.cleaned),
        staged=staged.classified,
        asked=asked,
        controls=staged.controls,
        history=history or History(),
        canaries_meant=canaries_meant,
    )


def publish(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> StageOutcome:
    """Publish the staged version in one commit, after looking its verdict up; failing rows are quarantined.

    Raises:
        PublicationRefusedError: no passing verdict for exactly this version, or rows would be lost. The published
            partition stays as it was.
    """
    staged = read_staged(lake, spec, partition_key)
    expected = {check.name for check in check_names(spec)}
    reason = refusal(lake, spec.name, partition_key, staged.version, suite_version(spec), expected)
    if reason:
        raise PublicationRefusedError(f"{spec.name} {partition_key} was not published: {reason}")
    tables = _tables(staged)
    failures = row_failures(spec, tables)
    good = staged.classified.join(failures.select("row_id"), on="row_id", how="anti")
    outputs = [column for field in spec.output for column in output_columns(field)]
    # A source may have a column called `model` of its own, and one may be joined; ours steps aside.
    # Columns that the source once had stay in the stored table, empty: what it has now is what counts.
    source = spec.source
    own = {*source.columns, *source.key, source.timestamp} if source.columns else set(staged.cleaned.columns)
    own |= {*spec.cleaning.written_columns}
    kept = staged.cleaned.drop([name for name in PROVENANCE if name not in own], strict=False)
    provenance = [pl.col(name).alias(f"answer_{name}" if name in own else name) for name in PROVENANCE]
    published = kept.join(good.select("row_id", *outputs, *provenance), on="row_id", how="inner")
    _reconcile(spec, partition_key, staged, published, failures)
    quarantine_commit = quarantine.replace(lake, spec, partition_key, Stage.CLASSIFIED, failures)
    notes = {"staged_version": staged.version, "quarantine_commit": quarantine_commit}
    lake.replace_partition(table(spec, Stage.ENRICHED), partition_key, published.sort("row_id"), notes=notes)
    store(lake, PROFILES, spec, partition_key, partition_profile(spec, tables, partition_key))
    return StageOutcome(published, quarantine.by_reason(failures), {"staged_version": staged.version})


def _reconcile(
    spec: EnrichmentSpec, partition_key: str, staged: Staged, published: pl.DataFrame, failures: pl.DataFrame
) -> None:
    """Every raw row id in exactly one of the published rows and the quarantine, or nothing is published."""
    ends = pl.concat([published["row_id"], failures["row_id"], staged.quarantined["row_id"]])
    raw = staged.raw_ids["row_id"]
    lost = raw.filter(~raw.is_in(ends.implode()))
    twice = ends.filter(ends.is_duplicated())
    if lost.len() or twice.len():
        raise PublicationRefusedError(
            f"{spec.name} {partition_key} was not published: {lost.len()} rows would be lost and"
            f" {twice.n_unique()} would end twice, e.g. {', '.join([*lost[:3], *twice[:3]])}"
        )


def failing_rows(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> pl.DataFrame:
    """Rows of the staged version that fail a check now: row_id, partition_key, stage, reason, detail."""
    failures = row_failures(spec, _tables(read_staged(lake, spec, partition_key)))
    return failures.with_columns(stage=pl.lit(Stage.CLASSIFIED.value)).select(list(quarantine.SCHEMA))


def publications(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> list[Commit]:
    """Published versions of a partition, newest first."""
    return lake.commits(table(spec, Stage.ENRICHED), partition_key)


def restore(lake: Lake, spec: EnrichmentSpec, partition_key: str, version: int | None) -> Commit:
    """Publish an earlier version of a partition again, with the quarantine that belonged to it; returns that version.

    Args:
        lake: The lake.
        spec: The enrichment.
        partition_key: Which partition.
        version: Delta version of the enriched table; the one before the newest when None.

    Raises:
        InputError: the partition has no such version.
    """
    found = publications(lake, spec, partition_key)
    if not found:
        raise InputError(f"{spec.name} {partition_key} was never published")
    if version is None:
        # After a restore, the version before is the one before what was restored, not the one gone back from.
        newest = int(found[0].notes.get("restored", found[0].version))
        content = found[0].notes.get("staged_version")
        others = (commit for commit in found if commit.notes.get("staged_version") != content)
        wanted = next((commit for commit in others if commit.version < newest), None)
    else:
        wanted = next((commit for commit in found if commit.version == version), None)
    if wanted is None:
        known = ", ".join(str(commit.version) for commit in found)
        asked = "earlier version with other content" if version is None else f"version {version}"
        raise InputError(f"{spec.name} {partition_key} has no {asked}; it has {known} (--version takes one)")
    rows = lake.read(table(spec, Stage.ENRICHED), partition_key, version=wanted.version)
    quarantine_id = wanted.notes.get("quarantine_commit")
    quarantines = lake.commits(quarantine_table(spec), partition_key)
    quarantined_at = next((commit for commit in quarantines if commit.commit_id == quarantine_id), None)
    if quarantined_at is None:
        raise InputError(f"the quarantine that belongs to version {wanted.version} is gone; it cannot be restored")
    aside = lake.read(quarantine_table(spec), partition_key, version=quarantined_at.version)
    quarantine_commit = lake.replace_partition(quarantine_table(spec), partition_key, aside)
    notes = {
        **_publication_notes(wanted),
        "quarantine_commit": quarantine_commit,
        "restored": str(wanted.version),
    }
    lake.replace_partition(table(spec, Stage.ENRICHED), partition_key, rows, notes=notes)
    forget(lake, spec, partition_key)
    close_books(lake, spec, partition_key)
    return wanted


def _publication_notes(commit: Commit) -> dict[str, str]:
    return {name: commit.notes[name] for name in ("staged_version",) if name in commit.notes}
