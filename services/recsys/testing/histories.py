"""Histories and training data made by hand, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import Histories, IndexArray, ItemContent, TrainingData

AT = 1_700_000_000.0


def histories_of(rows: Sequence[Mapping[int, float]], n_items: int) -> Histories:
    """One user per row, each {column: weight}; no ratings, one moment."""
    touched = [sorted(row.items()) for row in rows]
    data = np.array([weight for row in touched for _, weight in row], np.float32)
    columns = np.array([column for row in touched for column, _ in row], np.int32)
    indptr = np.cumsum([0, *(len(row) for row in touched)]).astype(np.int32)
    weights = sparse.csr_array((data, columns, indptr), shape=(len(rows), n_items))
    ratings = sparse.csr_array(weights.shape, dtype=np.float32)
    return Histories(weights, np.full(len(data), AT), ratings)


def data_of(histories: Histories, texts: Sequence[str] | None = None) -> TrainingData:
    """Training data over these histories, ids from 1, one category, texts by column unless given."""
    n_users, n_items = histories.weights.shape
    titles = list(texts) if texts is not None else [f"thing {column}" for column in range(n_items)]
    content = ItemContent(titles, titles, np.zeros(n_items, np.int32), ["Things"], np.full(n_items, np.nan, np.float32))
    return TrainingData(np.arange(1, n_users + 1), np.arange(1, n_items + 1), histories, content, AT)


def permuted(data: TrainingData, users: IndexArray, items: IndexArray) -> TrainingData:
    """Row r is that of users[r], column c that of items[c]."""
    rows = data.histories.rows(users)
    content = data.content
    return TrainingData(
        data.user_ids[users],
        data.item_ids[items],
        Histories(
            _columns(rows.weights, items),
            _columns(_like(rows.weights, rows.last_at), items).data,
            _columns(rows.ratings, items),
        ),
        ItemContent(
            [content.titles[item] for item in items],
            [content.texts[item] for item in items],
            content.category[items],
            content.category_names,
            content.quality[items],
        ),
        data.as_of,
    )


def without(history: Histories, entry: int) -> Histories:
    """One user's history less its stored entry number `entry`; the others keep their times."""
    weights = history.weights
    kept = np.arange(weights.nnz) != entry
    indptr = np.array([0, weights.nnz - 1], np.int32)
    rest = sparse.csr_array((weights.data[kept], weights.indices[kept], indptr), shape=weights.shape)
    return Histories(rest, history.last_at[kept], history.ratings)


def silenced(history: Histories, entry: int) -> Histories:
    """The same with stored entry number `entry` worth nothing: how long ago the others were stays."""
    weights = history.weights.copy()
    weights.data[entry] = 0
    return Histories(weights, history.last_at, history.ratings)


def frozen(histories: Histories) -> Histories:
    """The same with arrays that refuse to be written, as mapped ones do."""
    for array in (
        histories.last_at,
        *(
            part
            for matrix in (histories.weights, histories.ratings)
            for part in (matrix.data, matrix.indices, matrix.indptr)
        ),
    ):
        array.flags.writeable = False
    return histories


def _like(matrix: sparse.csr_array, values: NDArray[np.float64]) -> sparse.csr_array:
    return sparse.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _columns(matrix: sparse.csr_array, items: IndexArray) -> sparse.csr_array:
    chosen = sparse.csr_array(matrix[:, items])
    chosen.sort_indices()
    return chosen
