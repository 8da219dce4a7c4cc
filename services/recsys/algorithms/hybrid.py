"""Several algorithms in one score, each in units of its own spread over the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.spread import deviation
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt

DEFAULT_WEIGHTS = {
    Algorithm.ITEM_BASED.value: 0.4,
    Algorithm.ALS.value: 0.4,
    Algorithm.CONTENT_BASED.value: 0.15,
    Algorithm.POPULARITY.value: 0.05,
}

EVIDENCE = 10.0
"""Users by which what they say of an item's neighbours counts half."""
FROM_TEXT = frozenset({Algorithm.CONTENT_BASED})


@dataclass(frozen=True)
class HybridConfig:
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """Weight per component, by algorithm name; a component without weight is not asked."""
    up_to: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Other weights for users who touched at most so many items: numbers as text, ascending."""

    @property
    def components(self) -> list[str]:
        """Names with any weight, sorted."""
        everything = (self.weights, *self.up_to.values())
        return sorted({name for weights in everything for name, weight in weights.items() if weight})

    def weight_of(self, name: str, touched: NDArray[np.integer]) -> NDArray[np.float64]:
        """(n,) of a component, for users who touched so many items."""
        result = np.full(len(touched), self.weights.get(name, 0.0))
        for bound, weights in sorted(self.up_to.items(), key=lambda pair: -int(pair[0])):
            result[touched <= int(bound)] = weights.get(name, 0.0)
        return result


class Hybrid(Recommender):
    """score = sum over components of weight x score / how far such a user's scores deviate over the catalogue.

    A weighted sum of z-scores without their centring, which moves all items of a user alike. The deviation is not the
    user's own but what the component's `spread` says of users with as many touched items, fixed at the fit: it ranks
    as well, and leaves each part equal to what its component's events brought.

    The components are models of the same release: `bind` hands them over, they are fitted and saved on their own.
    """

    name = Algorithm.HYBRID
    config_class = HybridConfig
    config: HybridConfig
    components: dict[str, Recommender]

    def bind(self, models: Mapping[Algorithm, Recommender]) -> Self:
        """Take the weighted components from `models`. Raises `ArtifactCorrupt` if one is missing or there is none."""
        wanted = [Algorithm(name) for name in self.config.components]
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
        for name, scale in self.scales(histories).items():
            scores = self.components[name].fold_in(histories)
            scores *= scale[:, None]
            result[name] = scores
        return result

    def scales(self, histories: Histories) -> dict[str, FloatArray]:
        """By component, (n,): what one unit of its score is worth to each of these users."""
        touched = np.diff(histories.weights.indptr)
        return {
            name: (self.config.weight_of(name, touched) * component.spread.units(touched)).astype(np.float32)
            for name, component in self.components.items()
        }

    def fold_in(self, histories: Histories) -> FloatArray:
        scores = {name: component.fold_in(histories) for name, component in self.components.items()}
        return blend(scores, self.scales(histories))

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        scores = {name: component.score_items(histories, items) for name, component in self.components.items()}
        return blend(scores, self.scales(histories))

    def similar(self, items: IndexArray, touched: IndexArray | None = None) -> FloatArray:
        """The components' similarities, each in units of its deviation from the item.

        Args:
            items: (k,)
            touched: (k,) how many users touched each of `items`: what is learned from n of them counts
              n / (n + EVIDENCE), so that text speaks for an item that few know; in full where it is not given.

        Returns:
            (k, n_items)
        """
        near = {name: component.similar(items) for name, component in self.components.items()}
        trust = np.ones(len(items)) if touched is None else touched / (touched + EVIDENCE)
        scales = {}
        for name, values in near.items():
            spread = deviation(values)
            weight = self.config.weights.get(name, 0.0) * (1.0 if self.components[name].name in FROM_TEXT else trust)
            scales[name] = np.divide(weight, spread, out=np.zeros_like(spread), where=spread > 0)
        return blend(near, scales)

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        brought = np.zeros((len(items), history.weights.nnz), np.float32)
        for part in self.explain_parts(history, items).values():
            if part is not None:
                brought += part
        return brought

    def explain_parts(self, history: Histories, items: IndexArray) -> dict[str, FloatArray | None]:
        scales = self.scales(history)
        brought = {name: component.explain(history, items) for name, component in self.components.items()}
        return {name: part if part is None else part * scales[name][0] for name, part in brought.items()}

    def save(self, folder: Path) -> None:
        """Names and weights: the components lie in folders of their own."""
        self.save_config(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Without components: `registry.load_models` binds them."""
        return cls.load_config(folder)


def blend(scores: Mapping[str, FloatArray], scales: Mapping[str, NDArray[np.floating]]) -> FloatArray:
    """(n, n_items) sum of scores, (n, n_items) each, left as they are, times their scales, (n,) each."""
    total = np.zeros_like(next(iter(scores.values())))
    for row in range(len(total)):  # row by row: the sums stay in the processor's cache
        for name, scale in scales.items():
            total[row] += np.float32(scale[row]) * scores[name][row]
    return total
