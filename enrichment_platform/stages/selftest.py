"""The self-test: each class of fault is put into an enrichment's own last good partition, on the real path."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from enrichment_platform.budget_spec import BudgetSpec, PoolBudgetSpec
from enrichment_platform.checks import Verdict
from enrichment_platform.checks.fault_answers import Answered
from enrichment_platform.checks.faults import (
    FAULTS,
    Arrangement,
    FaultNotPossibleError,
    as_table_fault,
    inject,
    why_not,
)
from enrichment_platform.checks.inputs import source_texts
from enrichment_platform.checks.power import Card, CleanTrial, Trial, card
from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.errors import EnrichmentError, InputError, PublicationRefusedError
from enrichment_platform.inference.asked_form import asked_rows
from enrichment_platform.inference.pool import ModelPoolSpec
from enrichment_platform.inference.task import Task
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.baseline import read_history
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.labelled_rows import golden_set, nearest_examples
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.replayed import (
    GoodPartition,
    ReplayedEndpoint,
    golden_answers,
    stored_answers,
    unique_texts,
)
from enrichment_platform.stages.standing import provenance_column

_STATE = ("ENRICHMENT_HOME", "ENRICHMENT_LAKE", "ENRICHMENT_LEDGER")
_METRICS = ("ENRICHMENT_METRICS_FILE", "ENRICHMENT_METRICS_PORT", "ENRICHMENT_METRICS_HOST")  # unset: none are kept
_PREFIX = "enrichment-selftest-"


def good_partition(
    lake: Lake, spec: EnrichmentSpec, root: Path, partition_key: str | None = None, most_rows: int = 20_000
) -> GoodPartition:
    """The last partition that was published, or the one named.

    Raises:
        InputError: none was published, or its answers are not in the ledger any more.
    """
    key = partition_key or _last_published(lake, spec)
    rows = asked_rows(lake.read(table(spec, Stage.ENRICHED), key))  # whose answers refer to what was asked
    if rows.is_empty():
        raise InputError(f"{spec.name} {key} has no published rows to test with; publish a partition first")
    cleaned = asked_rows(lake.read(table(spec, Stage.CLEANED), key))
    task = Task(spec, cleaning_version(spec), nearest_examples(spec, root, cleaned.schema))
    texts = dict(source_texts(spec, rows).iter_rows())
    stamp = provenance_column(rows.columns, "request_key")
    answers = stored_answers(
        rows.select("row_id", pl.col(stamp).alias("request_key"), *spec.prompt.columns), spec, texts
    )
    unique = unique_texts(task, answers)[:most_rows]
    if not unique:
        raise InputError(f"{spec.name} {key}: the ledger has none of its answers, so they cannot be given again")
    kept = [answered.row_id for answered in unique]
    fingerprint, endpoint = (
        str(rows[provenance_column(rows.columns, name)].mode().sort()[0]) for name in ("fingerprint", "endpoint")
    )
    return GoodPartition(
        spec,
        root,
        key,
        task,
        cleaned.filter(pl.col("row_id").is_in(kept)),
        unique,
        golden_answers(lake, spec, key, golden_set(spec, root, cleaned.schema)),
        read_history(lake, spec, key, fingerprint),
        endpoint,
    )


def trial(
    good: GoodPartition, fault: str, share: float, seed: int, arrangement: Arrangement, pool: ModelPoolSpec
) -> Trial:
    """Put one fault into the partition, and see what becomes of it; in a `workplace`.

    The answers go through the engine, the classified table, the suite and publication.

    Raises:
        FaultNotPossibleError: this partition cannot have so much of the fault.
    """
    began = time.monotonic()
    answers, faulty = good.answers, frozenset[str]()
    beside = good.canaries
    if FAULTS[fault].level == "provider":
        # Canaries are answered by the same provider, so they have their share of the fault: with the row whose text
        # they have, else on their own.
        injected = inject(fault, [*good.answers, *good.own_canaries], good.spec, share, seed, arrangement)
        own = {one.row_id for one in good.answers}
        answers = [one for one in injected.answers if one.row_id in own]
        beside = [*good.canaries, *(one for one in injected.answers if one.row_id not in own)]
        faulty = injected.faulty_ids & own

    def at_table(staged: pl.DataFrame) -> tuple[pl.DataFrame, frozenset[str]]:
        return as_table_fault(fault, staged, share, seed, arrangement)

    verdict, table_ids = _run(good, answers, beside, pool, at_table if FAULTS[fault].level == "table" else None)
    faulty |= table_ids
    named = _named(verdict)
    return Trial(
        fault=fault,
        share=share,
        arrangement=arrangement,
        rows=len(answers),
        detected=bool(_failed(verdict)) or bool(named & faulty),
        named_faulty=len(named & faulty),
        falsely_named=len(named - faulty),
        seconds=time.monotonic() - began,
        faulty=len(faulty),
    )


def clean_trial(good: GoodPartition, pool: ModelPoolSpec) -> CleanTrial:
    """The same path with no fault, in a `workplace`: whatever fails is a false alarm."""
    began = time.monotonic()
    verdict, _ = _run(good, good.answers, good.canaries, pool, None)
    alarms = tuple(sorted(_failed(verdict) | set(verdict.failures["reason"])))
    return CleanTrial(len(good.answers), bool(alarms), alarms, time.monotonic() - began)


def fault_names(wanted: Sequence[str]) -> list[str]:
    """The classes of that name; all where none is named.

    Raises:
        InputError: there is no such class.
    """
    unknown = [name for name in wanted if name not in FAULTS]
    if unknown:
        raise InputError(f"there is no fault {unknown[0]!r}; known are {', '.join(FAULTS)}")
    return list(wanted) or list(FAULTS)


def measured(
    good: GoodPartition,
    faults: Sequence[str],
    shares: Sequence[float],
    repeats: int,
    pool: ModelPoolSpec,
    on_trial: Callable[[int, int, str], None] = lambda _done, _total, _what: None,
) -> Card:
    """The detection-power card of an enrichment: each fault at each share, so many times.

    Args:
        good: The partition that the faults are put into.
        faults: Names of classes.
        shares: Of the rows, in (0, 1].
        repeats: Trials of each, in turn scattered and contiguous.
        pool: The model pool, for its retries; nothing of it is asked.
        on_trial: Told before each trial: how many are done, of how many, which comes.
    """
    total, done, found, not_applicable = 1 + len(faults) * len(shares) * repeats, 1, [], {}
    on_trial(0, total, "no fault")
    with workplace():
        clean = [clean_trial(good, pool)]
        for fault in faults:
            reason = why_not(fault, good.spec)
            for number, share in enumerate(share for share in shares for _ in range(repeats)):
                on_trial(done, total, f"{fault} {share:.2%}")
                done += 1
                if reason:
                    not_applicable[fault] = reason
                    continue
                arrangement: Arrangement = "contiguous" if number % 2 else "scattered"
                try:
                    found.append(trial(good, fault, share, number, arrangement, pool))
                except FaultNotPossibleError as error:
                    not_applicable.setdefault(fault, str(error))
    tried = {one.fault for one in found}
    return card(found, clean, {name: why for name, why in not_applicable.items() if name not in tried})


def _run(
    good: GoodPartition,
    answers: Sequence[Answered],
    beside: Iterable[Answered],
    pool: ModelPoolSpec,
    at_table: Callable[[pl.DataFrame], tuple[pl.DataFrame, frozenset[str]]] | None,
) -> tuple[Verdict, frozenset[str]]:
    """The verdict, and the rows that a fault of the table befell.

    Raises:
        EnrichmentError: a row was published that the verdict holds back: then publication is broken.
    """
    key = good.partition_key
    # Nobody is asked, so nothing is spent: a cap would end the trial, not the fault. None is in the fingerprint.
    spec = good.spec.model_copy(update={"budget": BudgetSpec(), "deadline_minutes": None})
    pool = pool.model_copy(update={"budget": PoolBudgetSpec()})
    with _ledger_of_its_own():
        lake = Lake.from_environment()
        cleaned = _with_columns(good.cleaned, answers, spec)
        lake.replace_partition(table(spec, Stage.RAW), key, cleaned.select("row_id", "partition_key"))
        lake.replace_partition(table(spec, Stage.CLEANED), key, cleaned)
        endpoint = ReplayedEndpoint(good.task, [*beside, *answers], good.endpoint)  # rows go before golden rows
        classify_partition(lake, spec, pool, key, good.root, lambda _: None, endpoints=lambda: [endpoint])
        befallen = frozenset[str]()
        if at_table is not None:
            staged, befallen = at_table(lake.read(table(spec, Stage.CLASSIFIED), key).sort("row_id"))
            lake.replace_partition(table(spec, Stage.CLASSIFIED), key, staged)
        verdict = check_partition(lake, spec, key, good.root, good.history)
        try:
            publish(lake, spec, key)
        except PublicationRefusedError:
            return verdict, befallen
        published = lake.read(table(spec, Stage.ENRICHED), key, columns=["row_id"])["row_id"]
        leaked = published.filter(published.is_in(verdict.failures["row_id"].implode())).len()
        if leaked or not verdict.passed:
            raise EnrichmentError(f"{spec.name} {key}: {leaked} rows were published although a check holds them back")
        return verdict, befallen


def _failed(verdict: Verdict) -> set[str]:
    return {result.name for result in verdict.results if not result.passed}


def _named(verdict: Verdict) -> frozenset[str]:
    of_checks = (row_id for result in verdict.results if not result.passed for row_id in result.row_ids)
    return frozenset([*verdict.failures["row_id"], *of_checks])


@contextmanager
def workplace() -> Iterator[None]:
    """A home of its own for trials, so that nothing of them reaches the real lake, ledger and metrics."""
    saved = {name: os.environ.pop(name, None) for name in (*_STATE, *_METRICS)}
    try:
        with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
            os.environ["ENRICHMENT_HOME"] = folder
            yield
    finally:
        os.environ.pop("ENRICHMENT_HOME", None)
        os.environ.update({name: value for name, value in saved.items() if value is not None})


@contextmanager
def _ledger_of_its_own() -> Iterator[None]:
    """No trial may find the answers of another; the tables of the workplace are overwritten by each."""
    if not Path(os.environ["ENRICHMENT_HOME"]).name.startswith(_PREFIX):
        raise RuntimeError("trials run in `workplace()`, or they would overwrite the real tables")
    with tempfile.TemporaryDirectory(dir=os.environ["ENRICHMENT_HOME"]) as folder:
        os.environ["ENRICHMENT_LEDGER"] = f"sqlite:///{folder}/ledger.db"
        try:
            yield
        finally:
            del os.environ["ENRICHMENT_LEDGER"]


def _with_columns(cleaned: pl.DataFrame, answers: Sequence[Answered], spec: EnrichmentSpec) -> pl.DataFrame:
    """The rows with the texts that the answers were given to: a fault may be in the text."""
    text = [name for name in spec.prompt.columns if cleaned.schema[name] == pl.String]
    changed = pl.DataFrame(
        [(one.row_id, *(one.columns[name] for name in text)) for one in answers],
        schema={"row_id": pl.String, **dict.fromkeys(text, pl.String)},
        orient="row",
    )
    return cleaned.drop(text).join(changed, on="row_id", how="inner").select(cleaned.columns)


def _last_published(lake: Lake, spec: EnrichmentSpec) -> str:
    name = table(spec, Stage.ENRICHED)
    if not lake.exists(name):
        raise InputError(f"{spec.name} has no published partition to test with; publish one first")
    keys = lake.read(name, columns=["partition_key"])["partition_key"].unique().sort()
    if keys.is_empty():
        raise InputError(f"{spec.name} has no published partition to test with; publish one first")
    return str(keys[-1])
