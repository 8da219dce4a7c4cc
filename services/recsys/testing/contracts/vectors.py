"""`VectorIndex`."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import pytest

from recsys.neighbours.ports import NONE, VectorIndex, Vectors
from recsys.neighbours.recall import recall

LENGTH = 8


def drawn(count: int, seed: int = 0) -> Vectors:
    """(count, LENGTH) of length one, in five groups."""
    rng = np.random.default_rng(seed)
    groups = rng.standard_normal((5, LENGTH))
    vectors = groups[rng.integers(5, size=count)] + 0.3 * rng.standard_normal((count, LENGTH))
    units: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


class VectorIndexContract:
    """What is wanted of every adapter when it looks at all it holds."""

    @abstractmethod
    def build(self, vectors: Vectors) -> VectorIndex: ...

    def test_the_nearest_come_first(self) -> None:
        vectors, queries = drawn(300), drawn(20, seed=1)
        columns, scores = self.build(vectors).search(queries, 7)
        products = queries @ vectors.T
        assert columns.dtype == np.int32
        assert scores.dtype == np.float32
        np.testing.assert_array_equal(columns, np.argsort(-products, axis=1)[:, :7])
        np.testing.assert_allclose(scores, -np.sort(-products, axis=1)[:, :7], rtol=1e-5)

    def test_many_queries_are_answered_as_each_alone(self) -> None:
        index, queries = self.build(drawn(200)), drawn(9, seed=2)
        together = index.search(queries, 4)[0]
        np.testing.assert_array_equal(together, np.vstack([index.search(query[None], 4)[0] for query in queries]))

    def test_where_there_are_fewer_the_rest_is_none(self) -> None:
        columns, scores = self.build(drawn(3)).search(drawn(2, seed=1), 5)
        assert sorted(columns[0, :3].tolist()) == [0, 1, 2]
        np.testing.assert_array_equal(columns[:, 3:], NONE)
        np.testing.assert_array_equal(scores[:, 3:], -np.inf)

    def test_an_empty_index_finds_nothing(self) -> None:
        columns, scores = self.build(np.empty((0, LENGTH), np.float32)).search(drawn(2), 3)
        np.testing.assert_array_equal(columns, np.full((2, 3), NONE))
        np.testing.assert_array_equal(scores, np.full((2, 3), -np.inf))

    def test_no_queries_have_no_answers(self) -> None:
        columns, scores = self.build(drawn(5)).search(np.empty((0, LENGTH), np.float32), 3)
        assert columns.shape == scores.shape == (0, 3)

    def test_equal_vectors_come_in_their_order(self) -> None:
        vectors = np.repeat(drawn(3), 4, axis=0)
        columns, _ = self.build(vectors).search(vectors[:1], 4)
        np.testing.assert_array_equal(columns, [[0, 1, 2, 3]])

    def test_a_vector_of_zeros_is_near_to_nothing(self) -> None:
        vectors = drawn(6)
        vectors[4] = 0
        columns, scores = self.build(vectors).search(np.vstack([vectors[4], -vectors[0]]), 6)
        np.testing.assert_array_equal(scores[0], 0)
        np.testing.assert_array_equal(columns[0], np.arange(6))
        assert scores[1, columns[1].tolist().index(4)] == 0

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_refused(self, value: float) -> None:
        vectors = drawn(4)
        index = self.build(vectors.copy())
        vectors[2, 1] = value
        with pytest.raises(ValueError, match="finite"):
            self.build(vectors)
        with pytest.raises(ValueError, match="finite"):
            index.search(vectors, 2)

    def test_queries_of_another_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"shape \(2, 9\): wanted \(n, 8\)"):
            self.build(drawn(4)).search(np.zeros((2, 9), np.float32), 1)

    def test_its_vectors_are_left_as_they_are(self) -> None:
        vectors = drawn(50)
        kept = vectors.copy()
        vectors.flags.writeable = False
        self.build(vectors).search(vectors[:3], 2)
        np.testing.assert_array_equal(vectors, kept)

    def test_built_twice_it_answers_the_same(self) -> None:
        vectors = drawn(400)
        first, again = (self.build(vectors).search(vectors[:50], 5) for _ in range(2))
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])

    def test_its_recall_is_whole(self) -> None:
        vectors = drawn(300)
        assert recall(self.build(vectors), vectors, 10) == 1.0
