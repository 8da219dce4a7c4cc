"""One user's list: the algorithm's own order first, then the ladder, each score the sum of named shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving import taste
from recommendation_api.serving.filters import Mask
from recommendation_api.serving.ids import locate
from recommendation_api.serving.ladder import Rung, below, refill
from recommendation_api.serving.live import Ground
from recommendation_api.serving.people import Person
from recommendation_api.serving.top import best
from recsys.algorithms.base import FloatArray, Histories, IndexArray
from recsys.domain import Algorithm
from recsys.release import Release

Shares = dict[str, NDArray[np.float64]]

POPULARITY = Algorithm.POPULARITY.value
REFILL = "refill"
SILENT_AT_ZERO = frozenset(
    {Algorithm.ITEM_BASED, Algorithm.USER_BASED, Algorithm.CONTENT_BASED, Algorithm.EASE, Algorithm.POPULARITY}
)
"""These say nothing of an item by scoring it 0, and something bad by less; the others give each item a score."""
PREFERENCE_BOOST = np.float32(0.5)
"""What a fully liked category brings its most popular item, as a share of the best personal score."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Best first; `shares` sum to the score."""

    positions: IndexArray
    """(k,)"""
    rungs: IndexArray
    """(k,) see `Rung`"""
    shares: Shares
    """(k,) by source"""
    liking: FloatArray
    """(n_categories + 1,) the taste that the ladder went by"""

    @property
    def scores(self) -> NDArray[np.float64]:
        """(k,) not rising"""
        return np.sum([*self.shares.values()], axis=0) if self.shares else np.zeros(len(self.positions))

    def take(self, order: IndexArray) -> Ranking:
        shares = {source: share[order] for source, share in self.shares.items()}
        return Ranking(self.positions[order], self.rungs[order], shares, self.liking)


@dataclass(frozen=True, slots=True)
class Case:
    """All that the list of one user depends on, beside what may stand in it."""

    ground: Ground
    release: Release
    algorithm: Algorithm
    person: Person
    history: Histories
    """One row."""
    parts: Mapping[str, FloatArray]
    """(n_columns,) by source"""


def rank(case: Case, allowed: Mask, n: int) -> Ranking:
    """The best `n` of `allowed`: exactly that many, or all of them if there are fewer.

    Args:
        case: user and algorithm
        allowed: (n_positions,) what may stand in the list
        n: how many
    """
    stated = taste.stated(case.ground.view, case.person)
    named = _mask(case.ground, case.person.liked)
    totals = _personal_totals(case)
    boost = _boost(case, totals, stated)
    if totals is not None and boost is not None:
        totals = totals + boost
    open_to_all = allowed if named is None else allowed & ~named
    chosen = _personal(case, totals, open_to_all, n)
    ranking = Ranking(chosen, np.zeros(len(chosen), np.int32), _shares(case, chosen, boost), stated)
    return ranking if len(chosen) == n else _filled_up(case, ranking, named, allowed, n)


def _personal_totals(case: Case) -> FloatArray | None:
    """(n_positions,) the algorithm's scores; None where it has nothing to go by."""
    if not case.history.weights.nnz and case.algorithm is not Algorithm.POPULARITY:
        return None
    total = np.sum([*case.parts.values()], axis=0)
    if case.algorithm not in SILENT_AT_ZERO and np.ptp(total) <= 0:
        return None
    return case.ground.at_positions(total)


def _boost(case: Case, totals: FloatArray | None, stated: FloatArray) -> FloatArray | None:
    """(n_positions,) what stated preferences add for somebody with few events."""
    if totals is None or not stated.any():
        return None
    top = max(float(totals.max(initial=0)), 0.0)
    ground = case.ground
    return ground.relative_popularity * stated[ground.view.category] * PREFERENCE_BOOST * np.float32(top)


def _personal(case: Case, totals: FloatArray | None, allowed: Mask, n: int) -> IndexArray:
    if totals is None:
        return np.empty(0, np.int32)
    bar = np.float32(0) if case.algorithm in SILENT_AT_ZERO else np.float32(-np.inf)
    candidates = np.flatnonzero(allowed & (totals > bar)).astype(np.int32)
    return best(totals, candidates, n, case.ground.popularity)


def _shares(case: Case, chosen: IndexArray, boost: FloatArray | None) -> Shares:
    columns = case.ground.column[chosen]
    shares = {source: row[columns].astype(np.float64) for source, row in case.parts.items()}
    if boost is not None:
        shares[POPULARITY] = shares.get(POPULARITY, np.zeros(len(chosen))) + boost[chosen]
    return shares


def _filled_up(case: Case, ranking: Ranking, named: Mask | None, allowed: Mask, n: int) -> Ranking:
    """`ranking`, followed by items from the ladder."""
    allowed = allowed.copy()
    allowed[ranking.positions] = False
    learned = taste.learned(case.ground.view, case.release, case.history)
    liking = np.maximum(ranking.liking, learned / max(learned.max(), np.finfo(np.float32).tiny))
    more = refill(case.ground, liking, named, allowed, n - len(ranking.positions))
    lowest = float(ranking.scores[-1]) if len(ranking.positions) else None
    level = below(more.level, lowest).astype(np.float64)
    from_popularity = (more.rungs <= Rung.POPULAR) & (lowest is None) & (case.algorithm is Algorithm.HYBRID)
    added = {POPULARITY: np.where(from_popularity, level, 0), REFILL: np.where(from_popularity, 0, level)}
    return Ranking(
        np.concatenate([ranking.positions, more.positions]),
        np.concatenate([ranking.rungs, more.rungs]),
        _appended(ranking.shares, added, len(ranking.positions), len(more.positions)),
        liking,
    )


def _appended(first: Shares, second: Shares, n_first: int, n_second: int) -> Shares:
    return {
        source: np.concatenate([first.get(source, np.zeros(n_first)), second.get(source, np.zeros(n_second))])
        for source in [*first, *(source for source in second if source not in first)]
    }


def _mask(ground: Ground, item_ids: NDArray[np.int64]) -> Mask | None:
    if not len(item_ids):
        return None
    positions = locate(ground.view.item_ids, item_ids)
    mask = np.zeros(len(ground.view.item_ids), np.bool_)
    mask[positions[positions >= 0]] = True
    return mask
