"""A model that gets worse by a little every day: after how many days, and how many points, the suite says so."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from benchmarks.silent_failure_climate import HISTORY
from benchmarks.silent_failure_days import a_day, a_world
from benchmarks.silent_failure_trials import befallen, pool_of
from enrichment_platform.checks import canary_frame, partition_profile, run_suite
from enrichment_platform.checks.faults import decay_schedule, newly_wrong
from enrichment_platform.checks.history import History

DAYS, ROWS = 90, 500
FROM, TO = 0.92, 0.84
OFF = ("shadow_model",)  # it would be trained 90 times; what the others find alone is what this says


@dataclass(frozen=True)
class Decay:
    """One enrichment over ninety days, of which the accuracy decays or does not.

    Attributes:
        data_set: Name.
        decays: Whether it does.
        first: By check, the first day (from 0) on which it failed.
    """

    data_set: str
    decays: bool
    first: dict[str, int]

    @property
    def canary_day(self) -> int | None:
        """When the golden rows told it."""
        return self.first.get("canary_accuracy")


def points_lost(day: int) -> float:
    """Points of accuracy that are lost by a day."""
    return (FROM - decay_schedule(DAYS, FROM, TO)[day]) * 100


def run_decay(data: str, data_set: str, seed: int, decays: bool) -> Decay:
    """Live through ninety days; a partition that is not published is not learnt from, its golden rows are."""
    pool = pool_of(data, data_set)
    checks = pool.spec.checks.model_copy(update={"severity": dict.fromkeys(OFF, "off")})
    seed += zlib.crc32(data_set.encode()) % 10_000 + 100_000 * decays
    world = a_world(pool, ROWS, seed, pool.spec.model_copy(update={"checks": checks}))
    pool, spec = world.pool, world.pool.spec
    rng = np.random.default_rng([seed, 2])
    free = np.ones(len(pool.texts), bool)
    free[pool.golden] = False
    history = replace(world.history, rows=pl.DataFrame())
    since: dict[str, str] = {}
    first: dict[str, int] = {}
    for number, accuracy in enumerate(decay_schedule(DAYS, FROM, TO)):
        day = a_day(pool, world.climate, HISTORY + number, ROWS, rng, free)
        share = newly_wrong(accuracy, FROM) if decays else 0.0
        tables = befallen(day, "degraded_model", share, "scattered", seed * 100 + number)[0] if share else day.tables
        verdict = run_suite(spec, replace(tables, history=history))
        failed = [one.name for one in verdict.results if not one.passed]
        for name in failed:
            first.setdefault(name, number)
        if "canary_accuracy" in failed:
            break
        since = {name: since.get(name, day.key) for name in failed}
        history = _learnt(
            history,
            partition_profile(spec, tables, day.key) if verdict.passed else history.profiles.clear(),
            canary_frame(spec, tables),
            since,
        )
    return Decay(spec.name, decays, first)


def _learnt(history: History, profile: pl.DataFrame, canaries: pl.DataFrame, since: dict[str, str]) -> History:
    return replace(
        history,
        profiles=pl.concat([history.profiles, profile]),
        canaries=pl.concat([history.canaries, canaries]),
        failing_since=since,
    )
