"""The algorithms by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from recsys.algorithms.als import Als
from recsys.algorithms.base import IndexArray, Recommender
from recsys.algorithms.content_based import ContentBased
from recsys.algorithms.ease import Ease
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.item_based import ItemBased
from recsys.algorithms.ncf import Ncf
from recsys.algorithms.popularity import Popularity
from recsys.algorithms.svd import Svd
from recsys.algorithms.transitions import Transitions
from recsys.algorithms.user_based import UserBased
from recsys.domain import Algorithm

ALGORITHMS: dict[Algorithm, type[Recommender]] = {
    model.name: model
    for model in (Popularity, UserBased, ItemBased, Als, Svd, Ease, Transitions, ContentBased, Ncf, Hybrid)
}


def create(name: Algorithm, settings: Mapping[str, Any] | None = None) -> Recommender:
    """An unfitted model with `settings` (its config's fields) over the defaults.

    Raises:
        KeyError: no such algorithm here
        TypeError: a setting that the algorithm does not have
    """
    model = ALGORITHMS[name]
    return model(model.config_class(**(settings or {})))


def of_users(models: Mapping[Algorithm, Recommender], rows: IndexArray) -> dict[Algorithm, Recommender]:
    """The models with what they hold of these users and of no others; the hybrid has these components."""
    kept = {name: model.of_users(rows) for name, model in models.items()}
    return {name: copy(model).bind(kept) if isinstance(model, Hybrid) else model for name, model in kept.items()}


def load_models(folder: Path, names: Sequence[Algorithm]) -> Mapping[Algorithm, Recommender]:
    """Load each model from its folder below `folder`; the hybrid gets its components from among them."""
    models = {name: ALGORITHMS[name].load(folder / name.value) for name in names}
    for model in models.values():
        if isinstance(model, Hybrid):
            model.bind(models)
    return models
