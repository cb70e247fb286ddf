"""The detection-power card for a terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from enrichment_platform.checks.power import Card, FalseAlarms, Line, Proportion, percent

WIDTH = 120  # characters of a terminal's line
HEADINGS = ("fault", "share", "arranged", "rows", "found", "recall", "95% interval", "rows named", "precision", "s")
NUMERIC = frozenset({1, 3, 4, 5, 6, 7, 8, 9})
KINDS = {True: "Deterministic classes (one faulty row is enough)", False: "Statistical classes (it takes many rows)"}
BLIND_SPOTS = "What this card does not promise"


def card_text(card: Card) -> str:
    """The card as aligned plain text, at most 120 columns wide."""
    table = [HEADINGS, *map(_cells, card.lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    parts = []
    for deterministic, lines in _by_kind(card):
        parts.append("\n".join([KINDS[deterministic], *(_aligned(row, widths) for row in [HEADINGS, *lines])]))
    parts += ["\n".join(_wrapped(_alarm_sentence(one))) for one in card.false_alarms]
    if card.sentences:
        parts.append("\n".join([f"{BLIND_SPOTS}:", *(part for one in card.sentences for part in _wrapped(one, "- "))]))
    return "\n\n".join(parts) + "\n"


def card_json(card: Card) -> str:
    """The card as a JSON object: `lines`, `false_alarms`, `sentences`; shares are null where nothing was tried."""
    lines = [
        asdict(line) | {name: _proportion(getattr(line, name)) for name in ("recall", "named", "precision")}
        for line in card.lines
    ]
    alarms = [
        {"rows": one.rows, "alarms": _proportion(one.alarms), "checks": dict(one.checks)} for one in card.false_alarms
    ]
    return json.dumps({"lines": lines, "false_alarms": alarms, "sentences": list(card.sentences)}, indent=2)


def _by_kind(card: Card) -> list[tuple[bool, list[tuple[str, ...]]]]:
    kinds = [(kind, [_cells(line) for line in card.lines if line.deterministic is kind]) for kind in (True, False)]
    return [(kind, lines) for kind, lines in kinds if lines]


def _cells(line: Line) -> tuple[str, ...]:
    low, high = line.recall.interval
    return (
        line.fault,
        percent(line.share),
        line.arrangement,
        f"{line.rows:,}",
        f"{line.recall.hits}/{line.recall.of}",
        _share(line.recall),
        f"{low:.2f}-{high:.2f}",
        _share(line.named),
        _share(line.precision),
        f"{line.seconds:.2f}",
    )


def _share(one: Proportion) -> str:
    # Rounded down: 1.00 means all of them.
    return "-" if one.share is None else f"{int(one.share * 100 + 1e-9) / 100:.2f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        text.rjust(width) if column in NUMERIC else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _wrapped(sentence: str, mark: str = "") -> list[str]:
    return textwrap.wrap(sentence, WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark))


def _alarm_sentence(one: FalseAlarms) -> str:
    low, high = one.alarms.interval
    raised = "; ".join(f"{check} {count}" for check, count in one.checks)
    return (
        f"False alarms at {one.rows:,} rows: {one.alarms.hits} of {one.alarms.of:,} clean partitions"
        f" ({percent(low)} to {percent(high)}){': ' + raised if raised else ''}."
    )


def _proportion(one: Proportion) -> dict[str, Any]:
    low, high = one.interval
    return {"hits": one.hits, "of": one.of, "share": one.share, "low": low, "high": high}
