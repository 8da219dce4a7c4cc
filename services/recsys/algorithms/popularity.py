"""Popularity x quality: what to show to somebody of whom nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.weighting import Weighting, strengths
from recsys.arrays import load_array, save_array
from recsys.domain import MAX_RATING, Algorithm

SECONDS_PER_DAY = 86_400.0
NEUTRAL_QUALITY = MAX_RATING / 2


@dataclass(frozen=True)
class PopularityConfig:
    weighting: Weighting = "log"
    """How much one user's summed events count; dislikes count against the item."""
    half_life_days: float | None = 30.0
    """An event this much older than the newest counts half; None: age does not matter."""
    prior_ratings: float = 5.0
    """The quality known without events weighs as much as this many ratings."""
    untouched: float = 0.01
    """Popularity of an item that nobody touched, so that quality still orders these."""


class Popularity(Recommender):
    """score = (log(1 + popularity) + untouched) x quality.

    Quality is the Bayesian average of the ratings, as a share of the best one; its prior is the item's known quality,
    else the mean of what is known.
    """

    name = Algorithm.POPULARITY
    config_class = PopularityConfig
    config: PopularityConfig
    scores: FloatArray
    """(n_items,)"""

    def fit(self, data: TrainingData) -> Self:
        popularity = np.log1p(self._popularity(data)) + self.config.untouched
        self.scores = (popularity * self._quality(data) / MAX_RATING).astype(np.float32)
        return self.measured(data.histories)

    def _popularity(self, data: TrainingData) -> NDArray[np.float64]:
        weights = strengths(data.histories.weights, self.config.weighting)
        amount = weights.data.astype(np.float64)
        if self.config.half_life_days is not None:
            age_days = (data.as_of - data.histories.last_at) / SECONDS_PER_DAY
            amount *= np.exp2(-age_days / self.config.half_life_days)
        return np.maximum(np.bincount(weights.indices, amount, minlength=weights.shape[1]), 0.0)

    def _quality(self, data: TrainingData) -> NDArray[np.float64]:
        """(n_items,) in the units of a rating."""
        ratings, known = data.histories.ratings, data.content.quality.astype(np.float64)
        n_items = ratings.shape[1]
        evidence = np.r_[known[np.isfinite(known)], ratings.data]
        centre = float(evidence.mean()) if len(evidence) else NEUTRAL_QUALITY
        prior = np.where(np.isfinite(known), known, centre)
        count = np.bincount(ratings.indices, minlength=n_items)
        total = np.bincount(ratings.indices, ratings.data, minlength=n_items)
        weight = self.config.prior_ratings
        average: NDArray[np.float64] = (weight * prior + total) / np.maximum(weight + count, np.finfo(np.float64).tiny)
        return average

    def fold_in(self, histories: Histories) -> FloatArray:
        return np.array(np.broadcast_to(self.scores, (len(histories), len(self.scores))), order="C")

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        return np.tile(self.scores[items], (len(histories), 1))

    def similar(self, items: IndexArray) -> FloatArray:
        """Zeros: popularity knows no neighbourhoods."""
        return np.zeros((len(items), len(self.scores)), np.float32)

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        save_array(folder, "scores", self.scores)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        model.scores = load_array(folder, "scores")
        return model
