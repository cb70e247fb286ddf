"""Several statistical findings judged together, so that the whole family has one rate of false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from enrichment_platform.checks.results import MAX_ROW_IDS, Signal

Q = 0.005
"""Level of the family. Simulated (2,000 rows, 30 to 90 days): under 0.3% of partitions raise a false alarm where
days vary as a Dirichlet with weekdays and a wandering level, 1.5% where their effects have the long tails of t(5)."""


@dataclass(frozen=True)
class Move:
    """What one comparison inside a detector found, e.g. of one field; several make a `Signal`."""

    p_value: float
    matters: bool
    message: str
    row_ids: tuple[str, ...] = ()
    failed_rows: int = 0


def strongest(moves: Sequence[Move], quiet: str, learning: str = "") -> Signal:
    """One signal of all comparisons of a detector.

    A comparison that does not matter cannot hide one that does: the smallest p is that of the ones that matter, times
    the number of all comparisons (Bonferroni).

    Args:
        moves: Comparisons; none where there is too little to compare with.
        quiet: Message where nothing that matters moved.
        learning: Why there is nothing to compare with.
    """
    if not moves:
        return Signal(1.0, False, f"Nothing to compare with yet: {learning}.", learning)
    candidates = [move for move in moves if move.matters] or list(moves)
    best = min(candidates, key=lambda move: move.p_value)
    p_value = float(min(1.0, max(0.0, best.p_value) * len(moves)))
    if not best.matters:
        return Signal(p_value, False, quiet)
    return Signal(p_value, True, best.message, "", best.row_ids[:MAX_ROW_IDS], best.failed_rows)


def judge(signals: Mapping[str, Signal], severity: Mapping[str, str] | None = None, q: float = Q) -> dict[str, bool]:
    """Which statistical checks fail in this partition: Benjamini & Hochberg (1995), once over all of them.

    In a clean partition the chance that any fails is at most q. What does not matter enters with p = 1: at 20,000 rows
    a move too small to bother with has a tiny p, and would lower the bar for the others. Checks that still learn, or
    are off, do not count as looked at; whether a check learns does not depend on what it found.

    Args:
        signals: By check name.
        severity: `checks.severity`; names with `off` never fail.
        q: Chance that any fails in a clean partition.

    Returns:
        By check name, whether it fails; never true where the signal does not matter. It does not depend on the order,
        and a smaller p, or a signal that comes to matter, never makes any other check pass.

    Raises:
        ValueError: a p value is not in [0, 1].
    """
    wrong = sorted(name for name, signal in signals.items() if not 0 <= signal.p_value <= 1)
    if wrong:
        raise ValueError(f"the p value of {', '.join(wrong)} is not between 0 and 1")
    off = {name for name, level in (severity or {}).items() if level == "off"}
    looked = [name for name, signal in signals.items() if name not in off and not signal.learning]
    p_values = np.array([signals[name].p_value if signals[name].matters else 1.0 for name in looked])
    ordered = np.sort(p_values)
    passing = ordered <= q * np.arange(1, ordered.size + 1) / max(ordered.size, 1)
    limit = float(ordered[passing][-1]) if passing.any() else -1.0
    failing = {name for name, p_value in zip(looked, p_values, strict=True) if p_value <= limit}
    return {name: name in failing and signals[name].matters for name in signals}
