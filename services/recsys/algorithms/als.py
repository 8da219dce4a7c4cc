"""Matrix factorisation of implicit feedback by alternating least squares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.factors import by_factor
from recsys.algorithms.least_squares import Float64Array, confident_rows, inverse_of
from recsys.algorithms.openmp import ensure_openmp
from recsys.algorithms.weighting import Weighting, cosine_to, recent_strengths, strengths, with_data
from recsys.arrays import load_array, save_array
from recsys.domain import Algorithm
from recsys.neighbours.nearest import NearestItems


@dataclass(frozen=True)
class AlsConfig:
    factors: int = 128
    """Length of the user and item vectors."""
    alpha: float = 10.0
    """Confidence in a pair is 1 + alpha x strength; tune together with `regularization`."""
    regularization: float = 40.0
    """Penalty on the squared vectors."""
    iterations: int = 12
    weighting: Weighting = "log"
    """How the summed events of a user and an item count."""
    text_weight: float = 0.0
    """Strength of a word in an item's text, each word as a user who touched the items that hold it; 0: none."""
    recency: float = 1.0
    """In a history each event counts this much less than those one moment later."""
    dislike_preference: float = -0.5
    """What a disliked item is taken for when a user is folded in, between -1 (the opposite of a liked one) and 0 (one
    that was never seen, as in the fit: then a dislike hardly moves its neighbourhood)."""
    seed: int = 0


class Als(Recommender):
    """score = x_u . y_i with preferences 0 or 1, each pair weighted by the confidence in it.

    Hu, Koren and Volinsky, Collaborative filtering for implicit feedback datasets, ICDM 2008; fitted by `implicit`
    with conjugate gradients (Takács, Pilászy and Tikk, RecSys 2011), a dislike being a confident preference 0. No user
    vector is kept: x_u is solved in closed form from the history, so that an event counts at once.
    """

    name = Algorithm.ALS
    config_class = AlsConfig
    config: AlsConfig
    item_factors: FloatArray
    """(n_items, factors), factor by factor; zeros for an item that nobody touched"""
    gram: Float64Array
    """(factors, factors): Y'Y + regularization I"""
    inverse_gram: Float64Array
    """(factors, factors), kept because it costs more than a user's vector"""
    lists: NearestItems | None = None
    """Of a large catalogue, made by the first `save`: a model that is tried and dropped needs none."""

    def fit(self, data: TrainingData) -> Self:
        ensure_openmp()
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        signed = self._confidences(strengths(data.histories.weights, self.config.weighting))
        if self.config.text_weight:
            words = self._confidences(data.content.words.T.tocsr() * np.float32(self.config.text_weight))
            signed = sparse.vstack([signed, words], format="csr")
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=self.config.factors,
                regularization=self.config.regularization,
                iterations=self.config.iterations,
                random_state=self.config.seed,
            )
            model.fit(sparse.csr_matrix(signed, copy=True), show_progress=False)
        self.item_factors = by_factor(model.item_factors)
        self.gram = _gram(self.item_factors, self.config.regularization)
        self.inverse_gram = inverse_of(self.gram)
        self.lists = None
        return self.measured(data.histories)

    def _history(self, histories: Histories) -> sparse.csr_array:
        return self._confidences(recent_strengths(histories, self.config.weighting, self.config.recency))

    def _confidences(self, weights: sparse.csr_array) -> sparse.csr_array:
        """Confidence per stored pair, negative where the preference is 0: `implicit`'s convention."""
        confidence = 1 + np.float32(self.config.alpha) * np.abs(weights.data)
        return with_data(weights, np.copysign(confidence, weights.data))

    def _wanted(self, signed: FloatArray) -> FloatArray:
        """Confidence times preference, per entry."""
        return np.where(signed > 0, signed, -signed * np.float32(self.config.dislike_preference))

    def user_factors(self, histories: Histories) -> FloatArray:
        """(n, factors) the exact least-squares vectors given the items'."""
        signed = self._history(histories)
        solved = confident_rows(
            signed.indptr,
            signed.indices,
            inner=np.abs(signed.data) - 1,
            right=self._wanted(signed.data),
            features=self.item_factors,
            base=self.gram,
            inverse=self.inverse_gram,
        )
        return solved.astype(np.float32)

    def fold_in(self, histories: Histories) -> FloatArray:
        return self.user_factors(histories) @ self.item_factors.T

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        return self.user_factors(histories) @ self.item_factors[items].T

    def similar(self, items: IndexArray) -> FloatArray:
        """Cosine of the item vectors."""
        return cosine_to(self.item_factors, items)

    def nearest(self, item: int) -> tuple[IndexArray, FloatArray] | None:
        if self.lists is None:
            return None
        columns = self.lists[item]
        vectors = self.item_factors[np.append(columns, item)]
        return columns, cosine_to(vectors, np.array([len(columns)], np.int32))[0, :-1]

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        """Section 5 of Hu et al.: y_i' (Y'CY + reg I)^-1 y_j c_j p_j of each touched item j.

        The system has a row a factor, or by Woodbury's identity a row a touched item, where these are fewer.
        """
        signed = self._history(history).data
        touched = self.item_factors[history.weights.indices].astype(np.float64)
        scored = self.item_factors[items].astype(np.float64)
        extra = np.abs(signed) - 1
        if len(touched) < touched.shape[1]:
            through = touched @ self.inverse_gram
            near = np.linalg.solve(np.eye(len(touched)) + (touched @ through.T) * extra, through @ scored.T)
        else:
            near = touched @ np.linalg.solve(self.gram + touched.T @ (touched * extra[:, None]), scored.T)
        brought: FloatArray = (near.T * self._wanted(signed)).astype(np.float32)
        return brought

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        save_array(folder, "item_factors", self.item_factors)
        save_array(folder, "gram", self.gram)
        self.lists = self.lists or NearestItems.of(self.item_factors, seed=self.config.seed)
        if self.lists is not None:
            self.lists.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        model.item_factors = load_array(folder, "item_factors")
        model.gram = load_array(folder, "gram")
        model.inverse_gram = inverse_of(model.gram)
        model.lists = NearestItems.load(folder)
        return model


def _gram(factors: FloatArray, regularization: float) -> Float64Array:
    wide = factors.astype(np.float64)
    return wide.T @ wide + regularization * np.eye(factors.shape[1])
