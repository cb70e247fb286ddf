"""What became of every ticket of the demo, for a person and as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
from scipy.stats import binomtest

from enrichment_platform.stages.report import PartitionReport


@dataclass(frozen=True)
class Accuracy:
    """Right labels of `total` published rows with a known truth, with a 95% Wilson interval."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """Share of right labels; 0 when nothing was published."""
        return self.right / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95% score interval (Wilson, J. Am. Stat. Assoc. 22, 1927)."""
        if not self.total:
            return (0.0, 1.0)
        found = binomtest(self.right, self.total).proportion_ci(0.95, method="wilson")
        return (float(found.low), float(found.high))


@dataclass(frozen=True)
class Usage:
    """What the answers of the partitions took: tokens by the ledger's account, seconds of this run."""

    rows: int
    requests: int
    seconds: float
    input_tokens: int
    cached_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class DemoSummary:
    """Reports of the partitions, their checks, the accuracy of the labels and what it took."""

    reports: list[PartitionReport]
    checks: pl.DataFrame
    accuracy: Accuracy
    guess_share: float
    usage: Usage
    model: str
    wall_seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether every partition was published."""
        return all(report.succeeded for report in self.reports)

    def as_dict(self) -> dict[str, Any]:
        """The summary as plain data."""
        return {
            "succeeded": self.succeeded,
            "partitions": [report.as_dict() for report in self.reports],
            "checks": self.checks.to_dicts(),
            "accuracy": {
                **asdict(self.accuracy),
                "share": self.accuracy.share,
                "interval": self.accuracy.interval,
            },
            "usage": asdict(self.usage),
            "model": self.model,
            "wall_seconds": self.wall_seconds,
        }

    def text(self) -> str:
        """The summary as it ends the demo."""
        return "\n".join([*self._rows(), *self._checks(), *self._accuracy(), *self._usage(), *self._next()])

    def _rows(self) -> list[str]:
        lines = ["", "Rows"]
        for report in self.reports:
            state = "" if report.succeeded else "   NOT PUBLISHED in this run"
            aside = sum(report.quarantined.values())
            rejected = aside + report.published - report.raw
            lines.append(
                f"  {report.partition_key}  {report.raw + max(rejected, 0):4} in = {report.published:4} published"
                f" + {aside:3} quarantined{state}"
            )
        reasons: dict[str, int] = {}
        for report in self.reports:
            for reason, count in report.quarantined.items():
                reasons[reason] = reasons.get(reason, 0) + count
        lines += [f"    {count:4} {reason}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1])]
        return lines

    def _checks(self) -> list[str]:
        lines = ["", "Checks (all partitions)"]
        for row in self.checks.iter_rows(named=True):
            state = "passed" if row["passed"] else "FAILED"
            lines.append(f"  {state}  {row['check']:20} {row['failed_rows']} of {row['total_rows']} rows fail")
        return lines

    def _accuracy(self) -> list[str]:
        low, high = self.accuracy.interval
        return [
            "",
            f"Accuracy of `category` against the truth: {self.accuracy.share:.0%} of {self.accuracy.total} rows"
            f" (95% interval {low:.0%} to {high:.0%}; always the same label: {self.guess_share:.0%})",
            f"  {self.model} shows the machinery, not what a real model can do: set ENRICHMENT_ENDPOINT to use yours.",
        ]

    def _usage(self) -> list[str]:
        usage = self.usage
        rows = max(usage.rows, 1)
        spent = (
            f"{usage.seconds / usage.requests:.2f} s a request"
            if usage.requests
            else "every answer was in the ledger already, so nothing was asked"
        )
        return [
            "",
            f"Usage: {usage.input_tokens / rows:.0f} tokens in ({usage.cached_tokens / rows:.0f} of them cached)"
            f" and {usage.output_tokens / rows:.0f} out a row",
            f"  this run: {usage.requests} requests in {usage.seconds:.0f} s, {spent};"
            f" {self.wall_seconds:.0f} s in all",
        ]

    def _next(self) -> list[str]:
        key = self.reports[-1].partition_key if self.reports else ""
        return [
            "",
            "Next",
            '  .venv/bin/enrichment sql "select category, count(*) as tickets from support_tickets.enriched'
            ' group by all order by all"',
            f"  .venv/bin/enrichment quarantine support_tickets --partition {key}",
            "  make dev    # the asset graph, checks and backfills at http://127.0.0.1:3000",
        ]
