"""What computed lists show: where their items come from, how varied they are and how well known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.diversity import DIVERSITY
from recommendation_api.serving.exploration import EXPLORATION
from recommendation_api.serving.live import Ground
from recommendation_api.serving.ranking import REFILL, Case, Ranking
from recsys.algorithms.base import IndexArray
from recsys.domain import Algorithm
from recsys.rules import is_rule
from recsys.telemetry import FALLBACK_ANSWERS, LIST_DIVERSITY, LIST_POPULARITY, RECOMMENDED_ITEMS

NOTHING_KNOWN, NOTHING_PERSONAL, TOO_FEW = "nothing_known", "nothing_personal", "too_few"
_ITEMS = {
    source: RECOMMENDED_ITEMS.labels(source)
    for source in (*(name.value for name in Algorithm), REFILL, DIVERSITY, EXPLORATION)
}
_FALLBACKS = {
    (algorithm, reason): FALLBACK_ANSWERS.labels(algorithm.value, reason)
    for algorithm in Algorithm
    for reason in (NOTHING_KNOWN, NOTHING_PERSONAL, TOO_FEW)
}


def count(case: Case, ranking: Ranking, plain: IndexArray) -> None:
    """Count a list that was made.

    Args:
        case: whose list, by which algorithm
        ranking: the list
        plain: (n,) the positions that it would hold had nobody asked for diversity
    """
    if not len(ranking.positions):
        return
    for source, n in sources(ranking, plain).items():
        _ITEMS[source].inc(n)
    reason = fallback(case, ranking)
    if reason:
        _FALLBACKS[case.algorithm, reason].inc()
    if len(ranking.positions) > 1:
        LIST_DIVERSITY.observe(category_diversity(case.ground.view.category[ranking.positions]))
    LIST_POPULARITY.observe(float(popularity_percentiles(case.ground, ranking.positions).mean()))


def sources(ranking: Ranking, plain: IndexArray) -> dict[str, int]:
    """How many items each source brought: the largest of an item's shares; the ladder where the algorithm had no say;
    `diversity` for what is not of `plain`, `exploration` for new items in a place of theirs.
    """
    names = [name for name in ranking.shares if name not in {DIVERSITY, REFILL, EXPLORATION} and not is_rule(name)]
    nothing = np.zeros(len(ranking.positions))
    shares = [ranking.shares[name] for name in names]
    largest = np.argmax(shares, axis=0) if shares else np.zeros(len(ranking.positions), np.int64)
    brought = np.array([*names, REFILL, DIVERSITY, EXPLORATION])[largest]
    brought[(ranking.rungs > 0) & ~np.any(shares, axis=0)] = REFILL
    brought[~np.isin(ranking.positions, plain)] = DIVERSITY
    brought[ranking.shares.get(EXPLORATION, nothing) != 0] = EXPLORATION
    return dict(zip(*(column.tolist() for column in np.unique(brought, return_counts=True)), strict=True))


def fallback(case: Case, ranking: Ranking) -> str | None:
    """Why the algorithm did not fill the list by itself, new items aside; None where it did."""
    rungs = ranking.rungs[ranking.shares.get(EXPLORATION, np.zeros(len(ranking.rungs))) == 0]
    personal = int(np.count_nonzero(rungs == 0))
    if personal == len(rungs):
        return None
    if personal:
        return TOO_FEW
    return NOTHING_PERSONAL if case.history.weights.nnz else NOTHING_KNOWN


def category_diversity(codes: NDArray[np.int32]) -> float:
    """Share of the pairs of two items whose categories differ; items without a category differ from everything."""
    n = len(codes)
    alike = np.bincount(codes[codes >= 0], minlength=1)
    return 1.0 - float((alike * (alike - 1)).sum()) / (n * (n - 1))


def popularity_percentiles(ground: Ground, positions: IndexArray) -> NDArray[np.float64]:
    """(k,) the share of the catalogue that is less popular, equals counting half."""
    shown, ordered = ground.popularity[positions], ground.ordered_popularity
    below, up_to = (np.searchsorted(ordered, shown, side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * len(ordered)), np.float64)
