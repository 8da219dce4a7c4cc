"""Somebody's split as rows and columns: what is learned from, and what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from model_trainer.benchmark.files import Interactions
from recsys.algorithms.base import Histories, IndexArray, ItemContent, TrainingData
from recsys.domain import EVENT_CODES, EventType
from recsys.errors import DataRefused
from recsys.preferences import SEEN_ONLY, Events

RATINGS = (0.5, 5.0)
Pairs = tuple[NDArray[np.str_], NDArray[np.str_]]


@dataclass(frozen=True)
class Dataset:
    user_ids: NDArray[np.str_]
    """Of train and test, sorted."""
    item_ids: NDArray[np.str_]
    """The catalogue, sorted: items of train, items file and candidates."""
    train: Events
    """`values` holds the weights."""
    test: Events
    """Items outside the catalogue have columns behind it."""
    n_outside: int
    texts: list[str]
    candidates: sparse.csr_array | None
    """(n_users, n_items)"""
    timed: bool
    explicit: bool

    def training_data(self, events: Events) -> TrainingData:
        """What algorithms fit on, from all or a part of `train`."""
        n_users, n_items = len(self.user_ids), len(self.item_ids)
        histories = weighted(events, (n_users, n_items), explicit=self.explicit)
        content = ItemContent(
            titles=self.item_ids.tolist(),
            texts=self.texts,
            category=np.full(n_items, -1, np.int32),
            category_names=[],
            quality=np.full(n_items, np.nan, np.float32),
        )
        as_of = float(events.at.max(initial=0))
        return TrainingData(np.arange(n_users), np.arange(n_items), histories, content, as_of)

    def relevant(self, events: Events) -> sparse.csr_array:
        """(n_users, n_items + n_outside) ones where `events` hold the pair."""
        shape = (len(self.user_ids), len(self.item_ids) + self.n_outside)
        return _ones(events.users, events.items, shape)


def weighted(events: Events, shape: tuple[int, int], *, explicit: bool) -> Histories:
    """Repeated rows add up, the last one dates the pair; with `explicit` their mean is the rating."""
    if not len(events):
        return Histories.empty(*shape)
    pairs = events.users.astype(np.int64) * shape[1] + events.items
    unique, places, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    summed = np.bincount(places, events.values).astype(np.float32)
    means = (summed / counts).astype(np.float32)
    summed[np.abs(summed) < SEEN_ONLY] = SEEN_ONLY
    last = np.full(len(unique), -np.inf)
    np.maximum.at(last, places, events.at)
    rows, columns = np.divmod(unique, shape[1])
    where = (rows.astype(np.int32), columns.astype(np.int32))
    nothing = sparse.csr_array(shape, dtype=np.float32)
    ratings = sparse.csr_array((means, where), shape=shape) if explicit else nothing
    return Histories(sparse.csr_array((summed, where), shape=shape), last, ratings)


def assemble(
    train: Interactions,
    test: Interactions,
    *,
    texts: Mapping[str, str],
    candidates: Pairs | None = None,
    explicit: bool = False,
    binary: bool = False,
    min_value: float | None = None,
) -> Dataset:
    """Number the ids. Raises `DataRefused` for ratings that are absent or not 0.5..5, or without a relevant row."""
    if explicit:
        _check_ratings(train)
        _check_ratings(test)
    allowed = candidates[1] if candidates else np.empty(0, np.str_)
    item_ids = np.unique(np.concatenate([train.items, np.array([*texts], np.str_), allowed]))
    user_ids = np.unique(np.concatenate([train.users, test.users]))
    if min_value is not None and test.values is None:
        raise DataRefused("A smallest value was given, and the test file has no column value.")
    outside = np.setdiff1d(test.items, item_ids)
    asked = _events(test, user_ids, item_ids, outside, binary=False)
    kept = asked if min_value is None else asked.where(asked.values >= min_value)
    if not len(kept):
        raise DataRefused("No row of the test file is relevant.")
    return Dataset(
        user_ids=user_ids,
        item_ids=item_ids,
        train=_events(train, user_ids, item_ids, outside, binary=binary),
        test=kept,
        n_outside=len(outside),
        texts=[texts.get(item, "") for item in item_ids.tolist()],
        candidates=_candidates(candidates, user_ids, item_ids),
        timed=train.at is not None,
        explicit=explicit,
    )


def _check_ratings(given: Interactions) -> None:
    low, high = RATINGS
    if given.values is None or given.values.min() < low or given.values.max() > high:
        raise DataRefused(f"Explicit ratings need a column value within {low}..{high}.")


def _events(
    given: Interactions,
    user_ids: NDArray[np.str_],
    item_ids: NDArray[np.str_],
    outside: NDArray[np.str_],
    *,
    binary: bool,
) -> Events:
    inside = np.isin(given.items, item_ids)
    items = np.searchsorted(item_ids, given.items)
    items[~inside] = len(item_ids) + np.searchsorted(outside, given.items[~inside])
    values = np.ones(len(given)) if binary or given.values is None else given.values
    return Events(
        users=np.searchsorted(user_ids, given.users).astype(np.int32),
        items=items.astype(np.int32),
        types=np.full(len(given), EVENT_CODES[EventType.VIEW], np.int8),
        values=values.astype(np.float32),
        at=given.at if given.at is not None else np.zeros(len(given)),
    )


def _candidates(pairs: Pairs | None, user_ids: NDArray[np.str_], item_ids: NDArray[np.str_]) -> sparse.csr_array | None:
    if pairs is None:
        return None
    known = np.isin(pairs[0], user_ids)
    users = np.searchsorted(user_ids, pairs[0][known]).astype(np.int32)
    items = np.searchsorted(item_ids, pairs[1][known]).astype(np.int32)
    return _ones(users, items, (len(user_ids), len(item_ids)))


def _ones(users: IndexArray, items: IndexArray, shape: tuple[int, int]) -> sparse.csr_array:
    matrix = sparse.csr_array((np.ones(len(users), np.float32), (users, items)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
