"""Rating prediction: mean + user bias + item bias + product of two vectors, fitted on explicit ratings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, IndexArray
from recsys.algorithms.gibbs import Side
from recsys.algorithms.least_squares import Float64Array
from recsys.algorithms.weighting import inverse_power, scale_columns, scale_rows
from recsys.arrays import load_array, save_array
from recsys.domain import MAX_RATING, MIN_RATING

RANK_PER_FACTOR = 2
"""The mean of many products of vectors of length f is kept as one of vectors of this many times f."""


@dataclass(frozen=True)
class BiasedFactors:
    """A rated pair is predicted as mean + b_u + b_i + p_u . q_i, averaged over draws from the posterior.

    The Bayesian form of Koren's biased factorisation (Computer 2009): draws by `gibbs.Side`, whose features are the
    singular vectors of who touched what. So what somebody touched without rating it speaks too, as the implicit
    feedback of SVD++ does (Koren, KDD 2008), and also for users and items without ratings.
    """

    mean: float
    users: FloatArray
    """(n_users, 1 + rank) bias, then vector"""
    items: FloatArray
    """(n_items, 1 + rank)"""

    @classmethod
    def fit(
        cls,
        ratings: sparse.csr_array,
        touched: sparse.csr_array,
        *,
        factors: int,
        draws: int,
        burn_in: int,
        features: int,
        seed: int,
    ) -> Self:
        """Fit on (n_users, n_items) ratings; without any, the middle of the scale is predicted throughout.

        Args:
            ratings: 0.5..5 where there is one
            touched: stored entries where there was any event
            factors: length of a drawn vector
            draws: that are averaged, after `burn_in` others
            burn_in: draws before those
            features: singular vectors of `touched` that the prior may use
            seed: of the draws
        """
        if not ratings.nnz:
            middle = (MIN_RATING + MAX_RATING) / 2
            return cls(middle, *(np.zeros((size, 1), np.float32) for size in ratings.shape))
        rng = np.random.default_rng(seed)
        mean = float(ratings.data.mean(dtype=np.float64))
        by_user = sparse.csr_array((ratings.data - np.float64(mean), ratings.indices, ratings.indptr), ratings.shape)
        about_users, about_items = _features(touched, features, seed)
        users = Side(by_user, about_users, rng.normal(0, 0.1, (by_user.shape[0], 1 + factors)))
        items = Side(by_user.T.tocsr(), about_items, rng.normal(0, 0.1, (by_user.shape[1], 1 + factors)))
        noise, kept = 2.0, []
        for step in range(burn_in + draws):
            items.draw(users.vectors, noise, rng)
            users.draw(items.vectors, noise, rng)
            errors = users.errors(items.vectors)
            noise = rng.gamma(1 + len(errors) / 2, 1 / (1 + float(errors @ errors) / 2))
            if step >= burn_in:
                kept.append((users.vectors.astype(np.float32), items.vectors.astype(np.float32)))
        of_users, of_items = zip(*kept, strict=True)
        return cls(mean, *_averaged(of_users, of_items, rank=RANK_PER_FACTOR * factors))

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


def _features(touched: sparse.csr_array, count: int, seed: int) -> tuple[Float64Array, Float64Array]:
    """(n_users, k) and (n_items, k): singular vectors, scaled to unit variance, and the logarithm of the degree."""
    from sklearn.utils.extmath import randomized_svd

    ones = sparse.csr_array((np.ones(touched.nnz, np.float32), touched.indices, touched.indptr), shape=touched.shape)
    by_user, by_item = np.diff(ones.indptr), np.bincount(ones.indices, minlength=ones.shape[1])
    even = scale_columns(scale_rows(ones, inverse_power(by_user, 0.5)), inverse_power(by_item, 0.5))
    count = min(count, min(even.shape) - 1)
    if count < 1:
        return np.zeros((even.shape[0], 0)), np.zeros((even.shape[1], 0))
    left, _, right = randomized_svd(even, count, random_state=seed)
    return _standard(left, by_user), _standard(right.T, by_item)


def _standard(vectors: FloatArray, degree: NDArray[np.integer]) -> Float64Array:
    about = np.column_stack([vectors * np.sqrt(len(vectors)), np.log1p(degree)]).astype(np.float64)
    about[:, -1] -= about[:, -1].mean()
    return about


def _averaged(
    users: tuple[FloatArray, ...], items: tuple[FloatArray, ...], *, rank: int
) -> tuple[FloatArray, FloatArray]:
    """One bias and vector a row whose product is nearest to the mean of the draws' products, in squared error."""
    share = np.float32(1 / np.sqrt(len(users)))
    left = np.hstack([draw[:, 1:] for draw in users]) * share
    right = np.hstack([draw[:, 1:] for draw in items]) * share
    (one, left_upper), (other, right_upper) = np.linalg.qr(left), np.linalg.qr(right)
    first, values, second = np.linalg.svd(left_upper @ right_upper.T, full_matrices=False)
    root = np.sqrt(values[:rank])
    vectors = (one @ (first[:, :rank] * root), other @ (second[:rank].T * root))
    bias_users, bias_items = (np.mean([draw[:, :1] for draw in side], axis=0) for side in (users, items))
    return np.hstack([bias_users, vectors[0]]), np.hstack([bias_items, vectors[1]])
