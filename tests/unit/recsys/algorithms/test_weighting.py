from __future__ import annotations

import numpy as np
import pytest

from recsys.algorithms.weighting import Weighting, cosine_to, inverse_power, liked, scale_columns, scale_rows, strengths
from recsys.testing.histories import histories_of

WEIGHTS = histories_of([{0: 6.0, 1: -4.0, 2: 1.0}, {0: 1e-3}], 3).weights


@pytest.mark.parametrize(
    ("weighting", "expected"),
    [
        ("binary", [1, -1, 1, 1e-3]),
        ("log", [np.log(7), -np.log(5), np.log(2), 1e-3]),
        ("linear", [6, -4, 1, 1e-3]),
    ],
)
def test_strengths_keep_the_sign_and_hardly_count_what_cancelled_out(
    weighting: Weighting, expected: list[float]
) -> None:
    found = strengths(WEIGHTS, weighting)
    np.testing.assert_allclose(found.data, expected, rtol=1e-3)
    assert found.data.dtype == np.float32
    assert np.shares_memory(found.indices, WEIGHTS.indices)


def test_only_what_is_liked_stays() -> None:
    assert liked(WEIGHTS).toarray().tolist() == [[6, 0, 1], [np.float32(1e-3), 0, 0]]
    assert WEIGHTS.data[1] == -4


def test_rows_and_columns_are_scaled() -> None:
    rows, columns = np.array([2, 3], np.float32), np.array([1, 10, 100], np.float32)
    np.testing.assert_allclose(scale_rows(WEIGHTS, rows).toarray(), WEIGHTS.toarray() * rows[:, None])
    np.testing.assert_allclose(scale_columns(WEIGHTS, columns).toarray(), WEIGHTS.toarray() * columns)


def test_the_inverse_of_nothing_is_nothing() -> None:
    found = inverse_power(np.array([4.0, 0.0, -1.0, 9.0]), 0.5)
    np.testing.assert_allclose(found, [0.5, 0, 0, 1 / 3])
    assert found.dtype == np.float32


def test_cosines_are_those_of_the_vectors() -> None:
    vectors = np.array([[1, 0], [2, 2], [0, 0]], np.float32)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(cosine_to(vectors, np.array([1, 2], np.int32)), [[half, 1, 0], [0, 0, 0]], rtol=1e-6)
