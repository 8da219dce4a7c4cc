from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys.algorithms.base import Histories


def some_histories() -> Histories:
    """Three users; each pair's moment is ten times its weight, its rating half of it."""
    weights = sparse.csr_array(np.array([[1, 0, 2, 0], [0, 0, 0, 0], [0, 3, 4, 5]], np.float32))
    return Histories(weights, weights.data.astype(np.float64) * 10, weights * np.float32(0.5))


def test_rows_come_in_the_order_asked_for_with_all_that_belongs_to_them() -> None:
    rows = some_histories().rows(np.array([2, 1, 0, 2], np.int32))
    assert len(rows) == 4
    assert rows.weights.toarray().tolist() == [[0, 3, 4, 5], [0, 0, 0, 0], [1, 0, 2, 0], [0, 3, 4, 5]]
    assert rows.last_at.tolist() == [30, 40, 50, 10, 20, 30, 40, 50]
    np.testing.assert_array_equal(rows.ratings.toarray(), rows.weights.toarray() / 2)


def test_rows_leave_the_histories_as_they_are() -> None:
    histories = some_histories()
    rows = histories.rows(np.array([0], np.int32))
    rows.weights.data[:] = 9
    assert histories.weights.data.tolist() == [1, 2, 3, 4, 5]


def test_empty_histories_have_rows_without_entries() -> None:
    empty = Histories.empty(2, 5)
    assert len(empty) == 2
    assert empty.weights.shape == empty.ratings.shape == (2, 5)
    assert len(empty.last_at) == 0
    assert len(empty.rows(np.array([1, 1, 0], np.int32))) == 3
