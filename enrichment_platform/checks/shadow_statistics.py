"""How surprising the labels of a partition are to the shadow, against how surprising earlier partitions were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrichment_platform.checks.shadow_model import Floats, Integers

Doubles = NDArray[np.float64]

SHARE = 0.05
"""Share of wrong rows that the scores are most powerful for: the rate that the suite is measured at."""

USUAL_SPREAD = 0.005
"""How much the share of wrong labels differs between days, as believed before there are many: half a point."""

PRIOR_WEIGHT = 14
"""Partitions that the belief is worth."""


@dataclass(frozen=True)
class Judged:
    """Rows that the shadow has an opinion of.

    Args:
        opinion: Probability of each class (rows x classes), from a model that saw no row of the partition.
        given: Class that each row was given.
        partitions: Partition of each row, from 0; all 0 in the partition that is judged.
    """

    opinion: Floats
    given: Integers
    partitions: Integers

    @property
    def believed(self) -> Floats:
        """Probability of the given class of each row."""
        return self.opinion[np.arange(len(self.given)), self.given]


@dataclass(frozen=True)
class Suspicion:
    """One way in which labels can be wrong, and how much speaks for it.

    Args:
        p_value: Chance of as much in a partition like those of the history.
        wrong: Rows that are wrong by the estimate, above what is usual.
        given: Class that the wrong rows were given; -1 where it is no single one.
        instead: Class that the shadow expected there; -1 where it is no single one.
        replaced: Share of the rows of `instead` that were given `given`.
    """

    p_value: float
    wrong: float
    given: int = -1
    instead: int = -1
    replaced: float = 0.0


def overall(history: Judged, today: Judged, prior: Floats) -> Suspicion:
    """Labels that have nothing to do with their texts: the score test of a share of rows with labels of other rows.

    A row's score is what a mixture with labels drawn from all rows gains over the shadow's opinion, less what is to
    be expected of the row if the shadow is right: so a day of hard texts or of other labels is no surprise. The
    partition's mean is compared with those of earlier partitions; what these differ by beyond chance counts
    (DerSimonian and Laird 1986), drawn towards `USUAL_SPREAD` where there are few of them.
    """
    from scipy import stats  # half a second of every command's start

    before, now = _residuals(history, prior), _residuals(today, prior)
    sizes = np.bincount(history.partitions).astype(np.float64)
    means = np.bincount(history.partitions, before) / sizes
    within = float(np.sum((before - means[history.partitions]) ** 2) / (len(before) - len(sizes)))
    gains = _gains(history.opinion, prior)
    swapped = float((gains @ prior).mean() - gains[np.arange(len(before)), history.given].mean())
    between = (PRIOR_WEIGHT * (USUAL_SPREAD * swapped) ** 2 + (len(sizes) - 1) * _between(means, sizes, within)) / (
        PRIOR_WEIGHT + len(sizes) - 1
    )
    between = max(between, (USUAL_SPREAD * swapped / 2) ** 2)
    precision = 1 / (between + within / sizes)
    usual = float(np.sum(means * precision) / precision.sum())
    error = np.sqrt(between + within / len(now) + 1 / precision.sum())
    excess = float(now.mean()) - usual
    share = min(1.0, max(0.0, excess / max(swapped, 1e-9)))
    return Suspicion(float(stats.t.sf(excess / error, len(sizes) - 1 + PRIOR_WEIGHT)), share * len(now))


def by_label(history: Judged, today: Judged) -> Suspicion:
    """One label that is given to rows whatever their text, as in a collapse to it: each label's score test."""
    gains = np.log1p(SHARE * (1 / today.opinion.astype(np.float64) - 1))
    observed, expected, variance = _label_sums(today)
    k = int(history.partitions.max()) + 1
    parts = [_label_sums(_of(history, j)) for j in range(k)]
    seen, due = np.sum([part[0] for part in parts], axis=0), np.sum([part[1] for part in parts], axis=0)
    largest = np.log1p(SHARE * (1 / history.opinion.min(axis=0) - 1)).astype(np.float64)
    worst = 0.0
    for o, e, v in parts:
        ratio = np.maximum(1, (seen - o + 1) / (due - e + 1))
        worst = max(worst, float(_bernstein(o - ratio * e, ratio * v, largest).max()))
    ratio = np.maximum(1, (seen + 1) / (due + 1))
    exponents = _bernstein(observed - ratio * expected, ratio * variance, largest)
    label = int(exponents.argmax())
    clean = float((ratio * expected)[label])
    share = (observed[label] - clean) / max(float(gains[:, label].sum()) - clean, 1e-9)
    p_value = _against_worst(float(exponents[label]), worst, len(exponents), k)
    return Suspicion(p_value, max(0.0, float(share)) * len(today.given), given=label)


def by_cell(history: Judged, today: Judged) -> Suspicion:
    """One label that is given where another belongs: each cell of (given, expected by the shadow) by itself."""
    classes = today.opinion.shape[1]
    observed, expected = _cells(today, classes)
    k = int(history.partitions.max()) + 1
    parts = [_cells(_of(history, j), classes) for j in range(k)]
    seen, due = np.sum([part[0] for part in parts], axis=0), np.sum([part[1] for part in parts], axis=0)
    worst = max(float(_cell_exponents(o, e, seen - o, due - e).max()) for o, e in parts)
    exponents = _cell_exponents(observed, expected, seen, due)
    usual = expected * (seen + 1) / (due + 1)
    given, instead = np.unravel_index(int(exponents.argmax()), exponents.shape)
    excess = max(0.0, float(observed[given, instead] - usual[given, instead]))
    column = max(float(observed[:, instead].sum()), 1.0)
    p_value = _against_worst(float(exponents[given, instead]), worst, classes * (classes - 1), k)
    return Suspicion(p_value, excess, int(given), int(instead), excess / column)


def _gains(opinion: Floats, prior: Floats) -> Floats:
    return np.asarray(np.log1p(SHARE * (prior / opinion - 1)), np.float32)


def _residuals(judged: Judged, prior: Floats) -> Doubles:
    gains = _gains(judged.opinion, prior)
    due = np.einsum("ij,ij->i", gains, judged.opinion)
    return np.asarray(gains[np.arange(len(judged.given)), judged.given] - due, np.float64)


def _between(means: Doubles, sizes: Doubles, within: float) -> float:
    weights = sizes / within
    centre = (means * weights).sum() / weights.sum()
    heterogeneity = float((weights * (means - centre) ** 2).sum())
    spread = weights.sum() - (weights**2).sum() / weights.sum()
    return float((heterogeneity - (len(means) - 1)) / spread)


def _of(judged: Judged, partition: int) -> Judged:
    rows = judged.partitions == partition
    return Judged(judged.opinion[rows], judged.given[rows], judged.partitions[rows])


def _label_sums(judged: Judged) -> tuple[Doubles, Doubles, Doubles]:
    """Gain of each label where it was given; the same expected by the shadow; its variance."""
    opinion = judged.opinion.astype(np.float64)
    gains = np.log1p(SHARE * (1 / opinion - 1))
    rows = np.arange(len(judged.given))
    observed = np.bincount(judged.given, gains[rows, judged.given], minlength=opinion.shape[1]).astype(np.float64)
    return observed, (opinion * gains).sum(axis=0), (opinion * gains**2).sum(axis=0)


def _cells(judged: Judged, classes: int) -> tuple[Doubles, Doubles]:
    """Rows in each cell (given x expected by the shadow), and as many as the shadow's opinion makes of them."""
    predicted = judged.opinion.argmax(axis=1)
    observed = np.bincount(judged.given * classes + predicted, minlength=classes**2).reshape(classes, classes)
    expected = np.zeros((classes, classes))
    np.add.at(expected.T, predicted, judged.opinion.astype(np.float64))
    return observed.astype(np.float64), expected


def _bernstein(excess: Doubles, variance: Doubles, largest: Doubles) -> Doubles:
    """Exponent of Bernstein's bound on so large a sum of independent terms."""
    above = np.maximum(excess, 0)
    return np.asarray(above**2 / (2 * (variance + largest * above / 3) + 1e-12), np.float64)


def _cell_exponents(observed: Doubles, expected: Doubles, seen: Doubles, due: Doubles) -> Doubles:
    """Minus the log of the chance of as many rows in each cell; 0 on the diagonal.

    How often the shadow's opinion is exceeded in a cell is learned from the history (`seen` of `due` rows), with a
    gamma prior of one row: the count is negative binomial.
    """
    from scipy import stats

    odds = (due + 1) / (due + 1 + expected)
    exponents = np.zeros_like(observed)
    some = np.nonzero(observed >= 2)
    exponents[some] = -stats.nbinom.logsf(observed[some] - 1, seen[some] + 1, odds[some])
    np.fill_diagonal(exponents, 0.0)
    return exponents


def _against_worst(exponent: float, worst: float, tests: int, partitions: int) -> float:
    """p-value of the largest of many exponents, stretched so that the history's worst partition was not rare."""
    stretch = max(1.0, worst / np.log(tests * partitions))
    return float(min(1.0, tests * np.exp(-exponent / stretch)))
