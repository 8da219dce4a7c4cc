from __future__ import annotations

import numpy as np
import pytest

from recsys.algorithms import least_squares
from recsys.algorithms.least_squares import confident_rows
from recsys.testing.histories import histories_of

RNG = np.random.default_rng(5)
LENGTHS = [0, 1, 2, 3, 7, 1, 0, 12, 5, 5, 6, 30]
ROWS = [{int(column): 1.0 for column in RNG.choice(30, length, replace=False)} for length in LENGTHS]
MATRIX = histories_of(ROWS, 30).weights
FEATURES = RNG.normal(size=(30, 6))
VALUES = RNG.normal(size=MATRIX.nnz)


@pytest.fixture(params=[1, 2_000_000])
def _block_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least_squares, "BLOCK_VALUES", request.param)


@pytest.mark.usefixtures("_block_size")
def test_confident_rows_solve_each_rows_equations() -> None:
    inner = np.abs(VALUES).astype(np.float32)
    right = VALUES.astype(np.float32)
    base = np.eye(6) * 0.5
    found = confident_rows(
        MATRIX.indptr, MATRIX.indices, inner=inner, right=right, features=FEATURES.astype(np.float32), base=base
    )
    features = FEATURES.astype(np.float32).astype(np.float64)
    for row in range(len(LENGTHS)):
        entries = slice(MATRIX.indptr[row], MATRIX.indptr[row + 1])
        touched = features[MATRIX.indices[entries]]
        matrix = base + touched.T @ np.diag(inner[entries].astype(np.float64)) @ touched
        np.testing.assert_allclose(matrix @ found[row], touched.T @ right[entries], atol=1e-6)


def test_rows_without_entries_are_zero() -> None:
    ones = np.ones(MATRIX.nnz, np.float32)
    features = FEATURES.astype(np.float32)
    found = confident_rows(MATRIX.indptr, MATRIX.indices, inner=ones, right=ones, features=features, base=np.eye(6))
    assert not found[[0, 6]].any()
    assert found[1].any()
