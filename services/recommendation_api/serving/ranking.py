"""One user's list: the algorithm's own order first, then the ladder, each score the sum of named shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving import taste
from recommendation_api.serving.filters import Mask
from recommendation_api.serving.ids import locate
from recommendation_api.serving.ladder import Known, Rung, below, refill
from recommendation_api.serving.live import Ground
from recommendation_api.serving.people import Person
from recommendation_api.serving.rulings import NOTHING_RULED, Ruling
from recommendation_api.serving.top import best
from recsys.algorithms.base import FloatArray, Histories, IndexArray
from recsys.domain import Algorithm
from recsys.release import Release

Shares = dict[str, NDArray[np.float64]]

POPULARITY = Algorithm.POPULARITY.value
REFILL = "refill"
WEAK = np.float32(0.2)
"""A first guess from what somebody states of age, gender and country counts so much of a stated preference."""
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

    @property
    def scores(self) -> NDArray[np.float64]:
        """(k,) not rising"""
        return np.sum([*self.shares.values()], axis=0) if self.shares else np.zeros(len(self.positions))

    def take(self, order: IndexArray) -> Ranking:
        shares = {source: share[order] for source, share in self.shares.items()}
        return Ranking(self.positions[order], self.rungs[order], shares)


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
    ruling: Ruling = NOTHING_RULED
    near: FloatArray | None = None
    """(n_positions,) 0..1, how near each item is to the things touched; None where the algorithm knows these"""


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
    lean = None if stated.any() else taste.leaning(case.ground.view, case.release, case.person)
    boost = _boost(case, totals, _turned_to(case, stated if lean is None else np.clip(lean, 0, 1) * WEAK))
    if totals is not None and boost is not None:
        totals = totals + boost
    open_to_all = allowed if named is None else allowed & ~named
    candidates = _candidates(totals, open_to_all)
    chosen = _best(case, totals, candidates, n)
    ranking = _in_order(_ruled(case, Ranking(chosen, np.zeros(len(chosen), np.int32), _shares(case, chosen, boost))))
    if len(chosen) == n and case.ruling.factors is None:
        return ranking
    known = Known(
        _liking(case, stated), named, totals, case.near, taste.leaning(case.ground.view, case.release, case.person)
    )
    if case.ruling.factors is None:
        return _filled_up(case, ranking, known, _without(allowed, chosen), n=n - len(chosen))
    lowest = float(totals[candidates].min()) if totals is not None and len(candidates) else None
    if not n or (len(chosen) == n and lowest is not None and lowest * case.ruling.most <= ranking.scores[-1]):
        return ranking
    mixed = _filled_up(case, ranking, known, _without(allowed, candidates), n=n, lowest=lowest)
    return _in_order(mixed).take(np.arange(min(n, len(mixed.positions)), dtype=np.int32))


def _in_order(ranking: Ranking) -> Ranking:
    """By the shares' exact sum: single precision may have put two near neighbours the other way round."""
    return ranking.take(np.argsort(-ranking.scores, kind="stable").astype(np.int32))


def _personal_totals(case: Case) -> FloatArray | None:
    """(n_positions,) the algorithm's scores; None where it has nothing to go by."""
    if not case.history.weights.nnz and case.algorithm is not Algorithm.POPULARITY:
        return None
    return case.ground.at_positions(np.sum([*case.parts.values()], axis=0))


def _turned_to(case: Case, stated: FloatArray) -> FloatArray:
    """(n_categories + 1,) `stated`, and in the hybrid what somebody's few events are in: models that learn from many
    events make little of one.
    """
    if case.algorithm is not Algorithm.HYBRID or not case.person.fade:
        return stated
    return np.asarray(np.maximum(stated, _learned(case) * np.float32(case.person.fade)), np.float32)


def _boost(case: Case, totals: FloatArray | None, liking: FloatArray) -> FloatArray | None:
    """(n_positions,) what liked categories add for somebody with few events."""
    if totals is None or case.algorithm is Algorithm.POPULARITY or not liking.any():
        return None
    top = max(float(totals.max(initial=0)), 0.0)
    ground = case.ground
    return (
        ground.touched * ground.relative_popularity * liking[ground.view.category] * PREFERENCE_BOOST * np.float32(top)
    )


def _candidates(totals: FloatArray | None, allowed: Mask) -> IndexArray:
    """Ascending positions of what the algorithm speaks for."""
    if totals is None:
        return np.empty(0, np.int32)
    return np.flatnonzero(allowed & (totals > 0)).astype(np.int32)


def _best(case: Case, totals: FloatArray | None, candidates: IndexArray, n: int) -> IndexArray:
    if totals is None:
        return candidates
    factors = case.ruling.factors
    return best(totals if factors is None else totals * factors, candidates, n, case.ground.popularity)


def _ruled(case: Case, ranking: Ranking) -> Ranking:
    """With what boosts and buries add to the scores."""
    added = case.ruling.shares(ranking.positions, ranking.scores)
    return Ranking(ranking.positions, ranking.rungs, {**ranking.shares, **added}) if added else ranking


def _without(allowed: Mask, positions: IndexArray) -> Mask:
    allowed = allowed.copy()
    allowed[positions] = False
    return allowed


def _shares(case: Case, chosen: IndexArray, boost: FloatArray | None) -> Shares:
    columns = case.ground.column[chosen]
    shares = {source: row[columns].astype(np.float64) for source, row in case.parts.items()}
    if boost is not None:
        shares[POPULARITY] = shares.get(POPULARITY, np.zeros(len(chosen))) + boost[chosen]
    return shares


def _liking(case: Case, stated: FloatArray) -> FloatArray:
    """What was said and what was learned, each 1 for the most liked category."""
    return np.asarray(np.maximum(stated, _learned(case)), np.float32)


def _learned(case: Case) -> FloatArray:
    """(n_categories + 1,) what was learned, 1 for the most liked category; of somebody who touched nothing that the
    release knows, the categories of what was touched.
    """
    learned = taste.learned(case.ground.view, case.release, case.history)
    if not learned.any():
        learned = taste.touched(case.ground.view, case.person)
    return np.asarray(learned / max(float(learned.max()), taste.TINY), np.float32)


def _filled_up(
    case: Case, ranking: Ranking, known: Known, allowed: Mask, *, n: int, lowest: float | None = None
) -> Ranking:
    """`ranking`, followed by the best `n` of `allowed` from the ladder; before the rules they lie below `lowest`, which
    is the last score where nothing else is said.
    """
    more = refill(case.ground, known, allowed, n, case.ruling.factors)
    if lowest is None and len(ranking.positions):
        lowest = float(ranking.scores[-1])
    level = below(more.level, lowest).astype(np.float64)
    is_popular = (more.rungs == Rung.LIKED_CATEGORY) | (more.rungs == Rung.POPULAR)
    from_popularity = is_popular & (lowest is None and case.algorithm is Algorithm.HYBRID)
    added = {POPULARITY: np.where(from_popularity, level, 0), REFILL: np.where(from_popularity, 0, level)}
    refilled = _ruled(case, Ranking(more.positions, more.rungs, added))
    return Ranking(
        np.concatenate([ranking.positions, more.positions]),
        np.concatenate([ranking.rungs, more.rungs]),
        appended(ranking.shares, refilled.shares, len(ranking.positions), len(more.positions)),
    )


def appended(first: Shares, second: Shares, n_first: int, n_second: int) -> Shares:
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
