"""Wilson score intervals: how sure a success rate is, given how often it was tried."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""97.5% quantile of the standard normal distribution."""


def wilson(successes: int, trials: int, *, z: float = Z95) -> tuple[float, float]:
    """Lower and upper bound of a success rate; (0, 1) without trials.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..trials, got {successes} of {trials}")
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    spread = z * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    centre, scale = rate + z**2 / (2 * trials), 1 + z**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
