"""A release of small models over a small world."""

from __future__ import annotations

from typing import Any

from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.catalogue_copy import CatalogueCopy, Offers
from recsys.domain import Algorithm
from recsys.release import Release
from recsys.testing.worlds import END

VERSION = "20260201-000000-aaaa"
SETTINGS: dict[Algorithm, dict[str, Any]] = {
    Algorithm.POPULARITY: {},
    Algorithm.USER_BASED: {},
    Algorithm.ITEM_BASED: {},
    Algorithm.ALS: {"factors": 8, "iterations": 4},
    Algorithm.SVD: {"factors": 8},
    Algorithm.CONTENT_BASED: {},
}
METRICS = {"als": {"ndcg@10": 0.25}, "hybrid": {"ndcg@10": 0.5}}


def small_release(data: TrainingData, version: str = VERSION) -> Release:
    """Every algorithm but the optional ones, with few factors: fitted in a fraction of a second."""
    models: dict[Algorithm, Recommender] = {name: create(name, values).fit(data) for name, values in SETTINGS.items()}
    models[Algorithm.HYBRID] = Hybrid().bind(models)
    copy = CatalogueCopy.of(data.content, Offers.unbounded(len(data.item_ids)))
    return Release(version, END, data.user_ids, data.item_ids, data.histories, models, METRICS, catalogue=copy)
