"""A release made ready to answer: what is derived from it once, and how it lies over today's catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommendation_api.serving.catalogue_view import CatalogueView
from recommendation_api.serving.ids import locate
from recommendation_api.serving.neighbourhood import Neighbourhood
from recommendation_api.serving.newcomers import NOBODY, Newcomers, Placed
from recommendation_api.serving.rulings import Rulings
from recommendation_api.serving.tastes import tastes
from recsys.algorithms.base import FloatArray, Histories, IndexArray
from recsys.domain import Algorithm
from recsys.release import Release
from recsys.settings import EventWeights

MAX_QUALITY, UNKNOWN_QUALITY = 5.0, 2.5
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Ground:
    """Positions are the catalogue's, columns the release's."""

    view: CatalogueView
    column: IndexArray
    """(n_positions,) -1 for an item that is newer than the release"""
    popularity: FloatArray
    """(n_positions,) above 0, at most 1: popularity x quality, those that nobody touched behind all others"""
    ordered_popularity: FloatArray
    """(n_positions,) the same, rising"""
    touched: NDArray[np.bool_]
    """(n_positions,) whether anybody did anything with the item, as far as the release knows"""
    relative_popularity: FloatArray
    """(n_positions,) 0..1, the same as a share of the best in its category"""
    turn: FloatArray
    """(n_positions,) 1, 1/3, 1/5, …: by popularity within its category (Sainte-Laguë's divisors): times a category's
    weight, the largest make lists that hold categories in proportion to their weights"""
    quality: FloatArray
    """(n_positions,) 0..1"""
    placed: Placed = NOBODY
    """Items that are newer than the release, by their texts"""
    popularity_unit: float = 0.0
    """What e times as many events add to the popularity of an item of the best quality"""

    def at_positions(self, row: FloatArray) -> FloatArray:
        """(n_columns,) scores as (n_positions,): 0 where the release does not know the item."""
        scores = row[self.column]
        scores[self.column < 0] = 0
        return scores


class LiveRelease:
    """`version` names it everywhere."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.version = release.version
        self._popularity, self._touched, self._unit = _popularity(release)
        self._newcomers = Newcomers(release)
        self._ground: Ground | None = None
        self._rulings: Rulings | None = None

    def weights(self, configured: EventWeights) -> EventWeights:
        """Of events, as the models were fitted with them: what is folded in by others would be another language.
        `configured` where the release does not say.
        """
        said = self.release.snapshot.get("weights")
        return EventWeights.model_validate(said) if said else configured

    @cached_property
    def neighbourhood(self) -> Neighbourhood:
        return Neighbourhood(self.release.histories)

    @cached_property
    def tastes(self) -> sparse.csr_array:
        """(n_users, n_items)"""
        return tastes(self.release.histories)

    def over(self, view: CatalogueView) -> Ground:
        """This release laid over `view`; kept until the catalogue changes."""
        ground = self._ground
        if ground is None or ground.view is not view:
            ground = self._ground = self._lay(view)
        return ground

    def rulings(self, view: CatalogueView) -> Rulings:
        """What the rules of `view` come to; kept until the catalogue or a rule changes."""
        known = self._rulings
        if known is None or known.view is not view:
            known = self._rulings = Rulings(view, view.rules)
        return known

    def _lay(self, view: CatalogueView) -> Ground:
        column = locate(self.release.item_ids, view.item_ids)
        touched = np.append(self._touched, False)[column]
        quality = np.asarray(np.nan_to_num(view.quality, nan=UNKNOWN_QUALITY) / MAX_QUALITY, np.float32)
        known = np.append(self._popularity, np.float32(0))[column]
        floor = np.min(known[touched], initial=1) / 2
        popularity = np.where(touched, known, np.maximum(quality * floor, TINY)).astype(np.float32)
        relative, turn = _relative(popularity, view), _turns(popularity, view)
        placed = self._newcomers.among(view, column)
        return Ground(
            view, column, popularity, np.sort(popularity), touched, relative, turn, quality, placed, self._unit
        )


def _popularity(release: Release) -> tuple[FloatArray, NDArray[np.bool_], float]:
    """(n_columns,) popularity as a share of the highest, and whether there is any event; see `Ground`."""
    model = release.models[Algorithm.POPULARITY]
    score = model.fold_in(Histories.empty(1, len(release.item_ids)))[0].astype(np.float32)
    touched = np.bincount(release.histories.weights.indices, minlength=len(score)) > 0
    highest = max(float(score.max(initial=0)), TINY)
    share = np.maximum(score / highest, TINY)
    return share.astype(np.float32), touched, min(1 / highest, 1.0)


def _relative(popularity: FloatArray, view: CatalogueView) -> FloatArray:
    best = np.zeros(len(view.category_names) + 1, np.float32)
    np.maximum.at(best, view.category, popularity)
    return (popularity / np.maximum(best[view.category], TINY)).astype(np.float32)


def _turns(popularity: FloatArray, view: CatalogueView) -> FloatArray:
    order = np.lexsort((-popularity, view.category))
    codes = view.category[order]
    first = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.empty(0, np.int64)
    place = np.arange(len(codes)) - np.repeat(first, np.diff(np.r_[first, len(codes)]))
    turn = np.empty(len(codes), np.float32)
    turn[order] = 1 / (2 * place + 1)
    return turn
