"""Days as they are: mixes that wander, weekdays, trends, bursts, sizes; and what the platform keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks import silent_failure_baselines
from benchmarks.silent_failure_climate import HISTORY, Climate
from benchmarks.silent_failure_data import Pool, json_of
from enrichment_platform.checks import canary_frame, partition_profile
from enrichment_platform.checks.asked_again import chosen_below, place, planted_below
from enrichment_platform.checks.fault_answers import Answered
from enrichment_platform.checks.history import CANARY_SCHEMA, History
from enrichment_platform.checks.inputs import CONTROL_COLUMNS, PLANTED, PartitionTables, source_texts
from enrichment_platform.checks.planted_orders import planted_order
from enrichment_platform.inference.answer_schema import output_types
from enrichment_platform.spec import EnrichmentSpec

ROW_DAYS, ROWS = 20, 5_000  # what the platform reads of published rows, see stages/baseline.py
BURSTS = 0.1  # days on which one topic takes 2 to 6% of the rows
ERRORS = 0.08
ERROR_SPREAD = 0.06  # of the log of a day's rate of errors: half a point of 8%
RESTLESS = 0.01  # rows that are answered otherwise than the same text was on other days
FLIPS = 0.02  # answers that change when the row is asked again
REORDER_FLIPS = 0.03
TWINS = 0.02  # rows with the text of another row of the day
MOST_REPEATS = 3  # of a text within a day, on average, before texts of the history are drawn as well
RETRIED, FAILED = 0.01, 0.001

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Day:
    """One clean day: its tables without a history, and where its rows and canaries come from."""

    pool: Pool
    key: str
    places: Places
    wrong: NDArray[np.bool_]
    tables: PartitionTables
    golden: Places
    golden_wrong: NDArray[np.bool_]

    @cached_property
    def answers(self) -> list[Answered]:
        """What the provider answered to the rows, in order."""
        staged = self.tables.staged.select("row_id", "status", "model", "attempts", "finish_reason")
        texts = dict(source_texts(self.pool.spec, self.tables.cleaned).iter_rows())
        said = self._said(self.places, self.wrong)
        return [
            Answered(
                row_id, texts[row_id], {"text": texts[row_id]}, said[n] if status == "ok" else "", reason, model, tries
            )
            for n, (row_id, status, model, tries, reason) in enumerate(staged.iter_rows())
        ]

    @cached_property
    def canaries(self) -> list[Answered]:
        """What it answered to the golden rows."""
        said = self._said(self.golden, self.golden_wrong)
        return [
            Answered(f"golden/{place}", self.pool.texts[int(place)], {"text": self.pool.texts[int(place)]}, text)
            for place, text in zip(self.golden, said, strict=True)
        ]

    def _said(self, places: Places, wrong: NDArray[np.bool_]) -> list[str]:
        return [json_of(row) for row in values(self.pool, places, wrong).iter_rows(named=True)]


def values(pool: Pool, places: Places, wrong: NDArray[np.bool_]) -> pl.DataFrame:
    """The output columns of rows that the model answered rightly or wrongly."""
    both = pl.concat([pool.right, pool.said])
    return both[places + np.where(wrong, len(pool.texts), 0)]


@dataclass(frozen=True)
class World:
    """A simulated enrichment up to today.

    Attributes:
        pool: Its data set.
        size: Rows of a usual day.
        climate: What its days have in common.
        history: What the suite knows of the days before.
        baselines: The same for the baselines.
        taken: Rows of the data set whose texts the history has; today draws others.
    """

    pool: Pool
    size: int
    climate: Climate
    history: History
    baselines: Sequence[pl.DataFrame]
    taken: NDArray[np.bool_] = field(repr=False)

    def today(self, rng: np.random.Generator, rows: int | None = None) -> Day:
        """A clean partition of the day after the history; `rows` fixes its size."""
        return a_day(self.pool, self.climate, HISTORY, self.size, rng, ~self.taken, rows=rows)


def a_world(pool: Pool, size: int, seed: int, spec: EnrichmentSpec | None = None) -> World:
    """Thirty published days of an enrichment."""
    rng = np.random.default_rng(seed)
    pool = pool if spec is None else replace(pool, spec=spec)
    climate = Climate.of(pool, rng)
    taken = np.zeros(len(pool.texts), bool)
    taken[pool.golden] = True
    labelled = any(one.type == "label" for one in pool.spec.output)
    profiles, canaries, baselines, rows = [], [], [], []
    for number in range(HISTORY):
        day = a_day(pool, climate, number, size, rng, ~taken)
        profiles.append(partition_profile(pool.spec, day.tables, day.key))
        canaries.append(canary_frame(pool.spec, day.tables))
        baselines.append(silent_failure_baselines.profile(pool.spec, day.tables.staged))
        if number >= HISTORY - ROW_DAYS:
            kept = np.sort(rng.permutation(len(day.places))[: ROWS // ROW_DAYS])
            taken[day.places[kept]] |= labelled
            rows.append(_published(pool.spec, day, kept))
    known = pl.concat(rows[::-1]) if labelled else pl.DataFrame()
    history = History(pl.concat(profiles), known, pl.concat(canaries) if canaries else pl.DataFrame(CANARY_SCHEMA))
    return World(pool, size, climate, history, baselines, taken)


def _published(spec: EnrichmentSpec, day: Day, kept: Places) -> pl.DataFrame:
    labels = [one.name for one in spec.output if one.type == "label"]
    rows = day.tables.staged[kept].filter(pl.col("status") == "ok").select("row_id", "partition_key", *labels)
    texts = source_texts(spec, day.tables.cleaned)
    return rows.join(texts, on="row_id", maintain_order="left").select("row_id", "partition_key", "source", *labels)


def a_day(
    pool: Pool,
    climate: Climate,
    number: int,
    size: int,
    rng: np.random.Generator,
    free: NDArray[np.bool_],
    *,
    rows: int | None = None,
    errors: float = ERRORS,
) -> Day:
    """A clean day.

    Args:
        pool: The data set.
        climate: Of the enrichment.
        number: Of the day, from 0.
        size: Rows of a usual day.
        rng: Chance.
        free: Rows of the data set that may be drawn.
        rows: Rows of this day; drawn where None.
        errors: Share of wrong answers of a usual day.
    """
    total = rows or climate.rows(number, size, rng)
    key = climate.day(number).isoformat()
    places = _drawn(pool, climate.mix(number, rng), total, rng, free)
    copied = _copies(total, rng)
    places = places[copied]
    rate = (errors - RESTLESS) / (1 - 2 * RESTLESS) * float(np.exp(rng.normal(0, ERROR_SPREAD)))
    wrong = ((pool.rank[places] < rate) ^ (rng.random(total) < RESTLESS))[copied]
    marks = np.array(_marks(total, rng))[copied]
    texts = pool.texts.gather(places) + pl.Series(marks)
    ids = pl.Series("row_id", [f"{key}/{n:05}" for n in range(total)])
    cleaned = pl.DataFrame({"row_id": ids, "partition_key": [key] * total, "text": texts})
    copy = copied != np.arange(total)
    failed = rng.random(total) < FAILED
    tries = np.where(rng.random(total) < RETRIED * np.exp(rng.normal(0, 0.3)), 2, 1)
    staged = _staged(
        cleaned, values(pool, places, wrong), np.where(copy, 0, tries), failed[copied], output_types(pool.spec.output)
    )
    golden = np.sort(rng.choice(pool.golden, 60, replace=False))
    golden_wrong = (pool.rank[golden] < rate) ^ (rng.random(60) < RESTLESS)
    aside = pl.DataFrame({"row_id": [f"{key}/q{n}" for n in range(total // 500)]}, schema={"row_id": pl.String})
    tables = PartitionTables(
        raw_ids=pl.concat([cleaned.select("row_id"), aside]),
        quarantined=aside.with_columns(stage=pl.lit("cleaned"), reason=pl.lit("blank")),
        cleaned=cleaned,
        staged=staged,
        asked=cleaned.select("row_id", request_keys(pl.col("text"))),
        canaries_meant=len(golden),
    )
    day = Day(pool, key, places, wrong, tables, golden, golden_wrong)
    return replace(day, tables=replace(tables, controls=_controls(day, rng)))


def request_keys(text: pl.Expr) -> pl.Expr:
    """A stand-in for the hash of a request: equal for equal texts."""
    return pl.format("k{}", text.hash(3)).alias("request_key")


def _drawn(
    pool: Pool, mix: NDArray[np.float64], total: int, rng: np.random.Generator, free: NDArray[np.bool_]
) -> Places:
    """Places of a day's rows, in random order; without one twice where there are enough."""
    wanted = rng.multinomial(total, mix)
    parts = []
    if rng.random() < BURSTS:
        burst = int(total * rng.uniform(0.02, 0.06))
        topic = pool.topics[int(rng.integers(len(pool.topics)))]
        inside = np.flatnonzero((pool.topics == topic) & free)
        if len(inside):
            parts.append(rng.choice(inside, burst))
            wanted = rng.multinomial(total - burst, mix)
    for stratum, number in enumerate(wanted):
        inside = np.flatnonzero((pool.strata == stratum) & free)
        if len(inside) < number / MOST_REPEATS:
            inside = np.setdiff1d(np.flatnonzero(pool.strata == stratum), pool.golden)
        parts.append(rng.choice(inside, number, replace=number > len(inside)))
    return np.asarray(rng.permutation(np.concatenate(parts)), np.int64)


def _copies(total: int, rng: np.random.Generator) -> Places:
    """Whose text each row has: its own, or of an earlier row that has its own."""
    source = np.arange(total)
    twins = np.flatnonzero(rng.random(total) < TWINS)
    others = rng.integers(0, total, len(twins))
    fine = ~np.isin(others, twins)
    source[twins[fine]] = others[fine]
    return source


def _marks(total: int, rng: np.random.Generator) -> list[str]:
    """What makes each text one of its own, as a case number does."""
    letters = rng.integers(65, 91, (total, 6), dtype=np.uint8)
    return [f" (case {bytes(one).decode()})" for one in letters]


def _staged(
    cleaned: pl.DataFrame,
    said: pl.DataFrame,
    attempts: Places,
    failed: NDArray[np.bool_],
    types: dict[str, pl.DataType],
) -> pl.DataFrame:
    answered = ~pl.Series("answered", failed)
    outputs = said.select(pl.when(answered).then(pl.col(name)).alias(name) for name in types)
    named = cleaned.select("row_id", "partition_key")
    return named.hstack(outputs.cast(types)).with_columns(  # type: ignore[arg-type]
        cleaned.select(request_keys(pl.col("text"))).to_series(),
        pl.when(answered).then(pl.lit("ok")).otherwise(pl.lit("failed")).alias("status"),
        pl.when(answered).then(pl.lit("stop")).otherwise(pl.lit("timeout")).alias("finish_reason"),
        pl.when(answered).then(pl.lit("m1")).otherwise(pl.lit("")).alias("model"),
        fingerprint=pl.lit("f1"),
        endpoint=pl.lit("e1"),
        attempts=pl.Series(attempts),
    )


def _controls(day: Day, rng: np.random.Generator) -> pl.DataFrame:
    """Golden rows, rows asked a second time, rows asked with the labels reversed; with the model's usual flips."""
    spec, pool = day.pool.spec, day.pool
    total = len(day.places)
    parts = [_asked(day, "canary", [f"{golden}" for golden in day.golden], day.golden, day.golden_wrong)]
    shares = {"reasked": (spec.checks.reask_share, FLIPS)}
    if any(one.labels for one in spec.output):
        shares["reordered"] = (spec.checks.reorder_share, REORDER_FLIPS)
    ids = day.tables.staged.get_column("row_id")
    for kind, (share, flips) in shares.items():
        limit = chosen_below(share, total)
        chosen = np.flatnonzero([place(kind, row_id) < limit for row_id in ids])
        if len(chosen):
            wrong = day.wrong[chosen] ^ (rng.random(len(chosen)) < flips)
            parts.append(_asked(day, kind, ids.gather(chosen).to_list(), day.places[chosen], wrong))
    if any(one.type in ("label", "boolean") for one in spec.output):
        limit = planted_below(spec.checks.plant_share, total)
        chosen = np.flatnonzero([place(PLANTED, row_id) < limit for row_id in ids])
        if len(chosen):
            wrong = day.wrong[chosen] ^ (rng.random(len(chosen)) < FLIPS)
            orders = [planted_order(spec, row_id) for row_id in ids.gather(chosen)]
            demanded = [one.expected if one else None for one in orders]
            copies = _asked(day, PLANTED, ids.gather(chosen).to_list(), day.places[chosen], wrong)
            parts.append(copies.with_columns(pl.Series("expected", demanded, pl.String)))
    assert pool.right.width == len(output_types(spec.output))
    return pl.concat(parts)


def _asked(day: Day, kind: str, of: list[str], places: Places, wrong: NDArray[np.bool_]) -> pl.DataFrame:
    types = output_types(day.pool.spec.output)
    expected: list[str | None] = [None] * len(of)
    if kind == "canary":
        known = [name for name in types if not name.endswith("_evidence") and name != "confidence"]
        rows = day.pool.right.select(known)[places].iter_rows(named=True)
        expected = [json_of({name: value for name, value in row.items() if value is not None}) for row in rows]
    told = pl.DataFrame(
        {
            "row_id": [f"control/{kind}/{one}" for one in of],
            "partition_key": [day.key] * len(of),
            "kind": [kind] * len(of),
            "of_row_id": of,
            "expected": expected,
        },
        schema=dict.fromkeys(list(CONTROL_COLUMNS)[:5], pl.String),
    ).with_columns(
        status=pl.lit("ok"),
        finish_reason=pl.lit("stop"),
        request_key=pl.lit("k"),
        fingerprint=pl.lit("f1"),
        model=pl.lit("m1"),
        endpoint=pl.lit("e1"),
    )
    said = values(day.pool, places, wrong).select(list(types)).cast(types)  # type: ignore[arg-type]
    return told.hstack(said)
