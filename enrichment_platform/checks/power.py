"""The detection-power card: what the suite finds at which rate of faults, its false alarms, what it cannot see."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from enrichment_platform.checks.fault_choice import Arrangement, faulty_rows
from enrichment_platform.checks.fault_classes import FAULTS
from enrichment_platform.checks.interval import wilson_interval

BLIND = 0.5  # where recall is surely below a coin's, a class counts as not detectable
ENOUGH_CLEAN = 1000  # partitions: CHECKS.md states false alarms of <= 1% over as many
ENOUGH_TRIALS = 10  # below, an interval is wider than half of what there is

BLIND_KIND = "Not detectable at this volume"
MISSED_KIND = "Should always be found, and is not"
OPEN_KIND = "Not settled: too few trials, or a recall around one half"


@dataclass(frozen=True)
class Trial:
    """One partition with one fault in it, and what the suite said.

    Args:
        fault: Name of the class.
        share: Of its rows that were made faulty, in (0, 1].
        arrangement: scattered or contiguous.
        rows: Of the partition.
        detected: The suite blocked the partition, or named one of the faulty rows.
        named_faulty: Faulty rows that it named.
        falsely_named: Rows that it named, and that are right.
        seconds: That the suite took.
        faulty: How many rows were faulty, where it is not the share of the rows rounded up: canaries have their part.
    """

    fault: str
    share: float
    arrangement: Arrangement
    rows: int
    detected: bool
    named_faulty: int
    falsely_named: int
    seconds: float = 0.0
    faulty: int | None = None


@dataclass(frozen=True)
class CleanTrial:
    """One partition without a fault: whether the suite raised an alarm, and the checks that did."""

    rows: int
    alarmed: bool
    checks: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Proportion:
    """Hits of trials, with a 95% Wilson interval."""

    hits: int
    of: int

    @property
    def share(self) -> float | None:
        """Hits over trials; None where nothing was tried."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Low and high end, in [0, 1]; all of it where nothing was tried."""
        return wilson_interval(self.hits, self.of)


@dataclass(frozen=True)
class Line:
    """All trials of one class, share, arrangement and size.

    Args:
        recall: Partitions in which the fault was found.
        named: Faulty rows that were named.
        precision: Named rows that were faulty.
        seconds: Median of the suite's time a partition.
    """

    fault: str
    deterministic: bool
    share: float
    arrangement: Arrangement
    rows: int
    recall: Proportion
    named: Proportion
    precision: Proportion
    seconds: float


@dataclass(frozen=True)
class FalseAlarms:
    """Alarms over clean partitions of one size, and which checks raised how many of them, most first."""

    rows: int
    alarms: Proportion
    checks: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Card:
    """What the suite can and cannot see, in figures and in sentences; deterministic classes first."""

    lines: tuple[Line, ...]
    false_alarms: tuple[FalseAlarms, ...]
    sentences: tuple[str, ...]


def card(trials: Iterable[Trial], clean: Sequence[CleanTrial], not_applicable: Mapping[str, str] | None = None) -> Card:
    """Summarise trials.

    Args:
        trials: Partitions with a fault; of any classes, shares and sizes.
        clean: Partitions without one.
        not_applicable: By class, why it could not be tried; what `faults.why_not` or FaultNotPossibleError says.

    Raises:
        KeyError: a trial of a class that there is not.
        ValueError: a trial that names more faulty rows than there are.
    """
    groups: dict[tuple[str, float, Arrangement, int], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.fault, trial.share, trial.arrangement, trial.rows), []).append(trial)
    lines = tuple(sorted((_line(group) for group in groups.values()), key=_rank))
    sizes = sorted({one.rows for one in clean})
    alarms = tuple(_false_alarms(rows, [one for one in clean if one.rows == rows]) for rows in sizes)
    return Card(lines, alarms, tuple(_sentences(lines, alarms, not_applicable or {})))


def percent(share: float) -> str:
    """A share in per cent, with as many digits as it takes to tell small ones apart."""
    return f"{share * 100:.3g}%"


def _line(group: list[Trial]) -> Line:
    first = group[0]
    usual = faulty_rows(first.share, first.rows)
    faulty = sum(usual if trial.faulty is None else trial.faulty for trial in group)
    named = sum(trial.named_faulty for trial in group)
    if named > faulty:
        raise ValueError(f"{first.fault}: {named} faulty rows were named, and there are {faulty}")
    return Line(
        fault=first.fault,
        deterministic=FAULTS[first.fault].deterministic,
        share=first.share,
        arrangement=first.arrangement,
        rows=first.rows,
        recall=Proportion(sum(trial.detected for trial in group), len(group)),
        named=Proportion(named, faulty),
        precision=Proportion(named, named + sum(trial.falsely_named for trial in group)),
        seconds=statistics.median(trial.seconds for trial in group),
    )


def _rank(line: Line) -> tuple[bool, int, int, float, str]:
    return (not line.deterministic, list(FAULTS).index(line.fault), line.rows, line.share, line.arrangement)


def _false_alarms(rows: int, clean: list[CleanTrial]) -> FalseAlarms:
    counted: dict[str, int] = {}
    for one in clean:
        for check in set(one.checks) if one.alarmed else ():
            counted[check] = counted.get(check, 0) + 1
    alarms = Proportion(sum(one.alarmed for one in clean), len(clean))
    return FalseAlarms(rows, alarms, tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0]))))


def _sentences(
    lines: Sequence[Line], alarms: Sequence[FalseAlarms], not_applicable: Mapping[str, str]
) -> Iterable[str]:
    if not lines:
        yield "No fault was tried: this card says nothing of what is found."
    yield from _shortcomings(lines)
    tried = {line.fault for line in lines}
    for fault, reason in not_applicable.items():
        yield f"Not tried{' everywhere' * (fault in tried)}: {fault}: {reason.removeprefix(f'{fault}: ')}."
    untold = [fault for fault in FAULTS if fault not in not_applicable and fault not in tried]
    if untold and lines:
        yield f"Not tried here: {', '.join(untold)}."
    if not alarms:
        yield "No clean partition was tried: the rate of false alarms is not known."
    for one in alarms:
        if one.alarms.of < ENOUGH_CLEAN:
            yield (
                f"False alarms at {one.rows:,} rows: {one.alarms.hits} of {one.alarms.of:,} clean partitions;"
                f" so few cannot exclude a rate of {percent(one.alarms.interval[1])}."
            )


def _shortcomings(lines: Sequence[Line]) -> Iterable[str]:
    """One sentence a shortcoming, class and size, worst first, with the shares at which it shows."""
    for kind in (BLIND_KIND, MISSED_KIND, OPEN_KIND):
        found: dict[tuple[str, int], list[str]] = {}
        for line in lines:
            if _shortcoming(line) == kind:
                low, high = (percent(end) for end in line.recall.interval)
                cell = (
                    f"{percent(line.share)} {line.arrangement}: {line.recall.hits}/{line.recall.of} ({low} to {high})"
                )
                found.setdefault((line.fault, line.rows), []).append(cell)
        for (fault, rows), cells in found.items():
            yield f"{kind}: {fault} in {rows:,} rows, at {', '.join(cells)}."


def _shortcoming(line: Line) -> str:
    low, high = line.recall.interval
    if high < BLIND:
        return BLIND_KIND
    if line.deterministic and line.recall.hits < line.recall.of:
        return MISSED_KIND
    return OPEN_KIND if line.recall.of < ENOUGH_TRIALS or low < BLIND else ""
