"""What was promised of the suite, and whether what was measured keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from benchmarks.bar import Bar
from benchmarks.silent_failure_decay import points_lost
from benchmarks.silent_failure_trials import LOST_IN_TABLE, Said
from enrichment_platform.checks.power import Proportion

if TYPE_CHECKING:
    from benchmarks.silent_failures import Results

DETERMINISTIC = (
    *("lost", LOST_IN_TABLE, "duplicated", "misaligned", "truncated", "placeholder", "schema_echo", "example_echo"),
    *(
        "out_of_set",
        "mixed_versions",
        "ungrounded",
        "numeric_slip",
        "encoding",
        "injection_obeyed",
        "injection_ignored",
    ),
)
STATISTICAL = ("majority_collapse", "row_swap", "label_permutation")
LABELLED = ("banking77", "complaints")
CLEAN_PARTITIONS = 1_000


def bars(results: Results) -> list[Bar]:
    """Every line of the bar."""
    return list(_bars(results))


def recall(said: Iterable[Said]) -> Proportion:
    """Partitions in which the fault was found."""
    tried = [one for one in said if not one.impossible]
    return Proportion(sum(one.detected for one in tried), len(tried))


def false_alarms(said: Iterable[Said]) -> Proportion:
    """Clean partitions in which a check failed."""
    clean = [one for one in said if not one.fault]
    return Proportion(sum(bool(one.checks) for one in clean), len(clean))


def of(results: Results, fault: str, share: float, size: int = 2_000, arrangement: str = "scattered") -> list[Said]:
    """Trials of one class, share and size; of the labels' classes on the data sets that have labels."""
    return [
        one
        for one in results.said
        if (one.fault, one.share, one.size, one.arrangement) == (fault, share, size, arrangement)
        and not one.impossible
        and (fault not in STATISTICAL or one.data_set in LABELLED)
    ]


def _bars(results: Results) -> Iterator[Bar]:
    clean = [one for one in results.said if not one.fault]
    yield Bar("clean partitions", len(clean), CLEAN_PARTITIONS, True)
    for size in sorted({one.size for one in clean}):
        alarms = false_alarms(one for one in clean if one.size == size)
        yield Bar(f"false alarms at {size:,} rows", alarms.share, 0.01, False, _interval(alarms))
    for fault in DETERMINISTIC:
        found = recall(of(results, fault, 0.05))
        yield Bar(f"recall of {fault} at 5%", found.share, 1.0, True, _interval(found))
    for fault in STATISTICAL:
        for share, least in ((0.05, 0.7), (0.1, 0.95)):
            found = recall(of(results, fault, share))
            yield Bar(f"recall of {fault} at {share:.0%}", found.share, least, True, _interval(found))
    for fault in DETERMINISTIC:
        single = of(results, fault, 0.0005)
        named = Proportion(sum(one.named_faulty == one.faulty for one in single), len(single))
        yield Bar(f"one {fault} row in 2,000 named", named.share, 1.0, True, _interval(named))
    decays = [one for one in results.decays if one.decays]
    early = [one for one in decays if one.canary_day is not None and points_lost(one.canary_day) < 4]
    found = Proportion(len(early), len(decays))
    yield Bar("slow decays found by golden rows before 4 points are lost", found.share, 0.95, True, _interval(found))
    yield Bar("CPU seconds of a suite on 20,000 rows, one core", results.cost[0], 5.0, False)
    yield Bar("peak MB of a process with a suite on 20,000 rows", results.cost[1], 500.0, False)


def _interval(found: Proportion) -> str:
    low, high = found.interval
    return f"[{low:.3f} to {high:.3f}, {found.hits}/{found.of}]"
