"""New items get their first impressions: a few places at the end of a list, drawn with known probability.

Docs: `docs/decisions/0022-exploration.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving import taste
from recommendation_api.serving.filters import Mask
from recommendation_api.serving.ladder import Rung
from recommendation_api.serving.live import Ground
from recommendation_api.serving.newcomers import content_model, near_text
from recommendation_api.serving.ranking import Case, Ranking
from recsys.algorithms.base import FloatArray, IndexArray
from recsys.domain import Algorithm

EXPLORATION = "exploration"
ENOUGH = 50
"""An item that was shown so often is no longer new."""
POOL = 20
"""Items that a place is drawn from."""
SHORTEST = 10
"""A shorter list is left alone: its last place is worth too much of it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Impressions of new items, see `RecommendationLog`."""

    item_ids: NDArray[np.int64]
    """Newer than the release when it was counted; what is newer still counts as not shown."""
    shown: Mapping[int, int]
    """Times, of items that were newer than one release or another, those shown less than `ENOUGH` times."""


NOTHING_COUNTED = Counted(np.empty(0, np.int64), {})


@dataclass(slots=True)
class Explorer:
    """What exploration goes by; `counted` is replaced as a whole."""

    share: float
    """Of a list's places, on average."""
    counted: Counted = NOTHING_COUNTED
    _new: tuple[Ground, Counted, IndexArray] | None = None

    def new_items(self, ground: Ground) -> IndexArray:
        """(k,) positions: newer than the release, or untouched since they were, and hardly shown."""
        known = self._new
        if known is None or known[0] is not ground or known[1] is not self.counted:
            known = self._new = ground, self.counted, self._look(ground)
        return known[2]

    def _look(self, ground: Ground) -> IndexArray:
        item_ids, counted = ground.view.item_ids, self.counted
        uncounted = (ground.column < 0) & ~np.isin(item_ids, counted.item_ids)
        hardly_shown = np.isin(item_ids, np.fromiter(counted.shown, np.int64, len(counted.shown)))
        return np.flatnonzero(uncounted | hardly_shown & ~ground.touched).astype(np.int32)

    def shown(self, ground: Ground, positions: IndexArray) -> NDArray[np.int64]:
        """(k,)"""
        ids = ground.view.item_ids[positions].tolist()
        return np.array([self.counted.shown.get(item_id, 0) for item_id in ids], np.int64)


@dataclass(frozen=True, slots=True)
class Explored:
    ranking: Ranking
    propensities: list[float] | None = None
    """Of each item; None: nothing was left to chance."""


def explore(case: Case, ranking: Ranking, allowed: Mask, explorer: Explorer, *, n: int, seed: str) -> Explored:
    """`ranking` with new items in some of its last places, each with the score of the place that it takes.

    n x share places on average: the whole part of it always, one more with the probability of the rest. They are filled
    uniformly from a pool of the items that were shown least, among equals of those that suit the user best.

    Args:
        case: whose list; only the hybrid's explores
        ranking: the final list
        allowed: (n_positions,) what may stand in it
        explorer: what is new, and how much of it is wanted
        n: how many were asked for; a list that came out shorter holds all that there is
        seed: the same one draws the same
    """
    new = explorer.new_items(case.ground)
    if not len(new) or not explorer.share or case.algorithm is not Algorithm.HYBRID:
        return Explored(ranking)
    listed = len(ranking.positions)
    if listed < max(n, SHORTEST):
        return Explored(ranking)
    pool = _pool(case, new[allowed[new] & ~np.isin(new, ranking.positions)], explorer)
    if not len(pool):
        return Explored(ranking)
    expected = min(n * explorer.share, len(pool), listed // 2)
    whole = int(expected)
    rng = np.random.default_rng(int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=8).digest(), "big"))
    places = whole + int(rng.random() < expected - whole)
    drawn = pool[np.sort(rng.choice(len(pool), places, replace=False))]
    return Explored(_placed(ranking, drawn), _propensities(listed, expected, places, len(pool)))


def _pool(case: Case, new: IndexArray, explorer: Explorer) -> IndexArray:
    """Of the least shown ones, in orders of magnitude, those that suit best; newer ones first among equals. Nothing
    that the user's history speaks against.
    """
    suits = _suits(case, new)
    new, suits = new[suits >= 0], suits[suits >= 0]
    rarely = np.floor(np.log2(explorer.shown(case.ground, new) + 1))
    return new[np.lexsort((-new, -suits, rarely))[:POOL]]


def _suits(case: Case, new: IndexArray) -> FloatArray:
    """(k,) how near the texts are to what the user touched, and how much the user likes the categories; below 0 where
    either speaks against the item.
    """
    ground, history = case.ground, case.history
    said = taste.stated(ground.view, case.person)
    learned = taste.learned(ground.view, case.release, history)
    suits = np.maximum(said, learned)[ground.view.category[new]]
    against = taste.disliked(ground.view, case.release, history)[ground.view.category[new]]
    model = content_model(case.release)
    if history.weights.nnz and model is not None:
        near = near_text(model, ground.column, ground.placed, model.profiles(history))
        suits = suits + np.clip(near[new] / max(float(near.max()), taste.TINY), 0, 1)
        against |= near[new] < 0
    return np.where(against, -1, suits).astype(np.float32)


def _placed(ranking: Ranking, drawn: IndexArray) -> Ranking:
    if not len(drawn):
        return ranking
    scores = ranking.scores
    last = slice(len(scores) - len(drawn), None)
    positions, rungs = ranking.positions.copy(), ranking.rungs.copy()
    positions[last], rungs[last] = drawn, Rung.PERSONAL
    shares = {source: share.copy() for source, share in ranking.shares.items()}
    shares[EXPLORATION] = np.zeros(len(scores))
    for share in shares.values():
        share[last] = 0
    shares[EXPLORATION][last] = scores[last]
    return replace(ranking, positions=positions, rungs=rungs, shares=shares)


def _propensities(listed: int, expected: float, places: int, pool: int) -> list[float]:
    """The first places are certain; one may go to chance or not; what was drawn has an equal chance each."""
    whole = int(expected)
    likely = np.ones(listed)
    if places == whole:
        likely[listed - whole - 1] = 1 - (expected - whole)
    likely[listed - places :] = expected / pool
    return [float(value) for value in likely]
