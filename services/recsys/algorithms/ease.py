"""EASE: a linear item-item model in closed form, for catalogues that a dense matrix allows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.weighting import Weighting, liked, recent_strengths, strengths
from recsys.arrays import load_array, save_array
from recsys.domain import Algorithm
from recsys.errors import DataRefused


@dataclass(frozen=True)
class EaseConfig:
    regularization: float = 300.0
    """Penalty on the squared weights: more for sparse or noisy data."""
    weighting: Weighting = "binary"
    """How the summed events of a user and an item count."""
    recency: float = 1.0
    """In a history each event counts this much less than those one moment later."""
    max_items: int = 12_000
    """A larger catalogue is refused: the model is n_items x n_items float32."""


class Ease(Recommender):
    """score = H B, where B minimises |R - RB|^2 + regularization |B|^2 under a zero diagonal.

    Steck, Embarrassingly shallow autoencoders for sparse data, WWW 2019: with P = (R'R + regularization I)^-1,
    B_ij = -P_ij / P_jj. B also holds negative weights, unlike a neighbourhood.
    """

    name = Algorithm.EASE
    config_class = EaseConfig
    config: EaseConfig
    weights: FloatArray
    """(n_items, n_items) row i what a touched item i brings to each other"""

    def fit(self, data: TrainingData) -> Self:
        """Raises `DataRefused` for a catalogue above `max_items`."""
        likes = liked(strengths(data.histories.weights, self.config.weighting))
        if likes.shape[1] > self.config.max_items:
            raise DataRefused(f"ease takes up to {self.config.max_items} items, the catalogue has {likes.shape[1]}")
        with threadpool_limits(os.cpu_count(), "blas"):  # one large product: here every core pays
            inverse = _inverse(_gram(likes, self.config.regularization))
        inverse /= -np.diag(inverse)
        np.fill_diagonal(inverse, 0)
        self.weights = np.ascontiguousarray(inverse)
        return self.measured(data.histories)

    def fold_in(self, histories: Histories) -> FloatArray:
        own = recent_strengths(histories, self.config.weighting, self.config.recency)
        scores = np.zeros(own.shape, np.float32)
        for row in range(own.shape[0]):
            touched = slice(own.indptr[row], own.indptr[row + 1])
            np.matmul(own.data[touched], self.weights[own.indices[touched]], out=scores[row])
        return scores

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        own = recent_strengths(histories, self.config.weighting, self.config.recency)
        touched = np.unique(own.indices)
        scores: FloatArray = own[:, touched] @ self.weights[np.ix_(touched, items)]
        return scores

    def similar(self, items: IndexArray) -> FloatArray:
        """The weights from each item; an item's own column holds the maximum of its row."""
        near: FloatArray = self.weights[items].copy()
        near[np.arange(len(items)), items] = near.max(axis=1, initial=0)
        return near

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        own = recent_strengths(history, self.config.weighting, self.config.recency)
        brought: FloatArray = self.weights[np.ix_(own.indices, items)].T * own.data
        return brought

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        save_array(folder, "weights", self.weights)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        model.weights = load_array(folder, "weights")
        return model


def _gram(likes: sparse.csr_array, regularization: float) -> FloatArray:
    """R'R + regularization I, Fortran-ordered for LAPACK."""
    gram = np.asfortranarray((likes.T @ likes).toarray(), np.float32)
    gram[np.diag_indices_from(gram)] += np.float32(regularization)
    return gram


def _inverse(matrix: FloatArray) -> FloatArray:
    """Of a positive definite matrix, in its own memory, by Cholesky."""
    if not len(matrix):
        return matrix
    factor, failed = linalg.lapack.spotrf(matrix, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise DataRefused("ease: the data is too ill-conditioned, raise its regularization")
    lower: FloatArray = np.tril(inverse)
    return lower + np.tril(lower, -1).T
