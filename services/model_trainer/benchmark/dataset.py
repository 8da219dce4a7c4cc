"""Somebody's split as rows and columns: what is learned from, and what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from model_trainer.benchmark.files import Interactions
from model_trainer.benchmark.scale import UNSCALED, Scale
from recsys.algorithms.base import FloatArray, Histories, IndexArray, ItemContent, TrainingData
from recsys.domain import EVENT_CODES, EventType
from recsys.errors import DataRefused
from recsys.preferences import SEEN_ONLY, Events

Pairs = tuple[NDArray[np.str_], NDArray[np.str_]]


@dataclass(frozen=True)
class Dataset:
    """What counts as liked is one rule, for the test file and for a validation part: `relevant`."""

    user_ids: NDArray[np.str_]
    """Of train and test, sorted."""
    item_ids: NDArray[np.str_]
    """The catalogue, sorted: items of train, items file and candidates."""
    train: Events
    """`values` as in the file, NaN where it has none."""
    test: Events
    """The same, relevant or not; items outside the catalogue have columns behind it."""
    n_outside: int
    texts: list[str]
    candidates: sparse.csr_array | None
    """(n_users, n_items)"""
    timed: bool
    explicit: bool
    binary: bool = False
    """A row weighs 1, whatever its value."""
    min_value: float | None = None
    """Rows below are not relevant."""
    scale: Scale = UNSCALED

    def training_data(self, events: Events) -> TrainingData:
        """What algorithms fit on, from all or a part of `train`."""
        n_users, n_items = len(self.user_ids), len(self.item_ids)
        content = ItemContent(
            titles=self.item_ids.tolist(),
            texts=self.texts,
            category=np.full(n_items, -1, np.int32),
            category_names=[],
            quality=np.full(n_items, np.nan, np.float32),
        )
        as_of = float(events.at.max(initial=0))
        return TrainingData(np.arange(n_users), np.arange(n_items), self._histories(events), content, as_of)

    def _histories(self, events: Events) -> Histories:
        """Repeated rows add up, the last one dates the pair; with `explicit` their mean is the rating."""
        shape = (len(self.user_ids), len(self.item_ids))
        if not len(events):
            return Histories.empty(*shape)
        pairs = events.users.astype(np.int64) * shape[1] + events.items
        unique, places, counts = np.unique(pairs, return_inverse=True, return_counts=True)
        weighs = np.ones(len(events)) if self.binary else np.nan_to_num(events.values, nan=1.0)
        summed = np.bincount(places, weighs).astype(np.float32)
        summed[np.abs(summed) < SEEN_ONLY] = SEEN_ONLY
        last = np.full(len(unique), -np.inf)
        np.maximum.at(last, places, events.at)
        where = tuple(axis.astype(np.int32) for axis in np.divmod(unique, shape[1]))
        ratings = sparse.csr_array(shape, dtype=np.float32)
        if self.explicit:
            means = self.scale.to_product(np.bincount(places, events.values) / counts)
            ratings = sparse.csr_array((means.astype(np.float32), where), shape=shape)
        return Histories(sparse.csr_array((summed, where), shape=shape), last, ratings)

    def relevant(self, events: Events) -> sparse.csr_array:
        """(n_users, n_items + n_outside) ones at the pairs of which a row of `events` is relevant.

        A row is unless its value is below `min_value`. So are pairs that `train` has too, by the protocol: what a
        user had is never ranked, so they are missed.
        """
        shape = (len(self.user_ids), len(self.item_ids) + self.n_outside)
        liked = events.where(self.liked(events))
        return _ones(liked.users, liked.items, shape)

    def liked(self, events: Events) -> NDArray[np.bool_]:
        """(n,) which rows are relevant; a row without a value is."""
        if self.min_value is None:
            return np.ones(len(events), bool)
        # Values are kept in this precision: .7 is not to be less than .7.
        return ~(events.values < np.float32(self.min_value))

    def in_file_scale(self, predicted: FloatArray) -> FloatArray:
        """(n,) predicted ratings, 0.5..5, in the scale of the files' values."""
        return self.scale.to_file(predicted)


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
    """Number the ids. Raises `DataRefused` for ratings or compared values that are absent, or no relevant test row."""
    if explicit and (train.values is None or test.values is None):
        raise DataRefused("Explicit ratings need a column value in train and test.")
    if min_value is not None and test.values is None:
        raise DataRefused("A smallest value was given, and the test file has no column value.")
    rows = [_Coded.of(train), _Coded.of(test)]
    allowed = _Coded.of_pairs(*candidates) if candidates else None
    catalogue = [rows[0].item_names, np.array([*texts], np.str_)] + ([allowed.item_names] if allowed else [])
    item_ids = np.unique(np.concatenate(catalogue))
    user_ids = np.unique(np.concatenate([each.user_names for each in rows]))
    outside = np.setdiff1d(rows[1].item_names, item_ids)
    dataset = Dataset(
        user_ids=user_ids,
        item_ids=item_ids,
        train=_events(train, rows[0], user_ids, item_ids, outside),
        test=_events(test, rows[1], user_ids, item_ids, outside),
        n_outside=len(outside),
        texts=[texts.get(item, "") for item in item_ids.tolist()],
        candidates=_candidates(allowed, user_ids, item_ids) if allowed else None,
        timed=train.at is not None,
        explicit=explicit,
        binary=binary,
        min_value=min_value,
        scale=Scale.of(train.values) if explicit and train.values is not None else UNSCALED,
    )
    if not dataset.liked(dataset.test).any():
        raise DataRefused("No row of the test file is relevant.")
    return dataset


@dataclass(frozen=True, slots=True)
class _Coded:
    """Users and items of rows by their places, (n,) each, among names that differ."""

    user_names: NDArray[np.str_]
    users: NDArray[np.int32]
    item_names: NDArray[np.str_]
    items: NDArray[np.int32]

    @classmethod
    def of(cls, given: Interactions) -> Self:
        return cls.of_pairs(given.users, given.items)

    @classmethod
    def of_pairs(cls, users: NDArray[np.str_], items: NDArray[np.str_]) -> Self:
        return cls(*_coded(users), *_coded(items))


def _coded(ids: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
    """By hashing: sorting millions of texts takes minutes."""
    encoded = pa.array(ids, pa.large_string()).dictionary_encode()
    return encoded.dictionary.to_numpy(zero_copy_only=False).astype(np.str_), encoded.indices.to_numpy()


def _events(
    given: Interactions,
    coded: _Coded,
    user_ids: NDArray[np.str_],
    item_ids: NDArray[np.str_],
    outside: NDArray[np.str_],
) -> Events:
    items = np.searchsorted(item_ids, coded.item_names)
    strange = ~np.isin(coded.item_names, item_ids)
    items[strange] = len(item_ids) + np.searchsorted(outside, coded.item_names[strange])
    return Events(
        users=np.searchsorted(user_ids, coded.user_names).astype(np.int32)[coded.users],
        items=items.astype(np.int32)[coded.items],
        types=np.full(len(given), EVENT_CODES[EventType.VIEW], np.int8),
        values=np.full(len(given), np.nan, np.float32) if given.values is None else given.values.astype(np.float32),
        at=given.at if given.at is not None else np.zeros(len(given)),
    )


def _candidates(pairs: _Coded, user_ids: NDArray[np.str_], item_ids: NDArray[np.str_]) -> sparse.csr_array:
    known = np.isin(pairs.user_names, user_ids)[pairs.users]
    users = np.searchsorted(user_ids, pairs.user_names).astype(np.int32)[pairs.users[known]]
    items = np.searchsorted(item_ids, pairs.item_names).astype(np.int32)[pairs.items[known]]
    return _ones(users, items, (len(user_ids), len(item_ids)))


def _ones(users: IndexArray, items: IndexArray, shape: tuple[int, int]) -> sparse.csr_array:
    matrix = sparse.csr_array((np.ones(len(users), np.float32), (users, items)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
