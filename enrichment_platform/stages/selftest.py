"""The self-test: each class of fault is put into an enrichment's own last good partition, on the real path."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from enrichment_platform.checks import Verdict
from enrichment_platform.checks.fault_answers import Answered
from enrichment_platform.checks.faults import FAULTS, Arrangement, FaultNotPossibleError, as_table_fault, inject
from enrichment_platform.checks.history import History
from enrichment_platform.checks.inputs import source_texts
from enrichment_platform.checks.power import CleanTrial, Trial
from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.errors import InputError, PublicationRefusedError
from enrichment_platform.inference.golden import GoldenRow, canaries
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pool import ModelPoolSpec
from enrichment_platform.inference.task import Task
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.baseline import read_history
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.controls import read_controls
from enrichment_platform.stages.labelled_rows import golden_set, nearest_examples
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.replayed import MODEL, ReplayedEndpoint, unique_texts
from enrichment_platform.stages.standing import provenance_column

_STATE = ("ENRICHMENT_HOME", "ENRICHMENT_LAKE", "ENRICHMENT_LEDGER")
_KEYS_A_LOOK = 5_000


@dataclass(frozen=True)
class GoodPartition:
    """A published partition whose answers can be given again.

    Attributes:
        spec: The enrichment.
        root: The project's root.
        partition_key: Which partition.
        task: What was asked.
        cleaned: Its published rows, one a text, as they were cleaned.
        answers: The answer to each.
        canaries: Golden rows that ride along, with the answers that they had in that partition, or are known to have.
        history: The partitions before it.
    """

    spec: EnrichmentSpec
    root: Path
    partition_key: str
    task: Task
    cleaned: pl.DataFrame
    answers: list[Answered]
    canaries: list[Answered]
    history: History


def good_partition(
    lake: Lake, spec: EnrichmentSpec, root: Path, partition_key: str | None = None, most_rows: int = 20_000
) -> GoodPartition:
    """The last partition that was published, or the one named.

    Raises:
        InputError: none was published, or its answers are not in the ledger any more.
    """
    key = partition_key or _last_published(lake, spec)
    rows = lake.read(table(spec, Stage.ENRICHED), key)
    if rows.is_empty():
        raise InputError(f"{spec.name} {key} has no published rows to test with; publish a partition first")
    task = Task(spec, cleaning_version(spec), nearest_examples(spec, root))
    texts = dict(source_texts(spec, rows).iter_rows())
    stamp = provenance_column(rows.columns, "request_key")
    answers = _answers(rows.select("row_id", pl.col(stamp).alias("request_key"), *spec.prompt.columns), spec, texts)
    unique = unique_texts(task, answers)[:most_rows]
    if not unique:
        raise InputError(f"{spec.name} {key}: the ledger has none of its answers, so they cannot be given again")
    kept = [answered.row_id for answered in unique]
    fingerprint = str(rows[provenance_column(rows.columns, "fingerprint")].mode().sort()[0])
    return GoodPartition(
        spec,
        root,
        key,
        task,
        lake.read(table(spec, Stage.CLEANED), key).filter(pl.col("row_id").is_in(kept)),
        unique,
        _canaries(lake, spec, key, golden_set(spec, root)),
        read_history(lake, spec, key, fingerprint),
    )


def trial(
    good: GoodPartition, fault: str, share: float, seed: int, arrangement: Arrangement, pool: ModelPoolSpec
) -> Trial:
    """Put one fault into the partition, and see what becomes of it.

    The answers go through the engine, the classified table, the suite and publication, in a home of their own.

    Raises:
        FaultNotPossibleError: this partition cannot have so much of the fault.
    """
    began = time.monotonic()
    answers, faulty = good.answers, frozenset[str]()
    beside = good.canaries
    if FAULTS[fault].level == "provider":
        # Canaries are answered by the same provider, so they have their share of the fault.
        injected = inject(fault, [*good.answers, *good.canaries], good.spec, share, seed, arrangement)
        own = {one.row_id for one in good.answers}
        answers = [one for one in injected.answers if one.row_id in own]
        beside = [one for one in injected.answers if one.row_id not in own]
        faulty = injected.faulty_ids & own

    def at_table(staged: pl.DataFrame) -> tuple[pl.DataFrame, frozenset[str]]:
        return as_table_fault(fault, staged, share, seed, arrangement)

    verdict, published, table_ids = _run(
        good, answers, beside, pool, at_table if FAULTS[fault].level == "table" else None
    )
    faulty |= table_ids
    named = _named(verdict)
    return Trial(
        fault=fault,
        share=share,
        arrangement=arrangement,
        rows=len(answers),
        detected=bool(_failed(verdict)) or bool(named & faulty),
        faulty=len(faulty),
        named_faulty=len(named & faulty),
        falsely_named=len(named - faulty),
        published_faulty=len(faulty & published),
        seconds=time.monotonic() - began,
        checks=tuple(sorted(_failed(verdict) | set(verdict.failures["reason"]))),
    )


def clean_trial(good: GoodPartition, pool: ModelPoolSpec) -> CleanTrial:
    """The same path with no fault: whatever fails is a false alarm."""
    verdict, _, _ = _run(good, good.answers, good.canaries, pool, None)
    alarms = tuple(sorted(_failed(verdict) | set(verdict.failures["reason"])))
    return CleanTrial(rows=len(good.answers), alarms=alarms, falsely_named=verdict.failures.height)


def _run(
    good: GoodPartition,
    answers: Sequence[Answered],
    beside: Iterable[Answered],
    pool: ModelPoolSpec,
    at_table: Callable[[pl.DataFrame], tuple[pl.DataFrame, frozenset[str]]] | None,
) -> tuple[Verdict, frozenset[str], frozenset[str]]:
    """The verdict, the row ids that were published, and those that a fault of the table befell."""
    spec, key = good.spec, good.partition_key
    with tempfile.TemporaryDirectory(prefix="enrichment-selftest-") as folder, _home(Path(folder)):
        lake = Lake.from_environment()
        cleaned = _with_columns(good.cleaned, answers, spec)
        lake.replace_partition(table(spec, Stage.RAW), key, cleaned.select("row_id", "partition_key"))
        lake.replace_partition(table(spec, Stage.CLEANED), key, cleaned)
        endpoint = ReplayedEndpoint(good.task, [*answers, *beside])
        classify_partition(lake, spec, pool, key, good.root, lambda _: None, endpoints=lambda: [endpoint])
        befallen = frozenset[str]()
        if at_table is not None:
            staged, befallen = at_table(lake.read(table(spec, Stage.CLASSIFIED), key).sort("row_id"))
            lake.replace_partition(table(spec, Stage.CLASSIFIED), key, staged)
        verdict = check_partition(lake, spec, key, good.root, good.history)
        try:
            publish(lake, spec, key)
        except PublicationRefusedError:
            return verdict, frozenset(), befallen
        published = lake.read(table(spec, Stage.ENRICHED), key, columns=["row_id"])["row_id"]
        return verdict, frozenset(published), befallen


def _failed(verdict: Verdict) -> set[str]:
    return {result.name for result in verdict.results if not result.passed}


def _named(verdict: Verdict) -> frozenset[str]:
    of_checks = (row_id for result in verdict.results if not result.passed for row_id in result.row_ids)
    return frozenset([*verdict.failures["row_id"], *of_checks])


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    """A home of its own, so that nothing of the self-test reaches the real lake and ledger."""
    saved = {name: os.environ.pop(name, None) for name in _STATE}
    os.environ["ENRICHMENT_HOME"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("ENRICHMENT_HOME")
        os.environ.update({name: value for name, value in saved.items() if value is not None})


def _with_columns(cleaned: pl.DataFrame, answers: Sequence[Answered], spec: EnrichmentSpec) -> pl.DataFrame:
    """The rows with the texts that the answers were given to: a fault may be in the text."""
    text = [name for name in spec.prompt.columns if cleaned.schema[name] == pl.String]
    changed = pl.DataFrame(
        [(one.row_id, *(one.columns[name] for name in text)) for one in answers],
        schema={"row_id": pl.String, **dict.fromkeys(text, pl.String)},
        orient="row",
    )
    return cleaned.drop(text).join(changed, on="row_id", how="inner").select(cleaned.columns)


def _answers(rows: pl.DataFrame, spec: EnrichmentSpec, texts: dict[str, str]) -> list[Answered]:
    found = []
    with Ledger(ledger_url()) as ledger:
        for batch in rows.iter_slices(_KEYS_A_LOOK):
            known = ledger.answers(batch["request_key"].to_list())
            for row in batch.iter_rows(named=True):
                answer = known.get(row["request_key"])
                if answer is not None:
                    columns: dict[str, Any] = {name: row[name] for name in spec.prompt.columns}
                    source = texts.get(row["row_id"], "")
                    found.append(Answered(row["row_id"], source, columns, answer.text, answer.finish_reason, MODEL))
    return found


def _canaries(lake: Lake, spec: EnrichmentSpec, key: str, golden: Sequence[GoldenRow]) -> list[Answered]:
    if spec.checks.golden is None:
        return []
    controls = read_controls(lake, spec, key)
    stored: dict[str, str] = {}
    if controls is not None and controls.height:
        keys = dict(controls.filter(pl.col("kind") == "canary").select("of_row_id", "request_key").iter_rows())
        with Ledger(ledger_url()) as ledger:
            known = ledger.answers(list(keys.values()))
        stored = {golden_id: known[request].text for golden_id, request in keys.items() if request in known}
    import orjson

    nothing = {name: None for field in spec.output for name in (field.name,)}
    return [
        Answered(
            f"golden {row.golden_id}",
            " ".join(str(value) for value in row.row.values()),
            row.row,
            stored.get(row.golden_id) or orjson.dumps({**nothing, **row.expected}).decode(),
            "stop",
            MODEL,
        )
        for row in canaries(list(golden), key, spec.checks.golden.canaries)
    ]


def _last_published(lake: Lake, spec: EnrichmentSpec) -> str:
    name = table(spec, Stage.ENRICHED)
    if not lake.exists(name):
        raise InputError(f"{spec.name} has no published partition to test with; publish one first")
    keys = lake.read(name, columns=["partition_key"])["partition_key"].unique().sort()
    if keys.is_empty():
        raise InputError(f"{spec.name} has no published partition to test with; publish one first")
    return str(keys[-1])


def possible(good: GoodPartition, fault: str, share: float) -> str:
    """Why a fault cannot be had in this partition; empty where it can."""
    if FAULTS[fault].level == "table":
        return ""
    try:
        inject(fault, good.answers, good.spec, share, 0)
    except FaultNotPossibleError as error:
        return str(error)
    return ""
