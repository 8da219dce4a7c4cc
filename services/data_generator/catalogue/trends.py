"""What is in fashion: each topic's attention, drifting week by week."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_generator.plan import Plan, Stream

MEMORY = 0.96
"""How much of a week's deviation is left in the next."""
SPREAD = 0.35


def draw_trends(plan: Plan, n_topics: int) -> NDArray[np.float32]:
    """(weeks, n_topics) logarithm of the attention compared with the usual: a stationary random walk."""
    rng = plan.rng(Stream.TRENDS)
    steps = rng.normal(0, SPREAD * np.sqrt(1 - MEMORY**2), (plan.weeks, n_topics))
    trends = np.empty((plan.weeks, n_topics), np.float32)
    trends[0] = rng.normal(0, SPREAD, n_topics)
    for week in range(1, plan.weeks):
        trends[week] = MEMORY * trends[week - 1] + steps[week]
    return trends
