"""What became of a partition and of an enrichment, read back from the lake."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from enrichment_platform.checks.verdicts import latest_verdict
from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.materialize import PartitionRun
from enrichment_platform.stages.naming import table


@dataclass(frozen=True)
class PartitionReport:
    """Counts of one partition after a run. `published` is what is readable now, also when this run failed."""

    name: str
    partition_key: str
    run_id: str
    succeeded: bool
    raw: int
    published: int
    quarantined: dict[str, int]
    failed_checks: list[str]
    errors: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)

    def line(self) -> str:
        """One line, and one more for each error."""
        aside = ", ".join(f"{count} {reason}" for reason, count in self.quarantined.items())
        state = "ok    " if self.succeeded else "FAILED"
        text = f"{state} {self.name} {self.partition_key}: {self.raw} rows in, {self.published} published"
        text += f", {sum(self.quarantined.values())} quarantined ({aside})" if aside else ""
        if self.failed_checks:
            text += f"; failed checks: {', '.join(self.failed_checks)}; the published version is unchanged"
        return "\n".join([text, *(f"       {error}" for error in self.errors)])


def partition_report(spec: EnrichmentSpec, run: PartitionRun) -> PartitionReport:
    """Read back what a run left in the lake."""
    lake = Lake.from_environment()
    return PartitionReport(
        name=spec.name,
        partition_key=run.partition_key,
        run_id=run.run_id,
        succeeded=run.succeeded,
        raw=rows(lake, spec, Stage.RAW, run.partition_key).height,
        published=rows(lake, spec, Stage.ENRICHED, run.partition_key).height,
        quarantined=quarantine.by_reason(quarantine.read(lake, spec, run.partition_key)),
        failed_checks=run.failed_checks,
        errors=run.errors,
    )


def rows(lake: Lake, spec: EnrichmentSpec, stage: Stage, partition_key: str | None = None) -> pl.DataFrame:
    """Row ids and partition keys of a stage; none when the table does not exist yet."""
    columns = ["row_id", "partition_key"]
    try:
        return lake.read(table(spec, stage), partition_key, columns=columns)
    except TableNotFoundError:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))


def enrichment_status(spec: EnrichmentSpec) -> dict[str, Any]:
    """Counts over all partitions, and the checks that failed in their newest verdicts."""
    lake = Lake.from_environment()
    published = rows(lake, spec, Stage.ENRICHED)
    keys = sorted(set(rows(lake, spec, Stage.CLASSIFIED)["partition_key"]))
    failed = {}
    for key in keys:
        verdict = latest_verdict(lake, spec.name, key)
        names = verdict.filter(~pl.col("passed"))["check"].to_list()
        if names:
            failed[key] = names
    return {
        "name": spec.name,
        "published_partitions": published["partition_key"].n_unique(),
        "published_rows": published.height,
        "quarantined_rows": quarantine.read(lake, spec, None).height,
        "newest_partition": published["partition_key"].max(),
        "failed_checks": failed,
    }
