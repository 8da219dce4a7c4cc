"""From summed event weights to the strengths that an algorithm learns and scores with."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray

Weighting = Literal["binary", "log", "linear"]
"""`binary`: all that weighs at least one counts one; `log`: log(1 + weight); `linear`: as it is. Signs are kept."""


def strengths(weights: sparse.csr_array, weighting: Weighting) -> sparse.csr_array:
    """The same stored entries with each weight reshaped; shares the index arrays with `weights`."""
    return with_data(weights, _reshaped(weights.data, weighting))


def recent_strengths(histories: Histories, weighting: Weighting, recency: float) -> sparse.csr_array:
    """What a user's events say of what comes next: strengths, each `recency` times as strong as those one step later.

    A step is a moment at which the user touched something; what happened at the same moment is equally old. Taste
    drifts, and the last items tell more of the next one (Ding and Li, Time weight collaborative filtering, CIKM 2005;
    steps rather than time, since some come back daily and some yearly).
    """
    result = strengths(histories.weights, weighting)
    if recency < 1:
        result = with_data(result, result.data * (recency ** steps_back(histories)).astype(np.float32))
    return result


def steps_back(histories: Histories) -> NDArray[np.int64]:
    """(nnz,) how many later moments there are in the user's history, aligned with `weights.data`."""
    indptr = histories.weights.indptr
    owner = row_numbers(histories.weights)
    order = np.lexsort((-histories.last_at, owner))
    moments = histories.last_at[order]
    earlier = np.zeros(len(order), np.int64)
    earlier[1:] = moments[1:] < moments[:-1]
    earlier[indptr[:-1][np.diff(indptr) > 0]] = 0
    running = np.cumsum(earlier)
    steps = np.empty_like(running)
    steps[order] = running - running[indptr[:-1][owner]] if len(order) else running
    return steps


def _reshaped(weight: FloatArray, weighting: Weighting) -> FloatArray:
    if weighting == "binary":
        return np.clip(weight, np.float32(-1), np.float32(1))
    if weighting == "log":
        return np.copysign(np.log1p(np.abs(weight)), weight)
    return weight


def with_data(matrix: sparse.csr_array, data: FloatArray) -> sparse.csr_array:
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape, copy=False)


def liked(matrix: sparse.csr_array) -> sparse.csr_array:
    """The positive entries alone."""
    result = with_data(matrix, np.maximum(matrix.data, np.float32(0))).copy()
    result.eliminate_zeros()
    return result


def row_numbers(matrix: sparse.csr_array) -> NDArray[np.int32]:
    """(nnz,) the row of each stored entry."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))


def scale_rows(matrix: sparse.csr_array, factors: FloatArray) -> sparse.csr_array:
    return with_data(matrix, matrix.data * factors[row_numbers(matrix)])


def scale_columns(matrix: sparse.csr_array, factors: FloatArray) -> sparse.csr_array:
    return with_data(matrix, matrix.data * factors[matrix.indices])


def inverse_power(values: NDArray[Any], exponent: float) -> FloatArray:
    """Values ** -exponent as float32; 0 where the value is not positive."""
    result = np.zeros(len(values), np.float32)
    positive = values > 0
    result[positive] = values[positive] ** np.float32(-exponent)
    return result


def cosine_to(vectors: FloatArray, rows: IndexArray) -> FloatArray:
    """(k, n) cosine of every row of `vectors`, (n, f), to each of `rows`; 0 for a vector of zeros."""
    inverse = inverse_power(np.einsum("ij,ij->i", vectors, vectors), 0.5)
    chosen: FloatArray = vectors[rows] * inverse[rows][:, None]
    near: FloatArray = chosen @ vectors.T
    return near * inverse
