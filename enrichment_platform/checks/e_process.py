"""Evidence, added up over days, that golden rows are answered worse than they were."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

Doubles = NDArray[np.float64]

HORIZON = 90
"""Partitions back to which a change is looked for; also over how many the chance of a false alarm holds."""

MEANS = special.expit(np.linspace(-7.0, 1.5, 52))
"""Shares of wrong answers among all golden rows, as the null hypothesis may have them."""

CONCENTRATIONS = np.array([0.3, 1.0, 3.0, 10.0, 100.0, 1e5])
"""How alike golden rows are: at the least most are right always or never, at the most all equally often. Less than
0.3 would call one more flip of a row impossible after some days, and alarm on a single bad day."""

ODDS = (1.0, 1.5, 2.2, 4.0)
"""How much larger the odds of a wrong answer are after a change, in every row."""

BROKEN = (0.0, 0.03, 0.1, 0.3)
"""Share of the golden rows that a change may break, whatever they were before."""

CAUTION = 0.7
"""Power of each likelihood ratio: leaves room for days on which all rows are a little better or worse (by Jensen's
inequality an e-value stays one)."""

KEPT = 12
AGES = np.array([*range(1, 11), 12, 14, 17, 20, 24, 28, 33, 39, 46, 54, 63, 75, 89])


def e_value(results: pl.DataFrame) -> float:
    """Evidence against "every golden row is right as often as ever", up to the last partition.

    The null hypothesis gives each golden row its own unknown share of right answers, drawn from a beta distribution
    whose mean and spread are unknown too; what was seen of a row is what is expected of it. The alternatives: at some
    partition the odds of being wrong rose in all rows, or a share of the rows broke. Both are Bayesian mixtures, so
    their ratio is an e-process under the null's mixture: the chance that it ever reaches 100 in 90 partitions is at
    most 1% (Ville's inequality; Ramdas, Gruenwald, Vovk and Shafer 2023, Game-theoretic statistics).

    Args:
        results: partition_key, golden_id, correct; one row an answer of one field.

    Returns:
        The e-value; 1 where there is nothing to compare with.
    """
    right, wrong = _tables(results)
    if right.shape[1] < 2:
        return 1.0
    means, spread = (grid.ravel() for grid in np.meshgrid(MEANS, CONCENTRATIONS))
    rights, wrongs = right.sum(axis=1), wrong.sum(axis=1)
    prior_right, prior_wrong = (1 - means) * spread, means * spread
    posterior = np.zeros(len(means))
    for s, f in zip(rights, wrongs, strict=True):
        posterior += special.betaln(prior_right + s, prior_wrong + f)
    posterior -= len(rights) * special.betaln(prior_right, prior_wrong)
    posterior -= special.logsumexp(posterior)
    likely = np.argsort(posterior)[-KEPT:]
    evidence = [posterior[h] + _evidence(right, wrong, float(prior_right[h]), float(prior_wrong[h])) for h in likely]
    return float(np.exp(min(special.logsumexp(evidence), 700.0)))


def _tables(results: pl.DataFrame) -> tuple[Doubles, Doubles]:
    """Right and wrong answers (golden rows x partitions)."""
    rows = results.get_column("golden_id").rank("dense").to_numpy().astype(np.int64) - 1
    days = results.get_column("partition_key").rank("dense").to_numpy().astype(np.int64) - 1
    correct = results.get_column("correct").to_numpy()
    shape = (int(rows.max()) + 1, int(days.max()) + 1) if len(rows) else (0, 0)
    right, wrong = np.zeros(shape), np.zeros(shape)
    np.add.at(right, (rows[correct], days[correct]), 1)
    np.add.at(wrong, (rows[~correct], days[~correct]), 1)
    return right, wrong


def _evidence(right: Doubles, wrong: Doubles, prior_right: float, prior_wrong: float) -> float:
    """Log of the mixture's likelihood ratio, for one shape of the null hypothesis."""
    starts = right.shape[1] - AGES[right.shape[1] > AGES]
    before_right, before_wrong = (np.cumsum(table, axis=1)[:, starts - 1] for table in (right, wrong))
    after_right = right.sum(axis=1, keepdims=True) - before_right
    after_wrong = wrong.sum(axis=1, keepdims=True) - before_wrong
    a, b = prior_right + before_right, prior_wrong + before_wrong
    null = special.betaln(a + after_right, b + after_wrong) - special.betaln(a, b)
    broken = special.betaln(0.3 + after_right, 0.7 + after_wrong) - special.betaln(0.3, 0.7) - null
    ratios = []
    for odds in ODDS:
        risk = odds * b / (a + odds * b)
        a2, b2 = (a + b) * (1 - risk), (a + b) * risk
        worse = special.betaln(a2 + after_right, b2 + after_wrong) - special.betaln(a2, b2) - null
        for share in BROKEN:
            if odds > 1 or share > 0:
                row = np.logaddexp(np.log1p(-share) + worse, np.log(share) + broken) if share else worse
                ratios.append(CAUTION * row.sum(axis=0))
    nothing_yet = np.log(max(0.0, 1 - len(starts) / HORIZON) or 1e-300)
    return float(np.logaddexp(special.logsumexp(ratios) - np.log(HORIZON * len(ratios)), nothing_yet))
