"""The confidence interval of a share."""

from __future__ import annotations

import math

_Z95 = 1.959963984540054  # normal quantile of .975


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """95% score interval of a proportion (Wilson, J. Am. Stat. Assoc. 22, 1927); (0, 1) where nothing was tried.

    Raises:
        ValueError: not 0 <= hits <= trials.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits of {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    share, spread = hits / trials, _Z95**2 / trials
    middle = (share + spread / 2) / (1 + spread)
    half = _Z95 * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    # At the ends the formula gives 0 and 1 but for rounding.
    return (0.0 if hits == 0 else middle - half, 1.0 if hits == trials else middle + half)
