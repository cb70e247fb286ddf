"""The detection-power document: what was measured, in tables, plots and plain sentences."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.silent_failure_bars import CLEAN_PARTITIONS, LABELLED, bars, false_alarms, recall
from benchmarks.silent_failure_baselines import BASELINES
from benchmarks.silent_failure_decay import DAYS, ROWS, points_lost
from benchmarks.silent_failure_method import METHOD
from benchmarks.silent_failure_plots import alarm_chart, decay_chart, recall_chart
from benchmarks.silent_failure_tables import floored, interval_text, percent, short, table
from benchmarks.silent_failure_trials import LOST_IN_TABLE, Said
from enrichment_platform.checks.faults import FAULTS
from enrichment_platform.checks.power import BLIND, Proportion

if TYPE_CHECKING:
    from benchmarks.silent_failures import Results

SHARES = (0.0005, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
COMMAND = "python benchmarks/silent_failures.py --check --data ../shared/data"
IMAGES = "images"


def write_document(results: Results, folder: Path) -> None:
    """Write `detection-power.md` and its pictures."""
    images = folder / IMAGES
    images.mkdir(parents=True, exist_ok=True)
    (images / "detection-recall.svg").write_text(recall_chart(_panels(results), SHARES), encoding="utf-8")
    sizes = sorted({one.size for one in results.said if not one.fault})
    (images / "detection-alarms.svg").write_text(alarm_chart(sizes, _alarms(results, sizes)), encoding="utf-8")
    decays, steady = ([one for one in results.decays if one.decays is which] for which in (True, False))
    (images / "detection-decay.svg").write_text(
        decay_chart(
            [one.canary_day for one in decays],
            [one.canary_day for one in steady],
            DAYS,
            [points_lost(day) for day in range(DAYS)],
        ),
        encoding="utf-8",
    )
    (folder / "detection-power.md").write_text("\n".join(_document(results)) + "\n", encoding="utf-8")


def _document(results: Results) -> Iterator[str]:
    faulty = sum(bool(one.fault) and not one.impossible for one in results.said)
    clean = sum(not one.fault for one in results.said)
    yield "# Detection power: what the check suite sees, and what it does not\n"
    yield (
        f"Written by `{COMMAND}`: {clean:,} clean and {faulty:,} faulty partitions of four real data sets,"
        f" {len(results.decays)} enrichments over 90 days, in {results.minutes:.0f} minutes on {results.machine}."
        " Do not edit by hand. For the figures of your own enrichment, run `enrichment selftest NAME`.\n"
    )
    if clean < CLEAN_PARTITIONS:
        yield "**A part of the run only**: it was still going on when this was written, so that some cells are empty.\n"
    yield "## The bar\n"
    yield from table(
        ("", "promise", "measured", "limit"),
        (
            (
                "kept" if bar.holds else "**missed**",
                bar.name,
                "not measured" if bar.value is None else f"{bar.value:.3g} {bar.detail}",
                f"{'>=' if bar.least else '<='} {bar.limit:g}",
            )
            for bar in bars(results)
        ),
    )
    yield "\n## What is not detectable\n"
    yield from _blind(results)
    yield "\n## False alarms\n"
    yield f"![Share of clean partitions with an alarm, by size]({IMAGES}/detection-alarms.svg)\n"
    yield from _alarm_tables(results)
    yield "\n## Recall\n"
    yield f"![Recall by share of faulty rows, a panel a class]({IMAGES}/detection-recall.svg)\n"
    yield "At 2,000 rows, scattered; a cell is the suite's recall and its trials. `0.05%` is one row in 2,000.\n"
    yield from _recall_table(results)
    yield "\n### Beside the baselines, at 5% of 2,000 rows\n"
    yield from _baseline_table(results)
    yield "\n### Other sizes, and faults in a block\n"
    yield from _size_table(results)
    yield "\n## Slow decay\n"
    yield f"![Share of slow decays found by day]({IMAGES}/detection-decay.svg)\n"
    yield from _decay(results)
    yield f"\n{METHOD}"
    yield "## Reproduce\n"
    yield f"```\n{COMMAND}\n```\n\n`--quick` does a tenth and writes nothing."


def _blind(results: Results) -> Iterator[str]:
    yield (
        "Classes and shares whose recall is surely below one half (upper end of the interval), at 2,000 rows a day."
        " Faults of a few rows that look right one by one need golden rows, or weeks:\n"
    )
    for fault in _tried(results):
        cells = []
        for share in SHARES:
            one = recall(_cell(results, fault, share))
            if one.of and one.interval[1] < BLIND:
                cells.append(f"{share * 100:g}% ({one.hits}/{one.of})")
        if cells:
            yield f"- **{fault}** ({_description(fault)}): {', '.join(cells)}."
    missed = []
    for fault in _tried(results):
        if fault in FAULTS and not FAULTS[fault].deterministic:
            continue
        found = [recall(_cell(results, fault, share)) for share in SHARES]
        if any(one.hits < one.of and one.interval[1] >= BLIND for one in found):
            low = min((one.share for one in found if one.share is not None), default=0)
            missed.append(f"{fault} (lowest recall {floored(low)})")
    if missed:
        yield f"\nOne row should betray these, and does not always: {', '.join(missed)}."
    untold = sorted({one.fault for one in results.said if one.impossible} - {*_tried(results)})
    if untold:
        yield f"\nNot tried, for want of rows that can have it: {', '.join(untold)}."
    yield (
        "\nNo class here is wrong *in the same way since the first day*: what the history has from the start is its"
        " baseline, and only golden rows, whose answers a person knows, would tell. A wrong golden answer is not found."
    )


def _alarm_tables(results: Results) -> Iterator[str]:
    sizes = sorted({one.size for one in results.said if not one.fault})
    found = _alarms_found(results, sizes)
    yield from table(
        ("rows a day", *found),
        ((f"{size:,}", *(interval_text(of[n]) for of in found.values())) for n, size in enumerate(sizes)),
    )
    yield "\nBy data set (suite), all sizes, and rows of clean days that were set aside or named without reason:\n"
    names = sorted({one.data_set for one in results.said})
    clean = [one for one in results.said if not one.fault]
    yield from table(
        ("data set", "alarms", "rows named", "by"),
        (
            (
                name,
                interval_text(false_alarms(own)),
                percent(sum(one.falsely_named for one in own) / max(1, sum(one.rows for one in own))),
                ", ".join(sorted({reason for one in own for reason in one.reasons} - {"answer_status"})) or "-",
            )
            for name in names
            for own in [[one for one in clean if one.data_set == name]]
        ),
    )
    raised = Counter(check for one in clean for check in one.checks)
    yield "\nBy check: " + (", ".join(f"{check} {count}" for check, count in raised.most_common()) or "none") + "."


def _recall_table(results: Results) -> Iterator[str]:
    rows = []
    for fault in _tried(results):
        cells = [recall(_cell(results, fault, share)) for share in SHARES]
        trials = [one for share in SHARES for one in _cell(results, fault, share)]
        named = Proportion(sum(one.named_faulty for one in trials), sum(one.faulty for one in trials)).share
        rows.append((fault, *(short(one) for one in cells), "-" if named is None else floored(named)))
    yield from table(("class", *(f"{share * 100:g}%" for share in SHARES), "rows named"), rows)


def _baseline_table(results: Results) -> Iterator[str]:
    rows = []
    for fault in _tried(results):
        trials = _cell(results, fault, 0.05)
        if trials:
            own = [Proportion(sum(name in one.baselines for one in trials), len(trials)) for name in BASELINES]
            rows.append((fault, interval_text(recall(trials)), *(short(one) for one in own)))
    yield from table(("class", "suite", *BASELINES), rows)


def _size_table(results: Results) -> Iterator[str]:
    columns = (
        *((size, share, "scattered") for size in (200, 20_000) for share in (0.005, 0.05, 0.2)),
        *((2_000, share, "contiguous") for share in (0.01, 0.05)),
    )
    heads = (f"{size:,}: {share * 100:g}%{' block' * (how == 'contiguous')}" for size, share, how in columns)
    yield from table(
        ("class", *heads),
        (
            (fault, *(short(recall(_cell(results, fault, share, size, how))) for size, share, how in columns))
            for fault in _tried(results)
        ),
    )


def _decay(results: Results) -> Iterator[str]:
    decays, steady = ([one for one in results.decays if one.decays is which] for which in (True, False))
    days = sorted(one.canary_day for one in decays if one.canary_day is not None)
    yield (
        f"{ROWS} rows a day, 30 days of history at 92%, then wrong labels at random until 84% on day {DAYS - 1};"
        " golden rows and the detectors of labels, without the shadow model. An enrichment ends when its golden rows"
        " fail.\n"
    )
    if days:
        lost = [points_lost(day) for day in days]
        yield (
            f"The golden rows found {len(days)} of {len(decays)} decays: on day {days[0]} at the earliest, day"
            f" {statistics.median(days):.0f} in the median, day {days[-1]} at the latest, when {lost[0]:.1f},"
            f" {statistics.median(lost):.1f} and {lost[-1]:.1f} points were lost."
            f" {sum(one < 4 for one in lost)} of {len(decays)} were found before 4 points were lost."
        )
    yield (
        f"Of {len(steady)} enrichments that did not decay, {sum(one.canary_day is not None for one in steady)} had a"
        f" false alarm of the golden rows in {DAYS} days."
    )
    others = Counter(name for one in results.decays for name in one.first if name != "canary_accuracy")
    if others:
        told = ", ".join(f"{name} {count}" for name, count in others.most_common())
        yield f"Other checks that failed at least once on the way, of {len(results.decays)} enrichments: {told}."


def _panels(results: Results) -> dict[str, dict[str, list[tuple[float, float]]]]:
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for fault in _tried(results):
        panels[fault] = {}
        for share in SHARES:
            trials = _cell(results, fault, share)
            if trials:
                shares = {"suite": recall(trials).share or 0.0} | {
                    name: sum(name in one.baselines for one in trials) / len(trials) for name in BASELINES
                }
                for method, value in shares.items():
                    panels[fault].setdefault(method, []).append((share, value))
    return panels


def _alarms_found(results: Results, sizes: Sequence[int]) -> dict[str, list[Proportion]]:
    clean = {size: [one for one in results.said if not one.fault and one.size == size] for size in sizes}
    found = {"suite": [false_alarms(clean[size]) for size in sizes]}
    for name in BASELINES:
        found[name] = [Proportion(sum(name in one.baselines for one in clean[s]), len(clean[s])) for s in sizes]
    return found


def _alarms(results: Results, sizes: Sequence[int]) -> dict[str, list[tuple[float, float, float]]]:
    return {
        name: [(one.share or 0.0, *one.interval) for one in found]
        for name, found in _alarms_found(results, sizes).items()
    }


def _tried(results: Results) -> list[str]:
    seen = {one.fault for one in results.said if one.fault and not one.impossible}
    order = [LOST_IN_TABLE, *FAULTS]
    return sorted(seen, key=lambda name: (name in FAULTS and not FAULTS[name].deterministic, order.index(name)))


def _cell(results: Results, fault: str, share: float, size: int = 2_000, arrangement: str = "scattered") -> list[Said]:
    return [
        one
        for one in results.said
        if (one.fault, one.share, one.size, one.arrangement) == (fault, share, size, arrangement)
        and not one.impossible
        and (fault not in _WHOLE_LABEL or one.data_set in LABELLED)
    ]


_WHOLE_LABEL = ("row_swap", "misaligned_values", "stale_cache")
"""Where a quote is asked for, a swapped answer is betrayed by its own row: these figures are of labels."""


def _description(fault: str) -> str:
    return FAULTS[fault].description if fault in FAULTS else "the row is not in the table"
