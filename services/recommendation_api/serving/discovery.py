"""What the other routes ask of the live release: neighbours of an item, popular items, taste, like-minded users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommendation_api.serving import taste
from recommendation_api.serving.catalogue_view import CatalogueView
from recommendation_api.serving.explanations import DECIMALS
from recommendation_api.serving.filters import Mask, available
from recommendation_api.serving.ids import locate
from recommendation_api.serving.ladder import Known, below, refill
from recommendation_api.serving.live import Ground, LiveRelease
from recommendation_api.serving.newcomers import content_model, near_text, text_vector
from recommendation_api.serving.people import Crowd
from recommendation_api.serving.pins import Plan, fitting, in_places, plan
from recommendation_api.serving.rulings import Ruling
from recommendation_api.serving.top import best
from recsys.algorithms.base import FloatArray, IndexArray
from recsys.algorithms.hybrid import Hybrid
from recsys.domain import Algorithm, CategoryShare


@dataclass(frozen=True, slots=True)
class ScoredItem:
    item_id: int
    title: str
    category: str | None
    score: float


@dataclass(frozen=True, slots=True)
class ScoredUser:
    user_id: int
    score: float


def similar_items(
    live: LiveRelease,
    view: CatalogueView,
    position: int,
    algorithm: Algorithm,
    *,
    n: int,
    at: float,
    found: Sequence[tuple[int, float]] | None = None,
) -> list[ScoredItem]:
    """Available items nearest to the one at `position`; where the algorithm knows fewer, popular ones of its category
    follow, then others. `found`: ids and scores of those that somebody else found near, instead of the algorithm.
    """
    ground = live.over(view)
    ruling = live.rulings(view).of(algorithm, at)
    allowed = _open(view, ruling, at)
    allowed[position] = False
    planned = plan(ruling.pins, allowed, first=0, n=n)
    near = _row(view, found) if found is not None else _listed_nearness(live, ground, position, algorithm)
    if near is None or (found is None and np.count_nonzero(planned.allowed & (near > 0)) < n):
        near = _near(live, ground, position, algorithm)
    near = ruling.scaled(near)
    chosen = best(near, np.flatnonzero(planned.allowed & (near > 0)).astype(np.int32), planned.free, ground.popularity)
    values = near[chosen]
    if len(chosen) < planned.free:
        more, refilled = _more(ground, ruling, planned, int(view.category[position]), chosen)
        values = np.concatenate([values, refilled if not len(chosen) else below(np.minimum(refilled, 1), values[-1])])
        chosen = np.concatenate([chosen, more])
    return _listed(view, *_with_pins(chosen, values, planned, near))


def _open(view: CatalogueView, ruling: Ruling, at: float) -> Mask:
    """(n_positions,) what is on offer, less what rules block."""
    allowed = available(view, at)
    ruling.narrow(allowed)
    return allowed


def _more(
    ground: Ground, ruling: Ruling, planned: Plan, category: int, chosen: IndexArray
) -> tuple[IndexArray, FloatArray]:
    """What follows `chosen`, as for somebody who likes this category: positions and levels, falling."""
    allowed = planned.allowed.copy()
    allowed[chosen] = False
    liking = np.zeros(len(ground.view.category_names) + 1, np.float32)
    liking[category] = 1
    liking[-1] = 0
    more = refill(ground, Known(liking), allowed, planned.free - len(chosen), ruling.factors)
    return more.positions, more.level if ruling.factors is None else more.level * ruling.factors[more.positions]


def _with_pins(
    chosen: IndexArray, values: FloatArray, planned: Plan, scores: FloatArray
) -> tuple[IndexArray, FloatArray]:
    """A list with its pins, each with its score by itself as far as the order allows."""
    pins = planned.pinned(len(chosen))
    if not pins:
        return chosen, values
    pinned = np.array([pin.position for pin in pins], np.int32)
    order = in_places(len(chosen), [pin.place - 1 for pin in pins])
    own = np.concatenate([values, scores[pinned]])[order].astype(np.float64)
    return np.concatenate([chosen, pinned])[order], fitting(own, order >= len(chosen), np.inf).astype(np.float32)


def _row(view: CatalogueView, found: Sequence[tuple[int, float]]) -> FloatArray:
    """(n_positions,) scores, 0 for what was not found."""
    row = np.zeros(len(view.item_ids), np.float32)
    positions = locate(view.item_ids, np.array([item_id for item_id, _ in found], np.int64))
    known = positions >= 0
    row[positions[known]] = np.array([score for _, score in found], np.float32)[known]
    return row


def _listed_nearness(live: LiveRelease, ground: Ground, position: int, algorithm: Algorithm) -> FloatArray | None:
    """(n_positions,) above 0 for what the list says that a model of a large catalogue keeps; None without one."""
    column = int(ground.column[position])
    listed = live.release.models[algorithm].nearest(column) if column >= 0 else None
    if listed is None:
        return None
    row = np.zeros(len(live.release.item_ids), np.float32)
    row[listed[0]] = listed[1]
    return ground.at_positions(row)


def _near(live: LiveRelease, ground: Ground, position: int, algorithm: Algorithm) -> FloatArray:
    """(n_positions,) by the text where the algorithm reads it or does not know the item yet."""
    column = int(ground.column[position])
    model = content_model(live.release)
    if model is not None and (column < 0 or algorithm is Algorithm.CONTENT_BASED):
        vector = text_vector(model, ground.column, ground.placed, position)
        if vector is not None:
            return near_text(model, ground.column, ground.placed, vector)
    return ground.at_positions(_nearness(live, column, algorithm))


def _nearness(live: LiveRelease, column: int, algorithm: Algorithm) -> FloatArray:
    """(n_columns,)"""
    if column < 0:
        return np.zeros(len(live.release.item_ids), np.float32)
    model, columns = live.release.models[algorithm], np.array([column], np.int32)
    if isinstance(model, Hybrid):
        touched = np.array([np.count_nonzero(live.release.histories.weights.indices == column)])
        near = model.similar(columns, touched)
    else:
        near = model.similar(columns)
    nearness: FloatArray = near[0]
    return nearness


def popular_items(
    live: LiveRelease, view: CatalogueView, category: str | None, *, n: int, at: float
) -> list[ScoredItem]:
    """Available items by popularity x quality as a share of the highest; what nobody touched follows by quality."""
    ground = live.over(view)
    ruling = live.rulings(view).of(Algorithm.POPULARITY, at)
    allowed = _open(view, ruling, at)
    if category is not None:
        allowed &= view.category == view.category_codes[category]
    planned = plan(ruling.pins, allowed, first=0, n=n)
    popularity = ruling.scaled(ground.popularity)
    chosen = best(popularity, np.flatnonzero(planned.allowed).astype(np.int32), planned.free, ground.quality)
    return _listed(view, *_with_pins(chosen, popularity[chosen], planned, popularity))


def _listed(view: CatalogueView, positions: IndexArray, scores: FloatArray) -> list[ScoredItem]:
    codes = view.category[positions].tolist()
    return [
        ScoredItem(
            int(view.item_ids[position]),
            view.titles[position],
            view.category_names[code] if code >= 0 else None,
            round(score, DECIMALS),
        )
        for position, code, score in zip(positions.tolist(), codes, scores.tolist(), strict=True)
    ]


def category_shares(live: LiveRelease, view: CatalogueView, crowd: Crowd) -> list[CategoryShare]:
    """What the one user of `crowd` liked, by category, largest first; the shares sum to 1."""
    shares = taste.learned(view, live.release, crowd.histories)[:-1]
    order = np.argsort(-shares, kind="stable")
    return [
        CategoryShare(view.category_names[code], round(float(shares[code]), DECIMALS))
        for code in order
        if shares[code] > 0
    ]


def like_minded(live: LiveRelease, crowd: Crowd, n: int) -> Sequence[ScoredUser]:
    """Users of the release whose histories point the same way as the one of `crowd`: cosine of the liked items, each
    discounted by how many like it.
    """
    history = crowd.histories.weights
    wanted = np.zeros(history.shape[1], np.float32)
    wanted[history.indices] = np.maximum(history.data, 0)
    scores = live.neighbourhood.cosine(wanted)
    user_ids = live.release.user_ids
    itself = locate(user_ids, np.array([crowd.people[0].user_id], np.int64))
    scores[itself[itself >= 0]] = 0
    chosen = best(scores, np.flatnonzero(scores > 0).astype(np.int32), n, scores)
    return [ScoredUser(int(user_ids[row]), round(float(scores[row]), DECIMALS)) for row in chosen]
