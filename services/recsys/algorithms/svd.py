"""Matrix factorisation by singular vectors for ranking, and with biases for predicting ratings."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.factors import by_factor, weighted_sums
from recsys.algorithms.ratings import BiasedFactors
from recsys.algorithms.weighting import (
    Weighting,
    cosine_to,
    inverse_power,
    recent_strengths,
    scale_columns,
    scale_rows,
    strengths,
    with_data,
)
from recsys.arrays import load_array, save_array
from recsys.domain import Algorithm

LARGEST_SHARE = 4
"""At most one factor for so many users or items: with nearly all of them a history is only repeated, not completed."""


@dataclass(frozen=True)
class SvdConfig:
    variant: Literal["biased", "truncated"] = "biased"
    """`biased` adds a factorisation of the explicit ratings with user and item biases; both rank alike."""
    factors: int = 128
    """Singular vectors kept for ranking."""
    item_exponent: float = 0.5
    """An item's column is divided by its length to this power: 0 favours popular items, 1 ignores popularity."""
    user_exponent: float = 0.5
    """The same for a user's row while fitting."""
    weighting: Weighting = "log"
    """How the summed events of a user and an item count."""
    text_weight: float = 0.0
    """How much the words of the texts count, each as a user who touched the items that hold it; 0 leaves them alone."""
    recency: float = 1.0
    """In a history each event counts this much less than those one moment later."""
    power_iterations: int = 8
    """Of the randomised method: more are more exact."""
    rating_factors: int = 12
    """Length of the vectors that predict ratings, in each draw."""
    rating_draws: int = 20
    """Draws from their posterior that are averaged: more are more exact."""
    rating_burn_in: int = 8
    """Draws before those."""
    rating_features: int = 20
    """Singular vectors of who touched what that the prior of a rating's vectors may use."""
    seed: int = 0


class Svd(Recommender):
    """score = h S V V', with V the leading right singular vectors of the weighted events, users and items scaled.

    Cremonesi, Koren and Turrin, Performance of recommender algorithms on top-N recommendation tasks, RecSys 2010
    (PureSVD, whose folding-in this is); the scaling is that of Nikolakopoulos et al., EigenRec, KAIS 2019; computed by
    Halko, Martinsson and Tropp, SIAM Review 2011. `predict_ratings` is that of `ratings.BiasedFactors`.
    """

    name = Algorithm.SVD
    config_class = SvdConfig
    config: SvdConfig
    item_factors: FloatArray
    """(n_items, factors) V, factor by factor"""
    scaling: FloatArray
    """(n_items,) S"""
    ratings: BiasedFactors | None
    """None for the truncated variant."""

    def fit(self, data: TrainingData) -> Self:
        weights = strengths(data.histories.weights, self.config.weighting)
        self.scaling = self._column_scaling(weights)
        matrix = self._scaled(weights)
        if self.config.text_weight:
            words = self._scaled(data.content.words.T.tocsr()) * np.float32(self.config.text_weight)
            matrix = sparse.vstack([matrix, words], format="csr")
        self.item_factors = self._right_vectors(matrix)
        self.ratings = self._fit_ratings(data.histories)
        return self.measured(data.histories)

    def _column_scaling(self, weights: sparse.csr_array) -> FloatArray:
        squares = np.bincount(weights.indices, weights.data**2, minlength=weights.shape[1]).astype(np.float32)
        return inverse_power(squares, self.config.item_exponent / 2)

    def _scaled(self, weights: sparse.csr_array) -> sparse.csr_array:
        rows = inverse_power(with_data(weights, weights.data**2).sum(axis=1), self.config.user_exponent / 2)
        return scale_rows(scale_columns(weights, self._column_scaling(weights)), rows)

    def _right_vectors(self, matrix: sparse.csr_array) -> FloatArray:
        from sklearn.utils.extmath import randomized_svd

        count = min(self.config.factors, max(1, min(matrix.shape) // LARGEST_SHARE))
        _, values, vectors = randomized_svd(
            matrix, count, n_iter=self.config.power_iterations, random_state=self.config.seed
        )
        vectors[values <= values.max(initial=0) * np.finfo(np.float32).eps] = 0
        vectors[:, np.bincount(matrix.indices, minlength=matrix.shape[1]) == 0] = 0  # rounding left them a direction
        return by_factor(vectors.T)

    def _fit_ratings(self, histories: Histories) -> BiasedFactors | None:
        if self.config.variant == "truncated":
            return None
        return BiasedFactors.fit(
            histories.ratings,
            histories.weights,
            factors=self.config.rating_factors,
            draws=self.config.rating_draws,
            burn_in=self.config.rating_burn_in,
            features=self.config.rating_features,
            seed=self.config.seed,
        )

    def predict_ratings(self, users: IndexArray, items: IndexArray) -> FloatArray:
        """(n,) the rating that each of `users` would give to the item beside it, 0.5..5.

        Raises:
            ValueError: the truncated variant predicts no ratings
        """
        if self.ratings is None:
            raise ValueError("svd: only the biased variant predicts ratings")
        return self.ratings.predict(users, items)

    def fold_in(self, histories: Histories) -> FloatArray:
        scores: FloatArray = weighted_sums(self._history(histories), self.item_factors) @ self.item_factors.T
        return scores

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        return weighted_sums(self._history(histories), self.item_factors) @ self.item_factors[items].T

    def _history(self, histories: Histories) -> sparse.csr_array:
        recent = recent_strengths(histories, self.config.weighting, self.config.recency)
        return scale_columns(recent, self.scaling)

    def similar(self, items: IndexArray) -> FloatArray:
        """Cosine of the item vectors."""
        return cosine_to(self.item_factors, items)

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        own = self._history(history)
        brought: FloatArray = (self.item_factors[items] @ self.item_factors[own.indices].T) * own.data
        return brought

    def of_users(self, rows: IndexArray) -> Self:
        if self.ratings is None:
            return self
        model = copy(self)
        model.ratings = replace(self.ratings, users=self.ratings.users[rows])
        return model

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        save_array(folder, "item_factors", self.item_factors)
        save_array(folder, "scaling", self.scaling)
        if self.ratings is not None:
            self.ratings.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        model.item_factors = load_array(folder, "item_factors")
        model.scaling = load_array(folder, "scaling")
        model.ratings = BiasedFactors.load(folder) if model.config.variant == "biased" else None
        return model
