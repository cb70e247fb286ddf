"""What became of a partition and of an enrichment, read back from the lake."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from enrichment_platform.checks.catalogue import with_threshold
from enrichment_platform.checks.verdicts import standing_failures
from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.materialize import PartitionRun
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.raw import UNPLACED


@dataclass(frozen=True)
class PartitionReport:
    """Counts of one partition after a run. `published` is what is readable now, also when this run failed.

    `of_rows` says whether a check of rows is among the failed ones, so that there are rows to list.
    """

    name: str
    partition_key: str
    run_id: str
    succeeded: bool
    raw: int
    published: int
    quarantined: dict[str, int]
    failed_checks: list[str]
    of_rows: bool
    errors: list[str]
    materialized: list[str]
    rejected: int
    unplaced: int

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)

    def line(self) -> str:
        """One line, and one more for each error."""
        name = f"{self.name} {self.partition_key}"
        if not self.succeeded:
            done = ", ".join(self.materialized) or "nothing"
            lines = [f"FAILED {name}: materialized {done}; what is published is unchanged ({self.published} rows)"]
            if self.failed_checks:
                line = f"       failed checks: {', '.join(self.failed_checks)}"
                see = f"enrichment quarantine {self.name} --partition {shlex.quote(self.partition_key)} --staged"
                lines.append(f"{line}; `{see}` lists the rows" if self.of_rows else line)
        elif Stage.ENRICHED.value not in self.materialized:
            lines = [f"ok     {name}: materialized {', '.join(self.materialized)}"]
        else:
            aside = ", ".join(f"{count} {reason}" for reason, count in self.quarantined.items())
            lines = [f"ok     {name}: {self.raw + self.rejected} rows in, {self.published} published"]
            lines[0] += f", {sum(self.quarantined.values())} quarantined ({aside})" if aside else ""
        return "\n".join([*lines, *(f"       {error}" for error in self.errors)])

    def unplaced_line(self) -> str:
        """What to say of rows that no partition holds; empty when there are none."""
        if not self.unplaced:
            return ""
        return (
            f"{self.unplaced} rows of the source cannot be placed in a partition:"
            f" `enrichment quarantine {self.name} --partition {UNPLACED}` lists them"
        )


def partition_report(spec: EnrichmentSpec, run: PartitionRun) -> PartitionReport:
    """Read back what a run left in the lake."""
    lake = Lake.from_environment()
    aside = quarantine.read(lake, spec, run.partition_key)
    return PartitionReport(
        name=spec.name,
        partition_key=run.partition_key,
        run_id=run.run_id,
        succeeded=run.succeeded,
        raw=rows(lake, spec, Stage.RAW, run.partition_key).height,
        published=rows(lake, spec, Stage.ENRICHED, run.partition_key).height,
        quarantined=quarantine.by_reason(aside),
        failed_checks=run.failed_checks,
        of_rows=not set(with_threshold(spec)).isdisjoint(run.failed_checks),
        errors=run.errors,
        materialized=run.materialized,
        rejected=aside.filter(pl.col("stage") == Stage.RAW.value).height,
        unplaced=quarantine.read(lake, spec, UNPLACED).height,
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
    standing = standing_failures(lake, spec.name, keys).filter(~pl.col("accepted"))
    failed = {
        key: standing.filter(pl.col("partition_key") == key)["check"].sort().to_list()
        for key in standing["partition_key"].unique().sort()
    }
    return {
        "name": spec.name,
        "published_partitions": published["partition_key"].n_unique(),
        "published_rows": published.height,
        "quarantined_rows": quarantine.read(lake, spec, None).height,
        "newest_partition": published["partition_key"].max(),
        "failed_checks": failed,
    }
