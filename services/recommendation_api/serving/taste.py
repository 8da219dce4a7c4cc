"""Which categories somebody likes: learned from events, stated at sign-up, or both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.catalogue_view import CatalogueView
from recommendation_api.serving.ids import locate
from recommendation_api.serving.people import Person
from recsys.algorithms.base import FloatArray, Histories
from recsys.domain import EventType
from recsys.release import Release

AGAINST = frozenset({EventType.DISLIKE, EventType.RATING})
"""A rating may speak for an item or against it."""
MOST_LEAN = 2.0
"""A first guess speaks of at most e² times as much, or as little."""
TINY = float(np.finfo(np.float32).tiny)


def learned(view: CatalogueView, release: Release, history: Histories) -> FloatArray:
    """(n_categories + 1,) shares of the positive weight of one row, summing to 1; all 0 without any. The last slot is
    for items without a category and stays 0.
    """
    positions = locate(view.item_ids, release.item_ids[history.weights.indices])
    found = positions >= 0
    weight = np.maximum(history.weights.data[found], 0)
    shares = np.bincount(
        view.category[positions[found]] % (len(view.category_names) + 1), weight, len(view.category_names) + 1
    )
    shares[-1] = 0
    return np.asarray(shares / max(float(shares.sum()), TINY), np.float32)


def disliked(view: CatalogueView, release: Release, history: Histories) -> NDArray[np.bool_]:
    """(n_categories + 1,) whether one row speaks against more of it than for it."""
    positions = locate(view.item_ids, release.item_ids[history.weights.indices])
    found = positions >= 0
    n = len(view.category_names) + 1
    return np.bincount(view.category[positions[found]] % n, history.weights.data[found], n) < 0


def touched(view: CatalogueView, person: Person) -> FloatArray:
    """(n_categories + 1,) how often each was touched and not spoken against, whatever the release knows."""
    ids = [event.item_id for event in person.events if event.type not in AGAINST]
    positions = locate(view.item_ids, np.array(ids, np.int64))
    n = len(view.category_names) + 1
    counts = np.bincount(view.category[positions[positions >= 0]] % n, minlength=n).astype(np.float32)
    counts[-1] = 0
    return counts


def leaning(view: CatalogueView, release: Release, person: Person) -> FloatArray | None:
    """(n_categories + 1,) how much more people like this one do in each category than everybody, as a logarithm, faded
    by the events since sign-up; None where nothing is stated or known of such people.
    """
    prior = release.demographics
    if prior is None or not person.groups or person.fade <= 0:
        return None
    lean = np.zeros(len(view.category_names) + 1, np.float32)
    logs = np.log(np.maximum(prior.lift(person.groups), TINY))
    for name, value in zip(prior.category_names, logs.tolist(), strict=True):
        if name in view.category_codes:
            lean[view.category_codes[name]] = value
    return np.clip(lean, -MOST_LEAN, MOST_LEAN) * np.float32(person.fade)


def stated(view: CatalogueView, person: Person) -> FloatArray:
    """(n_categories + 1,) 0..1 as the user said, faded by the events since; categories of items liked at sign-up count
    as liked fully.
    """
    liking = np.zeros(len(view.category_names) + 1, np.float32)
    if person.fade > 0:
        for name, preference in person.preferences.items():
            if name in view.category_codes:
                liking[view.category_codes[name]] = preference
        positions = locate(view.item_ids, person.liked)
        liking[view.category[positions[positions >= 0]]] = 1
        liking[-1] = 0
    return liking * np.float32(person.fade)
