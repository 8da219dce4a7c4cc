from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from recsys.algorithms.factors import by_factor, weighted_sums
from recsys.arrays import load_array, save_array

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_sums_are_the_product_whatever_the_order() -> None:
    weights = sparse.csr_array(np.array([[0, 2, 0, -1], [0, 0, 0, 0], [1, 1, 0, 0]], np.float32))
    wanted = weights.toarray() @ VECTORS
    for vectors in (VECTORS, by_factor(VECTORS)):
        np.testing.assert_array_equal(weighted_sums(weights, vectors), wanted)


def test_the_order_survives_on_disk(tmp_path: Path) -> None:
    save_array(tmp_path, "vectors", by_factor(VECTORS))
    loaded = load_array(tmp_path, "vectors")
    assert loaded.flags.f_contiguous
    np.testing.assert_array_equal(loaded, VECTORS)
