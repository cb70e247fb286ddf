"""One simulated enrichment: clean days, days with a fault, and what the suite and the baselines said of them."""

from __future__ import annotations

import pickle
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from benchmarks.process_memory import memory_mb
from benchmarks.silent_failure_baselines import BASELINES
from benchmarks.silent_failure_data import DATA_SETS, Pool
from benchmarks.silent_failure_days import Day, World, a_world, request_keys
from enrichment_platform.checks import Verdict, run_suite, shadow, shadow_model
from enrichment_platform.checks.fault_answers import Answered
from enrichment_platform.checks.faults import FAULTS, Arrangement, FaultNotPossibleError, as_table_fault, inject
from enrichment_platform.checks.inputs import PartitionTables
from enrichment_platform.inference.answer_schema import MalformedAnswerError, output_types, read_answer
from enrichment_platform.spec import EnrichmentSpec

COSTED = "complaints"  # long texts, a label, a number with its quote
LOST_IN_TABLE = "lost_in_table"
"""`lost` as a fault of the table: the row is not there; `lost` itself is an answer that never came."""

Wanted = tuple[str, float, Arrangement]
Asks = Literal["same", "reversed"]

REPEATED: dict[str, Asks] = {
    **dict.fromkeys(("majority_collapse", "label_permutation", "degraded_model", "over_confidence"), "same"),
    "first_label_collapse": "reversed",
}
"""Faults of the model itself: a row that is asked again is answered as wrongly, the first label the last if reversed.
The others befall an answer on its way, so that asking again gives the right one."""


@dataclass(frozen=True)
class Job:
    """What to try on one simulated enrichment."""

    data: str
    data_set: str
    size: int
    seed: int
    clean: int = 0
    faults: Sequence[Wanted] = ()


@dataclass(frozen=True)
class Said:
    """What was tried and what was said of it.

    Attributes:
        data_set: Name.
        size: Rows of a usual day.
        rows: Of this one.
        fault: Name; empty for a clean day.
        share: Of rows that are faulty.
        arrangement: scattered or contiguous.
        detected: A check failed, or a faulty row was set aside.
        blocked: The partition would not be published.
        checks: That failed.
        faulty, named_faulty, falsely_named: Rows.
        baselines: Which of them raised an alarm.
        seconds: That the suite took.
        impossible: Why it could not be tried; the rest is then empty.
    """

    data_set: str
    size: int
    rows: int
    fault: str = ""
    share: float = 0.0
    arrangement: str = "scattered"
    detected: bool = False
    blocked: bool = False
    checks: tuple[str, ...] = ()
    faulty: int = 0
    named_faulty: int = 0
    falsely_named: int = 0
    baselines: tuple[str, ...] = ()
    seconds: float = 0.0
    impossible: str = ""
    reasons: tuple[str, ...] = field(default=())


def run_job(job: Job) -> list[Said]:
    """Simulate thirty days, then judge clean days and days with faults against them."""
    remember_shadows()
    seed = job.seed + zlib.crc32(job.data_set.encode()) % 10_000 * 10_000
    world = a_world(pool_of(job.data, job.data_set), job.size, seed)
    rng = np.random.default_rng([seed, 1])
    said = [_judge(world, world.today(rng).tables) for _ in range(job.clean)]
    day, before = None, ""
    for number, (fault, share, arrangement) in enumerate(job.faults):
        if day is None or fault != before:
            day, before = world.today(rng, job.size), fault
        said.append(with_fault(world, day, fault, share, arrangement, seed * 1000 + number))
    return said


def with_fault(world: World, day: Day, fault: str, share: float, arrangement: Arrangement, seed: int) -> Said:
    """Judge a day with a fault in it."""
    told = {"fault": fault, "share": share, "arrangement": arrangement}
    try:
        tables, faulty = befallen(day, fault, share, arrangement, seed)
    except FaultNotPossibleError as problem:
        return Said(world.pool.spec.name, world.size, len(day.places), **told, impossible=str(problem))  # type: ignore[arg-type]
    return replace(_judge(world, tables, faulty), **told)  # type: ignore[arg-type]


def befallen(
    day: Day, fault: str, share: float, arrangement: Arrangement, seed: int
) -> tuple[PartitionTables, frozenset[str]]:
    """A day's tables with a fault in them, and the faulty rows; golden rows have their share of a provider's fault.

    Raises:
        FaultNotPossibleError: this data set cannot have so much of it.
    """
    tables, spec = day.tables, day.pool.spec
    if fault == LOST_IN_TABLE or FAULTS[fault].level == "table":
        name = "lost" if fault == LOST_IN_TABLE else fault
        staged, ids = as_table_fault(name, tables.staged, share, seed, arrangement)
        return replace(tables, staged=staged), ids
    one_row = share * len(day.answers) <= 1
    # Rows of one text share a request, hence an answer, unless that is what goes wrong.
    twins = {} if fault == "same_text_other_label" else _twins(day.answers)
    asked_once = [one for one in day.answers if one.row_id not in twins]
    beside = [] if one_row else day.canaries
    injected = inject(fault, [*asked_once, *beside], spec, share, seed, arrangement)
    changed = {one.row_id: one for one in injected.answers if one.row_id in injected.faulty_ids}
    assert tables.controls is not None
    own = {name: one for name, one in changed.items() if not name.startswith("golden/")}
    own |= {name: replace(own[first], row_id=name) for name, first in twins.items() if first in own}
    texts = _retold(tables.cleaned, own)
    staged = _overwritten(tables.staged, "row_id", own, spec).with_columns(
        texts.select(request_keys(pl.col("text"))).to_series()
    )
    golden = {f"control/canary/{name[7:]}": one for name, one in changed.items() if name.startswith("golden/")}
    controls = _overwritten(tables.controls, "row_id", golden, spec)
    if fault in REPEATED:
        controls = _asked_again(controls, own, spec, REPEATED[fault])
    asked = texts.select("row_id", request_keys(pl.col("text")))
    return replace(tables, cleaned=texts, staged=staged, controls=controls, asked=asked), frozenset(own)


def _judge(world: World, tables: PartitionTables, faulty: frozenset[str] = frozenset()) -> Said:
    began = time.process_time()
    verdict = run_suite(world.pool.spec, replace(tables, history=world.history))
    seconds = time.process_time() - began
    # A few rows of every day have no answer; to name those is right.
    unanswered = frozenset(tables.staged.filter(pl.col("status") == "failed").get_column("row_id")) - faulty
    named = named_rows(verdict) - unanswered
    failed = tuple(sorted(one.name for one in verdict.results if not one.passed))
    return Said(
        data_set=world.pool.spec.name,
        size=world.size,
        rows=tables.staged.height,
        detected=bool(failed) or bool(named & faulty),
        blocked=not verdict.passed,
        checks=failed,
        faulty=len(faulty),
        named_faulty=len(named & faulty),
        falsely_named=len(named - faulty),
        baselines=tuple(
            name for name, alarm in BASELINES.items() if alarm(world.pool.spec, tables.staged, world.baselines)
        ),
        seconds=seconds,
        reasons=tuple(sorted(verdict.failures["reason"].unique())),
    )


def named_rows(verdict: Verdict) -> frozenset[str]:
    """Rows that would be set aside, and those that a failing check shows."""
    shown = (row_id for one in verdict.results if not one.passed for row_id in one.row_ids)
    return frozenset([*verdict.failures["row_id"], *shown])


def make_day(data: str, path: str) -> tuple[float, float]:
    """Write a clean day of 20,000 rows, with its history, to a file."""
    world = a_world(pool_of(data, COSTED), 20_000, 99)
    tables = replace(world.today(np.random.default_rng(1), 20_000).tables, history=world.history)
    Path(path).write_bytes(pickle.dumps((world.pool.spec, tables)))
    return 0.0, 0.0


def suite_on_day(_: str, path: str) -> tuple[float, float]:
    """CPU seconds of the suite on that day, and the peak memory of this process in MB."""
    spec, tables = pickle.loads(Path(path).read_bytes())
    began = time.process_time()
    run_suite(spec, tables)
    return time.process_time() - began, memory_mb()["peak_mb"]


@cache
def pool_of(data: str, name: str) -> Pool:
    """A data set, read once a process."""
    return DATA_SETS[name](Path(data))


@cache
def remember_shadows() -> None:
    """Train the shadow once a history: what it learns depends on nothing else."""
    train: Callable[..., Any] = shadow_model.trained_shadow
    known: dict[tuple[Any, ...], Any] = {}

    def remembered(texts: pl.Series, classes: Any, partitions: Any, labels: int) -> Any:
        key = (len(texts), texts.hash(1).sum(), classes.tobytes(), partitions.tobytes(), labels)
        if key not in known:
            known.clear()
            known[key] = train(texts, classes, partitions, labels)
        return known[key]

    setattr(shadow, "trained_shadow", remembered)  # noqa: B010 - it is imported there by name


def _twins(answers: Sequence[Answered]) -> dict[str, str]:
    """Rows whose text an earlier row has, and which."""
    first: dict[str, str] = {}
    for one in answers:
        first.setdefault(one.source_text, one.row_id)
    return {one.row_id: first[one.source_text] for one in answers if first[one.source_text] != one.row_id}


def _retold(cleaned: pl.DataFrame, changed: dict[str, Answered]) -> pl.DataFrame:
    """The rows with the texts that the answers were given to: a fault may be in the text."""
    texts = {name: one.columns["text"] for name, one in changed.items()}
    column = pl.Series("text", [texts.get(name, text) for name, text in cleaned.select("row_id", "text").iter_rows()])
    return cleaned.with_columns(column)


def _overwritten(frame: pl.DataFrame, by: str, changed: dict[str, Answered], spec: EnrichmentSpec) -> pl.DataFrame:
    """A table with other answers in some rows, read as the engine reads them."""
    places = {name: n for n, name in enumerate(changed)}
    ids = frame.get_column(by).to_list()
    hit = [n for n, name in enumerate(ids) if name in places]
    if not hit:
        return frame
    types = output_types(spec.output)
    read = [_as_read(changed[ids[n]], spec, list(types)) for n in hit]
    schema = {**types, **dict.fromkeys(("status", "finish_reason", "model"), pl.String()), "attempts": pl.Int64()}
    new = pl.DataFrame(read, schema=schema, orient="row")
    new = new.select(name for name in new.columns if name in frame.columns)
    rows = frame[hit].with_columns(new.get_columns()).select(frame.columns).cast(frame.schema)
    order = np.arange(frame.height)
    order[hit] = frame.height + np.arange(len(hit))
    return pl.concat([frame, rows])[order]


def _as_read(one: Answered, spec: EnrichmentSpec, names: list[str]) -> tuple[Any, ...]:
    status, values = "ok", {}
    if one.finish_reason == "length":
        status = "truncated"
    elif one.finish_reason == "content_filter":
        status = "refused"
    else:
        try:
            values = read_answer(one.text, spec.output)
        except MalformedAnswerError:
            status = "malformed"
    return (*(values.get(name) for name in names), status, one.finish_reason, one.model or "m1", one.attempts)


def _asked_again(controls: pl.DataFrame, own: dict[str, Answered], spec: EnrichmentSpec, order: Asks) -> pl.DataFrame:
    again = controls.filter(pl.col("kind") != "canary", pl.col("of_row_id").is_in(list(own)))
    faulty = {row_id: own[of] for row_id, of in again.select("row_id", "of_row_id").iter_rows()}
    changed = _overwritten(controls, "row_id", faulty, spec)
    if order == "same":
        return changed
    hit = (pl.col("kind") == "reordered") & pl.col("row_id").is_in(list(faulty))
    return changed.with_columns(
        pl.when(hit).then(pl.lit(list(one.labels)[-1])).otherwise(pl.col(one.name)).alias(one.name)
        for one in spec.output
        if one.type == "label"
    )
