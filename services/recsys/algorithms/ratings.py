"""Rating prediction: mean + user bias + item bias + product of two vectors, fitted on explicit ratings alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, IndexArray
from recsys.algorithms.least_squares import Float64Array, ridge_rows
from recsys.arrays import load_array, save_array
from recsys.domain import MAX_RATING, MIN_RATING

BIAS_RIDGE = 5.0
"""Ratings by which a bias is drawn to zero before the vectors are fitted."""


@dataclass(frozen=True)
class BiasedFactors:
    """A rated pair is predicted as mean + b_u + b_i + p_u . q_i.

    Koren, Bell and Volinsky, Matrix factorization techniques for recommender systems, Computer 2009; fitted by
    alternating least squares with the penalty weighted by the number of ratings (Zhou et al., AAIM 2008). The bias is
    the first coordinate of each vector, against a constant one on the other side.
    """

    mean: float
    users: FloatArray
    """(n_users, 1 + factors) bias, then vector; zeros for a user without ratings"""
    items: FloatArray
    """(n_items, 1 + factors)"""

    @classmethod
    def fit(cls, ratings: sparse.csr_array, *, factors: int, regularization: float, iterations: int, seed: int) -> Self:
        """Fit on (n_users, n_items) ratings; without any, the middle of the scale is predicted throughout."""
        mean = float(ratings.data.mean(dtype=np.float64)) if ratings.nnz else (MIN_RATING + MAX_RATING) / 2
        by_user = sparse.csr_array((ratings.data - mean, ratings.indices, ratings.indptr), shape=ratings.shape)
        by_item = by_user.T.tocsr()
        rng = np.random.default_rng(seed)
        items = rng.normal(0, 0.1, (ratings.shape[1], 1 + factors))
        items[:, 0] = by_item.sum(axis=1) / (BIAS_RIDGE + np.diff(by_item.indptr))
        users = np.zeros((ratings.shape[0], 1 + factors))
        for _ in range(iterations if ratings.nnz else 0):
            users = _solve(by_user, items, regularization)
            items = _solve(by_item, users, regularization)
        return cls(mean, users.astype(np.float32), items.astype(np.float32))

    def predict(self, users: IndexArray, items: IndexArray) -> FloatArray:
        """(n,) clipped to the rating scale."""
        p, q = self.users[users], self.items[items]
        raw = self.mean + p[:, 0] + q[:, 0] + np.einsum("ij,ij->i", p[:, 1:], q[:, 1:])
        predicted: FloatArray = np.clip(raw, MIN_RATING, MAX_RATING).astype(np.float32)
        return predicted

    def save(self, folder: Path) -> None:
        save_array(folder, "ratings.mean", np.array([self.mean]))
        save_array(folder, "ratings.users", self.users)
        save_array(folder, "ratings.items", self.items)

    @classmethod
    def load(cls, folder: Path) -> Self:
        mean = float(load_array(folder, "ratings.mean")[0])
        return cls(mean, load_array(folder, "ratings.users"), load_array(folder, "ratings.items"))


def _solve(residuals: sparse.csr_array, other: Float64Array, regularization: float) -> Float64Array:
    """The rows' biases and vectors, those of the columns held fixed."""
    counts = np.diff(residuals.indptr)
    features = np.column_stack([np.ones(len(other)), other[:, 1:]])
    target = residuals.data - other[residuals.indices, 0]
    return ridge_rows(
        residuals.indptr,
        residuals.indices,
        targets=target,
        features=features,
        ridge=regularization * np.maximum(counts, 1).astype(np.float64),
    )
