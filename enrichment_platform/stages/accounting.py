"""The books of a partition, kept after each publication: its usage is recorded, its attempts are archived."""

from __future__ import annotations

from typing import Any

from enrichment_platform.inference.archive import mark_partition, move
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform.stages.cost import summary
from enrichment_platform.stages.usage import record_usage


def close_books(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> dict[str, Any]:
    """Record what a published partition has cost and archive its attempts; returns figures for its metadata.

    Only attempts that the recorded usage has seen leave the ledger. For as long as others of a partition are in there,
    `enrichment cost` reckons it anew, so that a process which dies in between leaves nothing wrong.
    """
    with Ledger(ledger_url()) as ledger:
        marked = mark_partition(ledger, spec.name, partition_key)
        usage = record_usage(lake, ledger, spec, partition_key)
        move(lake, ledger, marked)
    told = summary(usage)
    total, waste = told["total"], told["waste"]
    return {
        "cost_usd": total["cost_usd"],
        "cost_per_published_row_usd": total["cost_per_published_row_usd"],
        "requests": total["requests"],
        "input_tokens": total["input_tokens"],
        "cached_tokens": total["cached_tokens"],
        "output_tokens": total["output_tokens"],
        "wasted_usd": sum(line["cost_usd"] for line in waste),
        "wasted_tokens": sum(line["tokens"] for line in waste),
        "wasted_by_purpose": {line["purpose"]: line["tokens"] for line in waste},
        "unknown_requests": total["unknown_requests"],
        "reserved_usd": total["reserved_usd"],
        "saved_rows": told["saved"]["rows"],
        "saved_usd": told["saved"]["cost_usd"],
    }
