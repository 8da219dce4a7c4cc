from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys.algorithms.neighbourhoods import gram_rows, nearest, without_diagonal


def random_matrix(seed: int = 0) -> sparse.csr_array:
    return sparse.csr_array(sparse.random_array((40, 25), density=0.2, rng=seed, format="csr", dtype=np.float32))


@pytest.mark.parametrize("entries", [1, 50, 10_000])
def test_blocks_are_the_whole_product(entries: int) -> None:
    matrix = random_matrix()
    blocks = list(gram_rows(matrix, entries=entries))
    heights = [block.shape[0] for _, block in blocks]
    assert [first for first, _ in blocks] == np.cumsum([0, *heights[:-1]]).tolist()
    together = np.vstack([block.toarray() for _, block in blocks])
    np.testing.assert_allclose(together, (matrix @ matrix.T).toarray(), rtol=1e-6)


def test_blocks_hold_no_more_than_asked_for_unless_one_row_does() -> None:
    for _, block in gram_rows(random_matrix(), entries=100):
        assert block.shape[0] == 1 or block.nnz <= 100


def test_a_matrix_without_entries_gives_empty_blocks() -> None:
    blocks = list(gram_rows(sparse.csr_array((3, 4), dtype=np.float32)))
    assert sum(block.shape[0] for _, block in blocks) == 3
    assert sum(block.nnz for _, block in blocks) == 0


def test_the_diagonal_goes_wherever_the_block_begins() -> None:
    square = sparse.csr_array(np.ones((4, 4), np.float32))
    cut = without_diagonal(sparse.csr_array(square[2:4]), 2).toarray()
    np.testing.assert_array_equal(cut, [[1, 1, 0, 1], [1, 1, 1, 0]])


def test_the_nearest_are_the_largest_and_the_first_among_equals() -> None:
    block = sparse.csr_array(np.array([[3, 1, 2, 2, 2], [0, 5, 0, 0, 0]], np.float32))
    np.testing.assert_array_equal(nearest(block, 3).toarray(), [[3, 0, 2, 2, 0], [0, 5, 0, 0, 0]])


def test_zero_keeps_all() -> None:
    matrix = random_matrix()
    np.testing.assert_array_equal(nearest(matrix.copy(), 0).toarray(), matrix.toarray())
