"""What the days of one simulated enrichment have in common: mix of classes, weekdays, trend, size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.silent_failure_data import Pool

HISTORY = 30  # days
CONCENTRATION = 515.0  # of the Dirichlet mix: a 35% class has a between-day standard deviation of 2.1 points
WEEKDAY, TREND = 0.05, 0.08  # standard deviations of the log of a class's share: by weekday, over 30 days
SIZE_SPREAD = 0.2  # of the log of a day's rows; weekends have three quarters
START = date(2025, 9, 1)


@dataclass(frozen=True)
class Climate:
    """What is the same on all days of one simulated enrichment."""

    base: NDArray[np.float64]
    weekday: NDArray[np.float64]
    trend: NDArray[np.float64]
    offset: int

    @classmethod
    def of(cls, pool: Pool, rng: np.random.Generator) -> Climate:
        """Drawn once: effects of weekdays and a trend of each stratum."""
        base = np.bincount(pool.strata) / len(pool.strata)
        effects = rng.normal(0, WEEKDAY, (7, len(base)))
        return cls(base, effects, rng.normal(0, TREND, len(base)), int(rng.integers(7)))

    def day(self, number: int) -> date:
        """The date of a day."""
        return START + timedelta(days=number + self.offset)

    def mix(self, number: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Shares of the strata on a day."""
        tilt = self.weekday[self.day(number).weekday()] + self.trend * number / HISTORY
        expected = self.base * np.exp(tilt)
        return np.asarray(rng.dirichlet(CONCENTRATION * expected / expected.sum()))

    def rows(self, number: int, usual: int, rng: np.random.Generator) -> int:
        """How many rows a day has."""
        weekend = 0.75 if self.day(number).weekday() >= 5 else 1.0
        return max(30, round(usual * weekend * float(np.exp(rng.normal(0, SIZE_SPREAD)))))
