"""Fewer of the same: re-ranking by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.ranking import Ranking

DIVERSITY = "diversity"
TINY = float(np.finfo(np.float32).tiny)


def pool_size(n: int) -> int:
    """How many candidates the re-ranking of `n` looks at."""
    return min(5 * n, n + 500)


def diversify(ranking: Ranking, similarity: NDArray[np.float32], n: int, strength: float) -> Ranking:
    """The `n` that are good and unlike one another.

    The value of an item is (1 - strength) x score - strength x range x its highest similarity to what stands above it,
    where range is the spread of the pool's scores. The value of the one picked never rises, and the difference to the
    score becomes the share of `diversity`.

    Args:
        ranking: the pool of k candidates, best first
        similarity: (k, k) 0..1
        n: length of the list
        strength: 0 leaves the order as it is, 1 looks at unlikeness alone
    """
    scores = ranking.scores
    if not len(scores):
        return ranking
    spread = max(float(scores[0] - scores[-1]), TINY)
    nearest = np.zeros(len(scores))
    values = (1 - strength) * scores
    order, final = [], []
    for _ in range(min(n, len(scores))):
        marginal = values - strength * spread * nearest
        pick = int(np.argmax(marginal))
        order.append(pick)
        final.append(marginal[pick])
        values[pick] = -np.inf
        np.maximum(nearest, similarity[pick], out=nearest)
    chosen = ranking.take(np.array(order, np.int32))
    shares = {**chosen.shares, DIVERSITY: np.array(final) - chosen.scores}
    return Ranking(chosen.positions, chosen.rungs, shares)
