"""Evidence, added up over days, that golden rows are answered worse than they were."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

HORIZON = 90
"""Partitions back to which a change is looked for; also over how many the chance of a false alarm was measured."""

MEANS = special.expit(np.linspace(-7.0, 1.5, 52))
"""Shares of wrong answers among ordinary golden rows, as the null hypothesis may have them."""

CONCENTRATIONS = (1.0, 10.0, 1e5)
"""How alike ordinary rows are: at the least they differ much, at the most all are wrong equally often."""

HARD_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Share of the golden rows that fail nearly every time. Without these, rows that always fail would make a beta
distribution so U-shaped that one more flip of a row which was always right would seem all but impossible."""

HARD = (0.2, 1.8)
"""Beta distribution (right, wrong) of the rows that fail nearly every time: nine answers of ten are wrong."""

BROKEN = (0.3, 0.7)
"""Beta distribution (right, wrong) of the rows that a change broke."""

CHANGES = ((1.5, 0.0), (2.5, 0.0), (1.0, 0.05), (1.0, 0.15), (1.5, 0.05), (4.0, 0.3))
"""What may have happened: how much larger the odds of a wrong answer became in every ordinary row, and the share of
all rows that broke, whatever they were before."""

CAUTION = 0.5
"""Power of each likelihood ratio (by Jensen's inequality an e-value stays one): leaves room for days on which all rows
are a little better or worse, and for rows unlike those of the null hypothesis. Measured where the same rows fail each
time, .92 with a day's effect of sd .2: at .65, 10 of 600 runs of 90 days had an alarm, at .6 7, at .5 and .45 3."""

KEPT = 3
"""Null hypotheses looked at for each start of a change, the likeliest before it. The evidence is a sum, so that the
others could only add to it."""

AGES = np.array([*range(1, 11), 12, 14, 17, 20, 24, 28, 33, 39, 46, 54, 63, 75, 89])
"""Partitions since a change; each also stands for the ages up to the next one."""


class _Shape(NamedTuple):
    """A null hypothesis: beta distribution of ordinary rows, and the log share of these and of the hard ones."""

    right: Doubles
    wrong: Doubles
    ordinary: Doubles
    hard: Doubles


def _shapes() -> _Shape:
    means, spread, hard = (
        grid.ravel() for grid in np.meshgrid(MEANS, np.array(CONCENTRATIONS), np.array(HARD_SHARES), indexing="ij")
    )
    return _Shape((1 - means) * spread, means * spread, np.log1p(-hard), np.log(np.maximum(hard, 1e-300)))


SHAPES = _shapes()


def e_value(results: pl.DataFrame) -> float:
    """Evidence against "every golden row is right as often as ever", up to the last partition.

    The null hypothesis gives each golden row its own unknown share of right answers: ordinary rows from a beta
    distribution, hard ones from another, with an unknown share of hard ones. What was seen of a row is what is
    expected of it. The alternatives: at some partition the odds of being wrong rose in all ordinary rows, or a share
    of the rows broke. Both are Bayesian mixtures, so their ratio is an e-process under the null's mixture, and the
    chance that it reaches 100 in 90 partitions at most 1% (Ville's inequality; Ramdas, Gruenwald, Vovk and Shafer
    2023, Game-theoretic statistics). As ages are coarse, accuracy is one fixed value and days differ, that is no
    proof, so it was simulated: 60 of 300 golden rows a day, others every day, looked at daily for 90 days, accuracy
    .92 and .98, a day's effect of sd 0 and .2 on the logit scale. Runs with an alarm: where answers are independent,
    and where the same rows fail each time but for 1% flips, 0 of 300 in each of the 8 cases; where the same rows fail
    each time without flips, 0 of 300 in 3 cases, and 5 of 900 (.6%, interval .2% to 1.3%) at .92 with a day's effect.

    Found, in 200 runs each after 30 steady days (14 before the decay), days until the median alarm:

        accuracy                      the same rows fail, 1% flips    independent answers
        .98 to .95                    8 (98% in 60 days)              found in 39% in 60 days
        .92 to .83                    3                               12
        .92 to .87                    5                               found in 40% in 60 days
        .92 to .84 over 90 days       36, 3.2 points lost             86, 7.6 points lost
        ... before 4 points are lost  86% of runs                     0%

    Where each day other rows are swapped, and the rest fail as ever: 9 days at 10% of rows, 24 at 5%.

    Args:
        results: partition_key, golden_id, correct; one row an answer of one field.

    Returns:
        The e-value; 1 where there is nothing to compare with.
    """
    right, wrong = _tables(results)
    days = right.shape[1]
    if days < 2:
        return 1.0
    ages = AGES[days > AGES]
    stands_for = np.diff(np.minimum(np.append(AGES, HORIZON)[: len(ages) + 1], days))
    right_until, wrong_until = np.cumsum(right, axis=1), np.cumsum(wrong, axis=1)
    until = np.append(days - ages, days) - 1
    likelihood = _likelihood(right_until[:, until], wrong_until[:, until])
    posterior = likelihood[:, -1] - special.logsumexp(likelihood[:, -1])
    kept = np.argpartition(-likelihood[:, :-1], KEPT, axis=0)[:KEPT]
    ratios = np.full((len(CHANGES), len(ages)), -np.inf)
    for shape in np.unique(kept):
        columns = np.flatnonzero((kept == shape).any(axis=0))
        before_right, before_wrong = (table[:, until[columns]] for table in (right_until, wrong_until))
        after_right, after_wrong = right_until[:, -1:] - before_right, wrong_until[:, -1:] - before_wrong
        under = posterior[shape] + _ratios(shape, before_right, before_wrong, after_right, after_wrong)
        ratios[:, columns] = np.logaddexp(ratios[:, columns], under)
    changed = special.logsumexp(CAUTION * ratios + np.log(stands_for / (HORIZON * len(CHANGES))))
    nothing_yet = np.log(max(1 - stands_for.sum() / HORIZON, 1e-300))
    return float(np.exp(min(np.logaddexp(changed, nothing_yet), 700.0)))


def _tables(results: pl.DataFrame) -> tuple[Integers, Integers]:
    """Right and wrong answers (golden rows x partitions)."""
    rows = results.get_column("golden_id").rank("dense").to_numpy().astype(np.int64) - 1
    days = results.get_column("partition_key").rank("dense").to_numpy().astype(np.int64) - 1
    correct = results.get_column("correct").to_numpy()
    shape = (int(rows.max()) + 1, int(days.max()) + 1) if len(rows) else (0, 0)
    right, wrong = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(right, (rows[correct], days[correct]), 1)
    np.add.at(wrong, (rows[~correct], days[~correct]), 1)
    return right, wrong


def _likelihood(right: Integers, wrong: Integers) -> Doubles:
    """Log likelihood (null hypotheses x partitions) of the answers up to each of some partitions."""
    (seen_right, seen_wrong), kinds = _distinct(right, wrong)
    each = slice(None, None, len(HARD_SHARES))  # the share of hard rows does not matter to the ordinary ones
    ordinary = _updated(SHAPES.right[each, None], SHAPES.wrong[each, None], seen_right, seen_wrong)
    ordinary = SHAPES.ordinary[:, None] + np.repeat(ordinary, len(HARD_SHARES), axis=0)
    hard = SHAPES.hard[:, None] + _updated(*HARD, seen_right, seen_wrong)
    rows = np.logaddexp(ordinary, hard)
    counts = np.stack([np.bincount(column, minlength=len(seen_right)) for column in kinds.T], axis=1)
    likelihood: Doubles = rows @ counts
    return likelihood


def _ratios(
    shape: int, before_right: Integers, before_wrong: Integers, after_right: Integers, after_wrong: Integers
) -> Doubles:
    """Log likelihood ratios (changes x starts) of the answers after a start, under one null hypothesis."""
    (s, f, s2, f2), kinds = _distinct(before_right, before_wrong, after_right, after_wrong)
    right, wrong = SHAPES.right[shape], SHAPES.wrong[shape]
    a, b = right + s, wrong + f
    ordinary = SHAPES.ordinary[shape] + _updated(right, wrong, s, f)
    hard = SHAPES.hard[shape] + _updated(*HARD, s + s2, f + f2)
    seen = np.logaddexp(ordinary, SHAPES.hard[shape] + _updated(*HARD, s, f))
    broken = _updated(*BROKEN, s2, f2)
    null = np.logaddexp(ordinary + _updated(a, b, s2, f2), hard) - seen
    ratios = []
    for odds, share in CHANGES:
        risk = odds * b / (a + odds * b)
        worse = _updated((a + b) * (1 - risk), (a + b) * risk, s2, f2)
        row = np.logaddexp(ordinary + worse, hard) - seen
        if share:
            row = np.logaddexp(np.log1p(-share) + row, np.log(share) + broken)
        ratios.append((row - null)[kinds].sum(axis=0))
    return np.stack(ratios)


def _updated(right: Doubles | float, wrong: Doubles | float, seen_right: Integers, seen_wrong: Integers) -> Doubles:
    """Log likelihood of answers in their order, of a row whose share of right ones has this beta distribution."""
    likelihood: Doubles = special.betaln(right + seen_right, wrong + seen_wrong) - special.betaln(right, wrong)
    return likelihood


def _distinct(*tables: Integers) -> tuple[Integers, Integers]:
    """Counts that occur together (tables x kinds), and the kind of each cell: few differ, and they cost most."""
    code = np.zeros_like(tables[0])
    for table in tables:
        code = code * (int(table.max(initial=0)) + 1) + table
    _, first, kinds = np.unique(code, return_index=True, return_inverse=True)
    return np.stack([table.ravel()[first] for table in tables]), kinds.reshape(code.shape)
