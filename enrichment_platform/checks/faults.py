"""Every class of silent failure as a seeded generator that corrupts answers where the provider gives them.

Written from the failure classes alone, apart from the detectors: a detector written beside its fault proves nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from enrichment_platform.checks.fault_answers import Answered, Corrupt, Row, Scene, fits, rows_of, values_of
from enrichment_platform.checks.fault_choice import Arrangement, FaultNotPossibleError, faulty_rows, trial_order
from enrichment_platform.checks.fault_classes import FAULTS, FaultClass, why_not
from enrichment_platform.checks.fault_tables import TABLE_FAULTS, as_table_fault
from enrichment_platform.spec import EnrichmentSpec

__all__ = [
    "FAULTS",
    "TABLE_FAULTS",
    "Answered",
    "Arrangement",
    "FaultClass",
    "FaultNotPossibleError",
    "Injected",
    "as_table_fault",
    "decay_schedule",
    "faulty_rows",
    "inject",
    "newly_wrong",
    "why_not",
]

TRIES = 12  # a row: a slip may by chance come out equal, or against the schema


@dataclass(frozen=True)
class Injected:
    """Answers with a fault in them, in the order of the good ones, and the rows that have it."""

    answers: list[Answered]
    faulty_ids: frozenset[str]


def inject(
    name: str,
    answers: Sequence[Answered],
    spec: EnrichmentSpec,
    share: float,
    seed: int,
    arrangement: Arrangement = "scattered",
) -> Injected:
    """Make a share of the answers faulty.

    Args:
        name: Of a fault class of the level `provider`.
        answers: Of one partition, in request order, one a row; only good ones are made faulty.
        spec: The enrichment.
        share: Of all rows, in (0, 1]; rounded up, at least one row.
        seed: The same seed, the same faults.
        arrangement: scattered, or contiguous among the rows that can have the fault.

    Returns:
        The answers, of which exactly that many differ; the others are the same objects.

    Raises:
        KeyError: no such class.
        ValueError: a class of the table only; a share or an arrangement that there is not.
        FaultNotPossibleError: this enrichment, or too few rows of it, can have the fault.
    """
    fault = FAULTS[name]
    if fault.make is None:
        raise ValueError(f"{name} is a fault of the table; use as_table_fault")
    wanted = faulty_rows(share, len(answers))
    reason = why_not(name, spec)
    if reason:
        raise FaultNotPossibleError(name, wanted, 0, reason)
    rows = {row.index: row for row in rows_of(answers, spec)}
    if len(rows) < wanted:
        raise FaultNotPossibleError(name, wanted, len(rows))
    rng = random.Random(f"{seed}/{name}/{share}/{arrangement}")  # noqa: S311 - no secret
    order = trial_order(list(rows), wanted, arrangement, rng)
    corrupt = fault.make(Scene(spec, list(rows.values()), order, wanted, rng))
    made: dict[int, Answered] = {}
    for index in order:
        if len(made) == wanted:
            break
        own = random.Random(f"{seed}/{name}/{rows[index].good.row_id}")  # noqa: S311 - no secret
        faulty = _faulty(fault, corrupt, rows[index], spec, own)
        if faulty is not None:
            made[index] = faulty
    if len(made) < wanted:
        raise FaultNotPossibleError(name, wanted, len(made))
    result = [made.get(index, one) for index, one in enumerate(answers)]
    return Injected(result, frozenset(one.row_id for one in made.values()))


def decay_schedule(days: int, start: float = 0.92, end: float = 0.84) -> list[float]:
    """Accuracy on each of so many days of a slow, linear decay; the first has `start`, the last `end`.

    Raises:
        ValueError: fewer than two days, or not 1 >= start > end >= 0.
    """
    if days < 2 or not 1 >= start > end >= 0:
        raise ValueError("a decay takes two days or more and goes down, from at most 1 to at least 0")
    return [start + (end - start) * day / (days - 1) for day in range(days)]


def newly_wrong(accuracy: float, start: float) -> float:
    """Share of the rows to inject `degraded_model` into, so that the accuracy of `start` falls to `accuracy`.

    To be injected among all rows alike, of which only the right ones lose: hence (start - accuracy) / start.
    """
    return max(0.0, (start - accuracy) / start)


def _faulty(fault: FaultClass, corrupt: Corrupt, row: Row, spec: EnrichmentSpec, rng: random.Random) -> Answered | None:
    for _ in range(TRIES):
        faulty = corrupt(row, rng)
        if faulty is None or faulty == row.good:
            continue
        said = values_of(faulty.text)
        if fault.in_schema and (said is None or not fits(spec, said)):
            continue
        if fault.changes_values and said is not None and said == row.values:
            continue
        return faulty
    return None
