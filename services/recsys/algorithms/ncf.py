"""Neural collaborative filtering: a generalised matrix factorisation and a multi-layer perceptron, fused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.examples import Examples
from recsys.algorithms.svd import Svd, SvdConfig
from recsys.algorithms.tower import Tower
from recsys.algorithms.weighting import Weighting, cosine_to, scale_rows, strengths, with_data
from recsys.arrays import load_array, save_array
from recsys.domain import Algorithm

FIRST_LENGTH = 5.0
"""Singular vectors have length one over the catalogue; so much longer their products are apart enough for a softmax."""
FIRST_NOISE = 0.01
"""Deviation of the first values of embeddings beyond the singular vectors."""


@dataclass(frozen=True)
class NcfConfig:
    factors: int = 64
    """Length of the embeddings, in both towers: dense data wants fewer, sparse data more."""
    hidden: int = 32
    """Units of the MLP tower's first layer; each further layer has half as many."""
    layers: int = 2
    """Of the MLP tower."""
    epochs: int = 3
    """0 leaves the singular vectors and an untrained MLP."""
    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    """Of AdamW (Loshchilov and Hutter, ICLR 2019)."""
    negatives: int = 64
    """Drawn for each batch, which targets are told from."""
    targets: int = 8
    """Liked items of a user that are asked about in one example."""
    batch_size: int = 128
    """Examples."""
    longest_history: int = 100
    """Of a longer history so many events are drawn for an example; scoring uses all."""
    history_exponent: float = 0.5
    """The sum over a history is divided by (1 + its summed squared strengths) to this power: FISM's normalisation."""
    weighting: Weighting = "log"
    """How the summed events of a user and an item count."""
    seed: int = 0


class Ncf(Recommender):
    """score = NeuMF(u, i) - NeuMF(0, i): what the user's history adds to the network's output for the item.

    NeuMF is He et al., Neural collaborative filtering, WWW 2017: h . [p * q ; MLP([p', q'])] with embeddings of its own
    for each tower. A user has no vector of its own here but the sum of embeddings of what it touched, by strength
    (Kabbur, Ning and Karypis, FISM, KDD 2013; the target left out while training), so that an event counts at once.
    Trained by a softmax over the target and sampled items instead of the paper's log loss over pairs (Wu et al., On the
    effectiveness of sampled softmax loss, TOIS 2024), from singular vectors instead of its pre-trained towers.
    `fit` needs Keras; all else is NumPy over the saved arrays, the MLP's first layer already applied to every item.
    """

    name = Algorithm.NCF
    config_class = NcfConfig
    libraries = ("keras", "jax")
    config: NcfConfig
    gmf_history: FloatArray
    """(n_items, factors) an item as part of a history; zeros where nobody touched it, as in `mlp_history`"""
    gmf_items: FloatArray
    """(n_items, factors) an item as what is scored, the fusing weights multiplied in"""
    mlp_history: FloatArray
    """(n_items, hidden) what an item in the history adds to the first layer's input"""
    mlp_items: FloatArray
    """(n_items, hidden) what the scored item adds, bias included"""
    tower: Tower
    prior: FloatArray
    """(n_items,) the MLP tower's output without a history"""

    def fit(self, data: TrainingData) -> Self:
        self.ensure_fittable()
        from recsys.algorithms.neumf import train

        own = strengths(data.histories.weights, self.config.weighting)
        examples = Examples(
            own, self.config.batch_size, self.config.targets, self.config.longest_history, self.config.negatives
        )
        vectors = self._first_vectors(data)
        start = dict.fromkeys(("gmf_history", "gmf_items", "mlp_history", "mlp_items"), vectors)
        self.take(train(examples, start, self.settings), np.bincount(own.indices, minlength=own.shape[1]) > 0)
        return self.measured(data.histories)

    def _first_vectors(self, data: TrainingData) -> FloatArray:
        """(n_items, factors) the leading singular vectors, the rest drawn."""
        settings = SvdConfig("truncated", self.config.factors, weighting=self.config.weighting, seed=self.config.seed)
        found = Svd(settings).fit(data).item_factors * np.float32(FIRST_LENGTH)
        shape = (len(found), self.config.factors - found.shape[1])
        drawn = np.random.default_rng(self.config.seed).normal(0, FIRST_NOISE, shape)
        return np.hstack([found, drawn.astype(np.float32)])

    def take(self, weights: dict[str, FloatArray], touched: NDArray[np.bool_]) -> None:
        """The network with all that does not depend on the user computed."""
        further = range(1, self.config.layers)
        self.gmf_history = weights["gmf_history"] * touched[:, None]
        self.gmf_items = weights["gmf_items"] * weights["gmf_weight"]
        self.mlp_history = (weights["mlp_history"] * touched[:, None]) @ weights["user_half"]
        self.mlp_items = weights["mlp_items"] @ weights["item_half"] + weights["item_bias"]
        self.tower = Tower(
            tuple(weights[f"kernel{place}"] for place in further),
            tuple(weights[f"bias{place}"] for place in further),
            weights["mlp_weight"],
        )
        self.prior = self.tower.score(self.mlp_items)

    def _pooled(self, histories: Histories) -> sparse.csr_array:
        """The strengths by which embeddings are summed."""
        own = strengths(histories.weights, self.config.weighting)
        lengths = 1 + with_data(own, own.data**2).sum(axis=1)
        return scale_rows(own, (lengths**-self.config.history_exponent).astype(np.float32))

    def fold_in(self, histories: Histories) -> FloatArray:
        pooled = self._pooled(histories)
        scores: FloatArray = (pooled @ self.gmf_history) @ self.gmf_items.T
        shifts: FloatArray = pooled @ self.mlp_history
        for user in np.flatnonzero(np.diff(pooled.indptr)):
            scores[user] += self.tower.score(self.mlp_items, shifts[user]) - self.prior
        return scores

    def similar(self, items: IndexArray) -> FloatArray:
        """Cosine of what the items bring as parts of a history, in the factorisation's tower."""
        return cosine_to(self.gmf_history, items)

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        """The factorisation is linear in the events; of the MLP tower each brings what DeepLIFT's rescale rule says."""
        pooled = self._pooled(history)
        touched, own = pooled.indices, pooled.data[:, None]
        shift = np.asarray(pooled @ self.mlp_history, np.float64).sum(axis=0)
        passed = self.tower.multipliers(self.mlp_items[items], shift)
        linear = self.gmf_items[items] @ (self.gmf_history[touched] * own).T
        brought: FloatArray = (linear + passed @ (self.mlp_history[touched] * own).T).astype(np.float32)
        return brought

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        for name in ARRAYS:
            save_array(folder, name, getattr(self, name))
        self.tower.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        for name in ARRAYS:
            setattr(model, name, load_array(folder, name))
        model.tower = Tower.load(folder, model.config.layers)
        return model


ARRAYS = ("gmf_history", "gmf_items", "mlp_history", "mlp_items", "prior")
