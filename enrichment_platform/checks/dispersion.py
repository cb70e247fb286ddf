"""How far counts lie from what their own history predicts, measured against the history's own dispersion.

Real partitions vary more than draws from one multinomial (CHECKS.md: a plain G-test alarms on 68% of clean days). A
share is therefore modelled as a level, a slow trend and a weekday effect, with a random effect of the day on top of the
sampling noise; a new partition is compared with the prediction interval of that model, not with the noise of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]

MIN_PARTITIONS = 7
"""Below, Student's t asks for a move of 6 standard deviations and more at the family's level: nothing could be seen."""
MIN_ROWS = 20
"""Below, one row is 5 points, more than what any detector calls a move that matters."""
WINDOW = {"hourly": 240}
WINDOW_DEFAULT = 60  # the latest partitions: older ones say more of another season than of today
_MOST_FREEDOM = 30  # days have longer tails than a normal distribution: holidays, campaigns, outages
_TREND_FROM = 14
_SEASON_FROM = {"daily": 28, "hourly": 96}  # four rounds of the season
_SEASON_SEEN = 3
_STRANGE = 0.05  # ten times the level of the family: above, no p value makes a check fail


@dataclass(frozen=True)
class Calendar:
    """Regressors of the partitions: `design` (partitions, terms) of the history, `point` (terms) of the new one."""

    design: FloatArray
    point: FloatArray

    @property
    def freedom(self) -> int:
        """Partitions less terms."""
        return int(self.design.shape[0] - self.design.shape[1])


@dataclass(frozen=True)
class Forecast:
    """What the history predicts of C shares in the new partition, and how far off that is.

    Args:
        expected: Shares, (C).
        fitted: Shares of the earlier partitions as the model has them, (partitions, C).
        t: Studentised distance of the new shares from the expected ones, positive upwards, (C).
        freedom: Degrees of freedom of t.
        spread: Variance of the day's effect and of the estimate, on the angle's scale, (C).
    """

    expected: FloatArray
    fitted: FloatArray
    t: FloatArray
    freedom: int
    spread: FloatArray


def calendar(keys: Sequence[str], key: str, kind: str) -> Calendar:
    """Level, linear trend and season of the partitions.

    Args:
        keys: Earlier partitions, in order.
        key: The new one.
        kind: `partitions.type`; static ones have no order, so neither trend nor season.

    Returns:
        Terms: the level; from 14 partitions on a trend; from four weeks on (hourly: four days) an effect of the
        weekday (the hour), where that of the new partition was seen three times.
    """
    number = len(keys)
    columns = [np.ones(number + 1)]
    if kind != "static" and number >= _TREND_FROM:
        columns.append((np.arange(number + 1) - number) / number)
    seasons = _seasons([*keys, key], kind)
    if seasons is not None and number >= _SEASON_FROM[kind]:
        earlier, present = seasons[:-1], seasons[-1]
        if np.count_nonzero(earlier == present) >= _SEASON_SEEN:
            columns += [(seasons == level).astype(float) for level in np.unique(earlier)[1:]]
    stacked = np.stack(columns, axis=1)
    return Calendar(stacked[:-1], stacked[-1])


def forecast(counts: FloatArray, totals: FloatArray, now: FloatArray, total: float, days: Calendar) -> Forecast:
    """Predict shares by a random-effects regression over partitions, each share by itself.

    Shares are compared as angles, asin(sqrt(p)) with Anscombe's (1948) correction: their sampling variance 1/(4n+2) is
    the same for rare and common categories. The variance of the day is the moments estimator of DerSimonian & Kacker
    (2007), iterated; the interval is that of Higgins et al. (2009) for a new study, with the scale of Hartung & Knapp
    (2001), never below the sampling variance.

    Args:
        counts: (partitions, C).
        totals: (partitions), positive.
        now: (C), of the new partition.
        total: Rows of the new partition, positive.
        days: Regressors.
    """
    design, point = days.design, days.point
    angle, noise = _angle(counts, totals[:, None]), 1 / (4 * totals + 2)
    between = np.zeros(counts.shape[1])
    for _ in range(3):
        weight = 1 / (noise + between[:, None])  # (C, partitions)
        inverse, level, residual = _regression(design, weight, angle)
        excess = (weight * residual**2).sum(axis=1) - _expectation(design, weight, inverse, weight * noise)
        between = np.maximum(0, excess / _expectation(design, weight, inverse, weight))
    weight = 1 / (noise + between[:, None])
    inverse, level, residual = _regression(design, weight, angle)
    scale = (weight * residual**2).sum(axis=1) / days.freedom * _persistence(np.sqrt(weight) * residual)
    scale = np.maximum(1, scale)
    spread = scale * (between + point @ inverse @ point)
    predicted = level @ point
    distance = _angle(now[None, :], np.array([[total]]))[0] - predicted
    return Forecast(
        expected=_share(predicted),
        fitted=_share(design @ level.T),
        t=distance / np.sqrt(spread + scale / (4 * total + 2)),
        freedom=min(days.freedom, _MOST_FREEDOM),
        spread=spread,
    )


def upward(predicted: Forecast, now: FloatArray, total: float) -> FloatArray:
    """Chance of counts as high as these, (C): the larger one of Student's t and of a beta-binomial.

    Each is wrong where the other is right: t knows that the dispersion was estimated from few partitions, the
    beta-binomial knows that small counts are skewed. The latter is a sum over rows, so it is asked only where Student's
    is below 5%, and is told up to 5%: what is above is no alarm, whatever it is.
    """
    chances: FloatArray = np.array(special.stdtr(predicted.freedom, -predicted.t), dtype=np.float64)
    # The variance of a share is 4 p (1 - p) times that of its angle (delta method), and rho p (1 - p).
    rho = np.clip(4 * predicted.spread, 1e-9, 0.99)
    for place in np.flatnonzero(chances < _STRANGE):
        count, mean, one = float(now[place]), float(predicted.expected[place]), float(rho[place])
        chances[place] = max(chances[place], min(beta_binomial_tail(count, total, mean, one), _STRANGE))
    return chances


def beta_binomial_tail(count: float, total: float, mean: float, rho: float) -> float:
    """P(X >= count) of a beta-binomial with this mean and correlation rho between rows; summed term by term."""
    if count <= 0:
        return 1.0
    mean = min(max(mean, 0.5 / (total + 1)), 1 - 0.5 / (total + 1))
    first, second = mean * (1 / rho - 1), (1 - mean) * (1 / rho - 1)
    k = np.arange(count, total + 1)
    terms = (
        -special.betaln(k + 1, total - k + 1)
        - np.log(total + 1)
        + special.betaln(k + first, total - k + second)
        - special.betaln(first, second)
    )
    return float(min(1.0, np.exp(special.logsumexp(terms))))


def quasi_f(
    counts: FloatArray, totals: FloatArray, now: FloatArray, total: float, predicted: Forecast, days: Calendar
) -> float:
    """Chance that categories of the new partition lie as far from the prediction, all together.

    Pearson's statistic of the new partition over the mean of the history's own (McCullagh & Nelder 1989, section 4.5),
    its terms taken as angles, because those of rare categories are skewed. A partition's size enters by 1 + (n - 1) rho
    (Williams 1982), and both degrees of freedom are those of Box (1954): days move some categories together, so that
    there are fewer free directions than categories.

    Returns:
        p of the F distribution; 1 for fewer than two categories.
    """
    if counts.shape[1] < 2:
        return 1.0
    earlier = _terms(counts, totals[:, None], predicted.fitted)
    plain = (1 - predicted.fitted).sum(axis=1)  # expectation of the squares without a day's effect
    found = (earlier**2).sum() * totals.size / days.freedom
    rho = max(0.0, float((found - plain.sum()) / max((plain * (totals - 1)).sum(), 1e-12)))
    earlier /= np.sqrt(1 + (totals - 1) * rho)[:, None]
    covariance = earlier.T @ earlier / days.freedom
    persistence = float(_persistence(earlier.T.reshape(1, *earlier.T.shape))[0])
    trace, square = float(np.trace(covariance)) * persistence, float((covariance**2).sum()) * persistence**2
    noise = 1 - predicted.expected
    if trace < noise.sum():  # a history that varies less than draws do is held to the noise of draws
        trace, square = float(noise.sum()), float((noise**2).sum())
    free = max(trace**2 / square, 1.0)
    leverage = float(days.point @ np.linalg.pinv(days.design.T @ days.design) @ days.point)
    new = _terms(now[None, :], np.array([[total]]), predicted.expected[None, :]) / np.sqrt(1 + (total - 1) * rho)
    ratio = float((new**2).sum()) / (trace * (1 + leverage))
    return float(special.fdtrc(free, free * min(days.freedom, _MOST_FREEDOM), ratio))


def _regression(design: FloatArray, weight: FloatArray, angle: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    weighted = weight[:, None, :] * design.T  # (C, terms, partitions)
    inverse: FloatArray = np.asarray(np.linalg.pinv(weighted @ design, hermitian=True), dtype=np.float64)
    level = (inverse @ (weighted @ angle.T[:, :, None]))[:, :, 0]
    return inverse, level, angle.T - level @ design.T


def _expectation(design: FloatArray, weight: FloatArray, inverse: FloatArray, spent: FloatArray) -> FloatArray:
    # E of the weighted sum of squares where an observation's variance is spent/weight: what the terms took is gone.
    taken = (weight * spent)[:, None, :] * design.T @ design
    return np.asarray(spent.sum(axis=1) - np.trace(inverse @ taken, axis1=1, axis2=2))


def _terms(counts: FloatArray, totals: FloatArray, shares: FloatArray) -> FloatArray:
    # Pearson's (count - n p) / sqrt(n p), to first order.
    distance = _angle(counts, totals) - np.arcsin(np.sqrt(shares))
    return np.asarray(2 * np.sqrt((totals + 0.5) * (1 - shares)) * distance)


def _persistence(residual: FloatArray) -> FloatArray:
    """Variance inflation (1 + r) / (1 - r) of a first-order autoregression, never below 1; last axis: partitions.

    A level that wanders leaves residuals that resemble their neighbours, and a forecast worse than they are.
    """
    axes = tuple(range(1, residual.ndim))
    squares = np.maximum((residual**2).sum(axis=axes), 1e-12)
    r = np.clip((residual[..., 1:] * residual[..., :-1]).sum(axis=axes) / squares, 0, 0.8)
    return np.asarray((1 + r) / (1 - r))


def _angle(counts: FloatArray, totals: FloatArray) -> FloatArray:
    return np.asarray(np.arcsin(np.sqrt((counts + 0.375) / (totals + 0.75))))


def _share(angle: FloatArray) -> FloatArray:
    return np.asarray(np.sin(np.clip(angle, 0, np.pi / 2)) ** 2)


def _seasons(keys: Sequence[str], kind: str) -> FloatArray | None:
    if kind not in _SEASON_FROM:
        return None
    try:
        if kind == "hourly":  # 2026-01-01-00:00
            return np.array([float(key[11:13]) for key in keys])
        return np.array([float(date.fromisoformat(key).weekday()) for key in keys])
    except ValueError:
        return None
