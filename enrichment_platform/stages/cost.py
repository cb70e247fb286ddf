"""What enrichments have cost: sums of their usage, per published row, with the waste as lines of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from enrichment_platform.errors import InputError
from enrichment_platform.inference.history import hot_partitions
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform.stages.usage import (
    PUBLISHED,
    SAVED,
    SCHEMA,
    SUMS,
    WASTE,
    label_field,
    partition_usage,
    stored_usage,
)

COLUMNS = {"partition": "partition_key"} | {
    name: name for name in ("enrichment", "model", "endpoint", "cause", "outcome", "label", "purpose", "day")
}


def usage_of(
    lake: Lake,
    ledger: Ledger,
    specs: Iterable[EnrichmentSpec],
    partition_keys: Sequence[str] | None = None,
    *,
    field: str | None = None,
    by_day: bool = False,
) -> pl.DataFrame:
    """Usage of enrichments, of these partitions or of all that anything was asked for.

    What `platform.usage` says is taken where it is complete. A partition with attempts in the ledger (blocked,
    deferred, or running), and anything by day or by another label field, is reckoned from the attempts.

    Args:
        lake: The lake.
        ledger: The ledger.
        specs: The enrichments.
        partition_keys: Only these partitions.
        field: Label field whose values `label` holds; the first one of each enrichment when None.
        by_day: Add the column `day`.
    """
    types = SCHEMA | ({"day": pl.String} if by_day else {})
    parts = [pl.DataFrame(schema=types)]
    for spec in specs:
        stored = stored_usage(lake, spec.name)
        hot = {key for _, key in hot_partitions(ledger, spec.name)}
        wanted = field if field is not None else label_field(spec)
        for key in sorted({*stored["partition_key"].unique(), *hot}):
            if partition_keys is not None and key not in partition_keys:
                continue
            own = stored.filter(pl.col("partition_key") == key)
            if by_day or key in hot or own.filter(pl.col("field") != wanted).height:
                own = partition_usage(lake, ledger, spec, key, field=wanted, by_day=by_day)
            parts.append(own.select(list(types)))
    return pl.concat(parts)


def dimensions(names: Sequence[str], specs: Sequence[EnrichmentSpec]) -> tuple[list[str], str | None]:
    """Columns to group by, and the label field among them where one was named.

    Raises:
        InputError: no such dimension or label field, or two label fields.
    """
    fields = {field.name for spec in specs for field in spec.output if field.type == "label"}
    named = [name for name in names if name not in COLUMNS]
    unknown = [name for name in named if name not in fields]
    if unknown:
        known = ", ".join([*COLUMNS, *sorted(fields)])
        raise InputError(f"--by {unknown[0]}: cost can be told by {known}")
    if len(named) + ("label" in names) > 1:
        raise InputError(f"--by takes one label field at a time, not {' and '.join(named)}")
    return [COLUMNS.get(name, "label") for name in names], (named[0] if named else None)


def summary(usage: pl.DataFrame, by: Sequence[str] = ()) -> dict[str, Any]:
    """Totals, waste, savings and groups of usage, as plain data.

    Shares are of the total cost; of the tokens where nothing has a price.
    """
    spent = usage.filter(pl.col("purpose") != SAVED)
    total = _sums(spent)
    return {
        "total": total,
        "waste": [_line(spent, purpose, total) for purpose in WASTE],
        "saved": _line(usage, SAVED, total),
        "groups": _groups(usage, by, total) if by else [],
    }


def _sums(rows: pl.DataFrame) -> dict[str, Any]:
    sums: dict[str, Any] = rows.select(pl.col([name for name in SUMS if name != "rows"]).sum()).row(0, named=True)
    published = int(rows.filter(pl.col("purpose") == PUBLISHED)["rows"].sum())
    tokens = sums["input_tokens"] + sums["output_tokens"]
    each = {
        "cost_per_published_row_usd": sums["cost_usd"] / published if published else None,
        "tokens_per_published_row": tokens / published if published else None,
    }
    return {"published_rows": published, "tokens": tokens, **sums, **each}


def _line(rows: pl.DataFrame, purpose: str, total: dict[str, Any]) -> dict[str, Any]:
    chosen = rows.filter(pl.col("purpose") == purpose)
    sums = _sums(chosen)
    told = {name: sums[name] for name in ("requests", "tokens", "cost_usd")}
    return {"purpose": purpose, "rows": int(chosen["rows"].sum()), **told, "share": _share(sums, total)}


def _share(part: dict[str, Any], total: dict[str, Any]) -> float:
    measure = "cost_usd" if total["cost_usd"] else "tokens"
    return part[measure] / total[measure] if total[measure] else 0.0


def _groups(usage: pl.DataFrame, by: Sequence[str], total: dict[str, Any]) -> list[dict[str, Any]]:
    columns = list(dict.fromkeys(by))
    # What was saved was not spent: it is a group only where the groups are purposes.
    rows = usage if "purpose" in columns else usage.filter(pl.col("purpose") != SAVED)
    groups = []
    for values, part in rows.group_by(columns):
        sums = _sums(part)
        share = None if (part["purpose"] == SAVED).all() else _share(sums, total)
        named = dict(zip(columns, values, strict=True))
        groups.append({**named, "rows": int(part["rows"].sum()), **sums, "share": share})
    return sorted(groups, key=lambda group: (-group["cost_usd"], -group["tokens"], *(str(group[c]) for c in columns)))
