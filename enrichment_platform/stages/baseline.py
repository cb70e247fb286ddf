"""The baseline of an enrichment: what its earlier partitions looked like, kept in the lake for the checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from enrichment_platform.checks import verdicts
from enrichment_platform.checks.catalogue import CANARY_ACCURACY, EVERY_DAY
from enrichment_platform.checks.history import CANARY_SCHEMA, PROFILE_SCHEMA, History
from enrichment_platform.checks.inputs import source_texts
from enrichment_platform.cleaning_spec import ASKED_AS
from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.inference.asked_form import asked_rows
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.standing import provenance_column

PROFILES, CANARIES = "platform/profiles", "platform/canaries"
PARTITIONS = 240  # looked back, at most: eight months of days
HOURS = 1_680  # ten weeks of them, which is what `slow_drift` needs and a margin
ROW_PARTITIONS, ROWS = 20, 5_000  # published rows to learn from: days enough to see them differ, rows for seconds
_BATCH_ROWS = 10_000


def store(lake: Lake, name: str, spec: EnrichmentSpec, partition_key: str, rows: pl.DataFrame) -> None:
    """Replace what a table of the baseline says of a partition."""
    stamped = rows.with_columns(pl.lit(partition_key).alias("partition_key"), pl.lit(spec.name).alias("enrichment"))
    lake.replace_partition(name, partition_key, stamped, where={"enrichment": spec.name})


def forget(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> None:
    """Take a partition out of the baseline: what is published of it now is not what it was made from."""
    if lake.exists(PROFILES):
        store(lake, PROFILES, spec, partition_key, pl.DataFrame(schema=PROFILE_SCHEMA))


def read_history(
    lake: Lake, spec: EnrichmentSpec, partition_key: str, fingerprint: str, staged_version: str = ""
) -> History:
    """The partitions before this one.

    Args:
        lake: The lake.
        spec: The enrichment.
        partition_key: Which partition is judged; only those whose keys come before count.
        fingerprint: The one that most of its rows were answered under.
        staged_version: What of the partition is judged.
    """
    keys = sorted(set(_keys(lake, PROFILES, spec, partition_key)) | set(_keys(lake, CANARIES, spec, partition_key)))
    standing = verdicts.standing_failures(lake, spec.name, keys)
    profiles = _rows(lake, PROFILES, spec, keys, PROFILE_SCHEMA)
    profiles = profiles.filter(~pl.col("partition_key").is_in(_doubtful(standing)))
    canaries = _usual_canaries(_rows(lake, CANARIES, spec, keys, CANARY_SCHEMA), standing)
    same = profiles.filter(pl.col("fingerprint") == fingerprint)
    recent = same["partition_key"].unique().sort(descending=True).to_list()
    others = profiles.filter(pl.col("fingerprint") != fingerprint).sort("partition_key")
    previous = others["fingerprint"].last() if same.is_empty() and others.height else ""
    return History(
        profiles=same,
        rows=_published_rows(lake, spec, recent[:ROW_PARTITIONS], fingerprint),
        canaries=canaries.filter(pl.col("fingerprint") == fingerprint),
        failing_since=verdicts.failing_since(
            lake, spec.name, partition_key, ordered=spec.partitions.type != "static", but=staged_version
        ),
        earlier_profiles=others.filter(pl.col("fingerprint") == previous),
        earlier_canaries=canaries.filter(pl.col("fingerprint") == previous),
        replaced=_replaced(lake, spec, partition_key, fingerprint),
    )


def _doubtful(standing: pl.DataFrame) -> list[str]:
    """Partitions in which a check failed that nobody accepted: nothing is learnt there."""
    # A pool that falls back every day, or a model that obeys what rows say, would never be learnt from.
    doubt = standing.filter(~pl.col("accepted") & ~pl.col("check").is_in(EVERY_DAY))
    return doubt["partition_key"].unique().to_list()


def _usual_canaries(canaries: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Those that say how good the answers usually are.

    A day that was held back for them says what is not usual, and would go on weighing on good days. Whoever accepts
    one says that this is the accuracy to go by from then on.
    """
    judged = standing.filter(pl.col("check") == CANARY_ACCURACY)
    held_back = judged.filter(~pl.col("accepted"))["partition_key"].implode()
    start = judged.filter(pl.col("accepted"))["partition_key"].max()
    usual = canaries.filter(~pl.col("partition_key").is_in(held_back))
    return usual if start is None else usual.filter(pl.col("partition_key") >= start)


def _replaced(lake: Lake, spec: EnrichmentSpec, partition_key: str, fingerprint: str) -> pl.DataFrame:
    """What is published of this partition under another fingerprint: row_id and output columns."""
    name = table(spec, Stage.ENRICHED)
    if not lake.exists(name):
        return pl.DataFrame()
    present = lake.columns(name)
    stamp = provenance_column(present, "fingerprint")
    columns = ["row_id", *(field.name for field in spec.output if field.name in present)]
    rows = lake.read(name, partition_key, columns=[*columns, stamp])
    return rows.filter(pl.col(stamp) != fingerprint).select(columns)


def _keys(lake: Lake, name: str, spec: EnrichmentSpec, partition_key: str) -> list[str]:
    """The latest partitions before this one that a table of the baseline knows."""
    known = lake.partition_keys(name, {"enrichment": spec.name})
    most = HOURS if spec.partitions.type == "hourly" and name == PROFILES else PARTITIONS
    return [key for key in known if key < partition_key][-most:]


def _rows(lake: Lake, name: str, spec: EnrichmentSpec, keys: Sequence[str], schema: dict[str, Any]) -> pl.DataFrame:
    try:
        stored = lake.read(name, keys, where={"enrichment": spec.name})
    except TableNotFoundError:
        return pl.DataFrame(schema=schema)
    return stored.select(list(schema)).cast(schema)  # type: ignore[arg-type]


def _published_rows(lake: Lake, spec: EnrichmentSpec, keys: Sequence[str], fingerprint: str) -> pl.DataFrame:
    """Some published rows of each partition: row_id, partition_key, source, label columns."""
    labels = [field.name for field in spec.output if field.type == "label"]
    name = table(spec, Stage.ENRICHED)
    if not keys or not labels or not lake.exists(name):
        return pl.DataFrame()
    present = lake.columns(name)
    wanted = ["row_id", "partition_key", *spec.prompt.columns, *labels]
    if set(wanted) - set(present):
        return pl.DataFrame()  # published before a field or a column of the prompt was there
    stamp = provenance_column(present, "fingerprint")
    parts = []
    for key in keys:
        asked_as = [ASKED_AS] if ASKED_AS in present else []
        batches = list(lake.stream(name, key, [*wanted, stamp, *asked_as], _BATCH_ROWS))
        if not batches:
            continue  # all its rows are in quarantine
        same = asked_rows(pl.concat(batches).filter(pl.col(stamp) == fingerprint))
        # By their hash, so that the same ones are learnt from each time, whatever order the rows are in.
        chosen = same.with_columns(pl.col("row_id").hash(0).alias("_rank")).bottom_k(ROWS // len(keys), by="_rank")
        parts.append(chosen.join(source_texts(spec, chosen), on="row_id").select(*wanted[:2], "source", *labels))
    return pl.concat(parts) if parts else pl.DataFrame()
