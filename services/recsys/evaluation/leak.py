"""Catching a model that has seen what it is judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from recsys.algorithms.base import IndexArray, Recommender, TrainingData
from recsys.evaluation.ranking import rank
from recsys.preferences import Events

DEPTH = 20
BATCH = 128

Fit = Callable[[Events], tuple[TrainingData, Mapping[str, Recommender]]]
"""From a whole record of events to the training part that was cut from it and the models that were fitted."""


def future_pairs(train: TrainingData, test: Events) -> int:
    """How many of the training part's pairs of user and item reach into what is judged on: 0 unless something leaks.

    For splits by time: the others test what happened before other users' training events, on purpose.
    """
    if not len(test):
        return 0
    cut = float(test.at.min())
    return max(int((train.histories.last_at >= cut).sum()), int(train.as_of >= cut))


def peeking(fit: Fit, events: Events, cut: float, *, seed: int = 0) -> list[str]:
    """Names of the models whose lists change when nothing but the future does.

    `fit` is given the whole record twice, as it is and with what happens from `cut` on told otherwise: other items,
    other values, in the same number and at the same moments. What is allowed to be known is the same, so must the lists
    be, whatever way the future could come in: the events, the data made from them, settings chosen on them.

    Args:
        fit: cuts, fits, and may choose whatever a training chooses; deterministic
        events: in any order
        cut: unix seconds; what happens from then on is the future
        seed: of the other future
    """
    data, models = fit(events)
    _, others = fit(other_future(events, cut, seed=seed))
    return [name for name, model in models.items() if not _same_lists(model, others[name], data)]


def other_future(events: Events, cut: float, *, seed: int = 0) -> Events:
    """The same events before `cut`; afterwards as many, at the same moments, of other users with other items."""
    rng = np.random.default_rng(seed)
    later = np.flatnonzero(events.at >= cut)
    users, items = events.users.copy(), events.items.copy()
    users[later] = rng.choice(events.users, len(later))
    items[later] = rng.choice(np.unique(events.items), len(later))
    return Events(users, items, events.types, events.values, events.at)


def _same_lists(one: Recommender, other: Recommender, data: TrainingData) -> bool:
    users = np.flatnonzero(np.diff(data.histories.weights.indptr)).astype(np.int32)
    return all(np.array_equal(_lists(one, data, rows), _lists(other, data, rows)) for rows in _batches(users))


def _lists(model: Recommender, data: TrainingData, users: IndexArray) -> IndexArray:
    histories = data.histories.rows(users)
    return rank(model.score(users, histories), histories.weights, DEPTH)


def _batches(users: IndexArray) -> Iterable[IndexArray]:
    return (users[start : start + BATCH] for start in range(0, len(users), BATCH))
