"""Several algorithms in one score, each in units of its own spread over the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt

DEFAULT_WEIGHTS = {
    Algorithm.ITEM_BASED.value: 0.4,
    Algorithm.ALS.value: 0.4,
    Algorithm.CONTENT_BASED.value: 0.15,
    Algorithm.POPULARITY.value: 0.05,
}
FLAT = np.float32(1e-6)
"""A spread below this share of the mean is rounding."""


@dataclass(frozen=True)
class HybridConfig:
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """Weight per component, by algorithm name; a component without weight is not asked."""


def units(scores: FloatArray) -> FloatArray:
    """(n,) one over the standard deviation of each row; 0 for a row that tells no item from another."""
    inverse = np.zeros(len(scores), np.float32)
    for row, values in enumerate(scores):  # row by row: the pass stays in the processor's cache
        mean = values.mean() if len(values) else np.float32(0)
        centred = values - mean
        spread = np.sqrt(centred @ centred / np.float32(max(len(values), 1)))
        if spread > FLAT * abs(mean):
            inverse[row] = 1 / spread
    return inverse


class Hybrid(Recommender):
    """score = sum over components of weight x score / its standard deviation over the catalogue, per user.

    This orders as the weighted sum of z-scores does (their centring moves all items of a user alike) and leaves each
    part equal to what its component's events brought. A component that scores every item alike for a user, as on an
    empty history, adds nothing.

    The components are models of the same release: `bind` hands them over, they are fitted and saved on their own.
    """

    name = Algorithm.HYBRID
    config_class = HybridConfig
    config: HybridConfig
    components: dict[str, Recommender]

    def bind(self, models: Mapping[Algorithm, Recommender]) -> Self:
        """Take the weighted components from `models`. Raises `ArtifactCorrupt` if one is missing or there is none."""
        wanted = [Algorithm(name) for name, weight in self.config.weights.items() if weight]
        if not wanted:
            raise ArtifactCorrupt("the hybrid blends nothing: all its weights are zero")
        missing = [name.value for name in wanted if name not in models]
        if missing:
            raise ArtifactCorrupt(f"the hybrid blends {', '.join(missing)}, which the release lacks")
        self.components = {name.value: models[name] for name in wanted}
        return self

    def fit(self, data: TrainingData) -> Self:
        """Fit the bound components."""
        for component in self.components.values():
            component.fit(data)
        return self

    def parts(self, histories: Histories) -> dict[str, FloatArray]:
        result = {}
        for name, component in self.components.items():
            scores = component.fold_in(histories)
            scores *= self._scales(name, scores)[:, None]
            result[name] = scores
        return result

    def fold_in(self, histories: Histories) -> FloatArray:
        return self.blend({name: component.fold_in(histories) for name, component in self.components.items()})

    def blend(self, scores: Mapping[str, FloatArray]) -> FloatArray:
        """The score, from those of the components: (n, n_items) each, left as they are."""
        scales = {name: self._scales(name, scores[name]) for name in self.components}
        total = np.zeros_like(next(iter(scores.values())))
        for row in range(len(total)):
            for name, scale in scales.items():
                total[row] += scale[row] * scores[name][row]
        return total

    def _scales(self, name: str, scores: FloatArray) -> FloatArray:
        """(n,) what one unit of the component's score is worth."""
        return np.float32(self.config.weights[name]) * units(scores)

    def similar(self, items: IndexArray) -> FloatArray:
        """The components' similarities, blended as scores are."""
        return self.blend({name: component.similar(items) for name, component in self.components.items()})

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        brought = np.zeros((len(items), history.weights.nnz), np.float32)
        for part in self.explain_parts(history, items).values():
            if part is not None:
                brought += part
        return brought

    def explain_parts(
        self, history: Histories, items: IndexArray, shares: Mapping[str, FloatArray] | None = None
    ) -> dict[str, FloatArray | None]:
        """With the spreads held fixed: removing the event would move them too."""
        result: dict[str, FloatArray | None] = {}
        for name, component in self.components.items():
            brought = component.explain(history, items)
            if brought is not None:
                share = shares[name] if shares is not None else None
                brought = brought * np.float32(self._explained_scale(name, history, brought, share))
            result[name] = brought
        return result

    def _explained_scale(self, name: str, history: Histories, brought: FloatArray, share: FloatArray | None) -> float:
        if share is None:
            return float(self._scales(name, self.components[name].fold_in(history))[0])
        sums = brought.sum(axis=1)
        square = float(sums @ sums)
        return float(sums @ share) / square if square > 0 else 0.0

    def save(self, folder: Path) -> None:
        """Names and weights: the components lie in folders of their own."""
        self.save_config(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Without components: `registry.load_models` binds them."""
        return cls.load_config(folder)
