"""Fitting every algorithm on the same data, each timed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import ALGORITHMS, create
from recsys.domain import Algorithm

DEFAULT_ALGORITHMS = (
    Algorithm.POPULARITY,
    Algorithm.USER_BASED,
    Algorithm.ITEM_BASED,
    Algorithm.ALS,
    Algorithm.SVD,
    Algorithm.CONTENT_BASED,
)
"""What every release holds, the hybrid over them beside."""
Settings = Mapping[str, Any]
FROM_CATALOGUE = frozenset({Algorithm.CONTENT_BASED})
"""Learns from texts, whatever the events are."""


@dataclass(frozen=True)
class Fitted:
    models: Mapping[Algorithm, Recommender]
    """Without the hybrid."""
    seconds: Mapping[Algorithm, float]

    def with_hybrid(self, blend: HybridConfig | None) -> dict[Algorithm, Recommender]:
        """The models and the hybrid over them, with its default weights for None."""
        return {**self.models, Algorithm.HYBRID: Hybrid(blend or HybridConfig()).bind(self.models)}

    def summary(self) -> str:
        return ", ".join(f"{name.value} {seconds:.1f}" for name, seconds in self.seconds.items())


def algorithms_with(extra: Sequence[Algorithm]) -> tuple[Algorithm, ...]:
    """The default ones and `extra`. Raises `DataRefused` for one that this installation cannot fit."""
    for name in extra:
        ALGORITHMS[name].ensure_fittable()
    return tuple(dict.fromkeys([*DEFAULT_ALGORITHMS, *(name for name in extra if name is not Algorithm.HYBRID)]))


def fit(
    names: Sequence[Algorithm],
    data: TrainingData,
    earlier: Fitted | None = None,
    settings: Mapping[Algorithm, Settings] = MappingProxyType({}),
) -> Fitted:
    """Fit each of `names` with its `settings` over the defaults, one after the other: each uses every core itself.

    What learns from the catalogue is taken over from `earlier`, a fit on other events of the same catalogue with the
    same settings, and only its spread is measured anew.
    """
    models: dict[Algorithm, Recommender] = {}
    seconds: dict[Algorithm, float] = {}
    for name in names:
        model = create(name, settings.get(name))
        if earlier is not None and name in FROM_CATALOGUE and earlier.models[name].settings == model.settings:
            models[name] = copy(earlier.models[name]).measured(data.histories)
            seconds[name] = earlier.seconds[name]
            continue
        started = time.perf_counter()
        models[name] = model.fit(data)
        seconds[name] = time.perf_counter() - started
    return Fitted(models, seconds)
