"""Explicit ratings: the settings of their prediction, chosen by the error on the validation part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_trainer.benchmark.dataset import Dataset
from recsys.algorithms.base import TrainingData
from recsys.algorithms.ratings import BiasedFactors
from recsys.algorithms.svd import Svd
from recsys.evaluation import metrics
from recsys.evaluation.splits import Split
from recsys.preferences import Events

TRIES: tuple[Mapping[str, Any], ...] = (
    {"rating_factors": 8, "rating_features": 10},
    {"rating_factors": 12, "rating_features": 20},
    {"rating_factors": 16, "rating_features": 20},
    {"rating_factors": 16, "rating_features": 40},
    {"rating_factors": 32, "rating_features": 40},
)
LONG = {"rating_draws": 80, "rating_burn_in": 20}
"""Of the last fit: the error still falls, slowly."""
MAX_RATINGS = 3_000_000
"""Above, the last fit is as short as the tries."""


def choose(dataset: Dataset, split: Split, seed: int) -> tuple[dict[str, Any], float] | None:
    """Settings of `Svd` that predict the validation part best, and their RMSE in the file's scale.

    None without a row to ask for.
    """
    asked = _inside(dataset, split.test)
    if not len(asked) or not len(split.train):
        return None
    data = dataset.training_data(split.train)
    found = [(_error(dataset, data, asked, settings, seed), settings) for settings in TRIES]
    error, best = min(found, key=lambda pair: pair[0])
    return {**best, **(LONG if len(dataset.train) <= MAX_RATINGS else {})}, error


def errors(dataset: Dataset, model: Svd) -> dict[str, float]:
    """`rmse` and `mae` on the test rows within the catalogue; none where there is no such row."""
    asked = _inside(dataset, dataset.test)
    if not len(asked):
        return {}
    predicted = dataset.in_file_scale(model.predict_ratings(asked.users, asked.items))
    return {"rmse": metrics.rmse(predicted, asked.values), "mae": metrics.mae(predicted, asked.values)}


def _inside(dataset: Dataset, events: Events) -> Events:
    return events.where(events.items < len(dataset.item_ids))


def _error(dataset: Dataset, data: TrainingData, asked: Events, settings: Mapping[str, Any], seed: int) -> float:
    config = Svd.config_class(**settings)
    model = BiasedFactors.fit(
        data.histories.ratings,
        data.histories.weights,
        factors=config.rating_factors,
        draws=config.rating_draws,
        burn_in=config.rating_burn_in,
        features=config.rating_features,
        seed=seed,
    )
    return metrics.rmse(dataset.in_file_scale(model.predict(asked.users, asked.items)), asked.values)
