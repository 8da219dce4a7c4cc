"""Which items people come across in a week: the better known, the newer, those in fashion, and only what is on sale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.items import Catalogue
from data_generator.catalogue.lexicon import Lexicon
from data_generator.plan import WEEK, Plan, Stream
from data_generator.sampling import Floats, draw_within

NOVELTY, NOVELTY_WEEKS = 2.0, 8.0
SWING = 0.5
SWING_WEEKS = (26.0, 104.0)


@dataclass(frozen=True, slots=True)
class Demand:
    """Running totals of attention, week after week, over the items sorted by topic.

    An item has attention in a week only if it is on sale from the week's first moment to its last.
    """

    order: NDArray[np.int64]
    """(n,) item at each place: topics side by side, categories side by side"""
    first_place: NDArray[np.int64]
    """(n_topics + 1,) where each topic begins"""
    totals: Floats
    """(weeks * n + 1,)"""
    first_topic: NDArray[np.int64]
    """(n_categories + 1,)"""

    def draw(
        self, weeks: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], uniform: Floats
    ) -> NDArray[np.int64]:
        """(k, m) items that a visitor comes across in the topics `first..last` (exclusive).

        Where these have nothing on sale in the week, out of the whole catalogue.

        Args:
            weeks: (k,)
            first: (k,)
            last: (k,)
            uniform: (k, m) chances in [0, 1)
        """
        begin = weeks * len(self.order)
        start, stop = begin + self.first_place[first], begin + self.first_place[last]
        nothing = self.totals[stop] <= self.totals[start]
        start = np.where(nothing, begin, start)
        stop = np.where(nothing, begin + len(self.order), stop)
        places = draw_within(self.totals, start, stop, uniform) - begin[:, None]
        items: NDArray[np.int64] = self.order[places]
        return items


def make_demand(plan: Plan, lexicon: Lexicon, catalogue: Catalogue, trends: NDArray[np.float32]) -> Demand:
    rng = plan.rng(Stream.TRENDS, block=1)
    n = len(catalogue)
    liking = rng.lognormal(0, 0.6, len(lexicon.topics))
    swing = SWING * rng.normal(size=n)
    period = rng.uniform(*SWING_WEEKS, n)
    phase = rng.random(n)
    order = np.argsort(catalogue.topic, kind="stable")
    topic = catalogue.topic[order]
    weights = np.empty((plan.weeks, n))
    base = (liking[catalogue.topic] * catalogue.renown)[order]
    live_from, live_until = catalogue.live_from[order], catalogue.live_until[order]
    for week in range(plan.weeks):
        begin = plan.start_at + week * WEEK
        age = np.maximum(begin - live_from, 0) / WEEK
        novelty = 1 + NOVELTY * np.exp(-age / NOVELTY_WEEKS)
        mood = np.exp(swing * np.sin(2 * np.pi * (week / period + phase)) + trends[week, topic])
        on_sale = (live_from <= begin) & (live_until >= min(begin + WEEK, plan.end_at))
        weights[week] = base * novelty * mood * on_sale
    totals = np.empty(weights.size + 1)
    totals[0] = 0
    np.cumsum(weights.ravel(), out=totals[1:])
    return Demand(order, np.searchsorted(topic, np.arange(len(lexicon.topics) + 1)), totals, lexicon.first_topic)
