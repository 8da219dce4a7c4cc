"""Whom to show an item to: users of the release who like what reads like it, and its category."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recommendation_api.serving.explanations import DECIMALS
from recommendation_api.serving.ids import locate
from recommendation_api.serving.live import Ground, LiveRelease
from recommendation_api.serving.newcomers import content_model, text_vector
from recommendation_api.serving.people import Person
from recsys.algorithms.base import FloatArray, IndexArray

SAME_CATEGORY = np.float32(0.5)
"""Likeness of two items of one category that share no word; the words bring the other half."""

TELLING = np.float32(0.1)
"""Likeness by words from which on a title is named."""


@dataclass(frozen=True, slots=True)
class Member:
    user_id: int
    score: float
    """0..1, the share of what the user liked that is like the item"""
    reason: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody of the release whom the item may suit, best first."""

    live: LiveRelease
    ground: Ground
    position: int
    likeness: FloatArray
    """(n_columns,) 0..1 of every item to this one"""
    rows: IndexArray
    """(k,) of the release's users"""
    scores: FloatArray
    """(k,) not rising"""

    def member(self, at: int) -> Member:
        return Member(self.user_id(at), round(float(self.scores[at]), DECIMALS), self._reason(int(self.rows[at])))

    def user_id(self, at: int) -> int:
        return int(self.live.release.user_ids[self.rows[at]])

    def _reason(self, row: int) -> str:
        tastes = self.live.tastes
        own = slice(tastes.indptr[row], tastes.indptr[row + 1])
        column = int(tastes.indices[own][np.argmax(tastes.data[own] * self.likeness[tastes.indices[own]])])
        view = self.ground.view
        position = int(locate(view.item_ids, self.live.release.item_ids[column : column + 1])[0])
        code = int(view.category[self.position])
        by_category = SAME_CATEGORY if code >= 0 and view.category[position] == code else 0
        if position >= 0 and self.likeness[column] - by_category >= TELLING:
            return f"Chose {view.titles[position]}, which is like it"
        return f"Likes {view.category_names[code]}" if code >= 0 else "Likes what is like it"

    def chunks(self, size: int) -> Iterator[range]:
        for start in range(0, len(self.rows), size):
            yield range(start, min(start + size, len(self.rows)))


def audience(live: LiveRelease, ground: Ground, position: int) -> Audience:
    """Of the item at `position`; those who touched it, as far as the release knows, are not in it."""
    likeness = _likeness(live, ground, position)
    scores = np.asarray(live.tastes @ likeness, np.float32)
    column = int(ground.column[position])
    if column >= 0:
        weights = live.release.histories.weights
        scores[np.repeat(np.arange(len(scores)), np.diff(weights.indptr))[weights.indices == column]] = 0
    rows = np.flatnonzero(scores > 0).astype(np.int32)
    rows = rows[np.lexsort((rows, -scores[rows]))]
    return Audience(live, ground, position, likeness, rows, scores[rows])


def knows(person: Person, item_id: int) -> bool:
    """Whether somebody has seen the item, or does not want to."""
    return item_id in person.seen or item_id in person.hidden


def _likeness(live: LiveRelease, ground: Ground, position: int) -> FloatArray:
    release, category = live.release, ground.view.category
    at = locate(ground.view.item_ids, release.item_ids)
    alike = (category[at] == category[position]) & (at >= 0) & (category[position] >= 0)
    likeness: FloatArray = alike.astype(np.float32) * SAME_CATEGORY
    model = content_model(release)
    vector = None if model is None else text_vector(model, ground.column, ground.placed, position)
    if model is not None and vector is not None:
        likeness += (1 - SAME_CATEGORY) * np.clip(model.near(vector)[0], 0, 1)
    column = int(ground.column[position])
    if column >= 0:
        likeness[column] = 0
    return likeness
