"""The network that `ncf` is trained as. The only module that imports Keras: whoever scores never comes here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray
from recsys.algorithms.examples import Batch, Examples
from recsys.algorithms.tower import widths

os.environ.setdefault("KERAS_BACKEND", "jax")  # read at the import
import keras
from keras import layers, ops

TABLES = ("gmf_history", "gmf_items", "mlp_history", "mlp_items")
"""An item's embeddings: as part of a history and as what is asked about, for each of the two towers."""
NEVER = -1e9
"""The logit of a negative that the user likes after all."""
Weights = Mapping[str, FloatArray]
Inputs = dict[str, NDArray[Any]]


def train(examples: Examples, start: Weights, settings: Mapping[str, Any]) -> dict[str, FloatArray]:
    """The weights by name after stochastic gradient descent, deterministic for a seed.

    Args:
        examples: what to learn from
        start: (n_items, factors) the first value of each of `TABLES`
        settings: `NcfConfig`'s fields

    Returns:
        the tables; `gmf_weight` (factors,); `user_half`, `item_half` (factors, hidden) and `item_bias` (hidden,), the
          first layer of the MLP tower; `kernel1`, `bias1` and on, its further layers; `mlp_weight` (last layer,)
    """
    network = Network(start, settings, examples)
    if len(examples) and settings["epochs"]:
        network.model.fit(
            _inputs(examples, settings),
            steps_per_epoch=len(examples),
            epochs=settings["epochs"],
            verbose=0,
            shuffle=False,
        )
    return network.weights()


def _inputs(examples: Examples, settings: Mapping[str, Any]) -> Iterator[tuple[Inputs, NDArray[Any], FloatArray]]:
    """What Keras asks for: inputs, the place of the right answer among the logits, how much each counts."""
    rng = np.random.default_rng(settings["seed"])
    for batch in examples.epochs(settings["epochs"], rng):
        yield named(batch), np.zeros(batch.targets.shape, np.int32), batch.counts


def named(batch: Batch) -> Inputs:
    return {
        "history": batch.history,
        "strengths": batch.strengths,
        "targets": batch.targets,
        "negatives": batch.negatives,
        "allowed": batch.allowed,
    }


class Network:
    """Logits of each target, and of the negatives behind it, under the loss of a softmax over them."""

    def __init__(self, start: Weights, settings: Mapping[str, Any], examples: Examples) -> None:
        self.seed = settings["seed"]
        self.exponent = settings["history_exponent"]
        self.tables = {name: self._table(name, start[name]) for name in TABLES}
        first, *further = widths(settings["hidden"], settings["layers"])
        size = (None, settings["factors"])
        self.gmf_weight = layers.EinsumDense("btf,f->btf", size, kernel_initializer="ones", name="gmf_weight")
        self.user_half = layers.Dense(first, use_bias=False, kernel_initializer=self._drawn(0), name="user_half")
        self.item_half = layers.Dense(first, kernel_initializer=self._drawn(1), name="item_half")
        self.further = [
            layers.Dense(units, "relu", kernel_initializer=self._drawn(2 + depth), name=f"layer{depth}")
            for depth, units in enumerate(further, 1)
        ]
        self.mlp_weight = layers.Dense(1, use_bias=False, kernel_initializer=self._drawn(2), name="mlp_weight")
        self.model = self._compiled(examples, settings)

    def _drawn(self, place: int) -> Any:
        return keras.initializers.GlorotUniform(seed=1_000 * self.seed + place)

    def _table(self, name: str, start: FloatArray) -> Any:
        return layers.Embedding(*start.shape, embeddings_initializer=keras.initializers.Constant(start), name=name)

    def _compiled(self, examples: Examples, settings: Mapping[str, Any]) -> Any:
        inputs = {
            "history": keras.Input((examples.longest_history,), dtype="int32", name="history"),
            "strengths": keras.Input((examples.longest_history,), name="strengths"),
            "targets": keras.Input((examples.targets,), dtype="int32", name="targets"),
            "negatives": keras.Input((), dtype="int32", name="negatives"),
            "allowed": keras.Input((None,), dtype="bool", name="allowed"),
        }
        model = keras.Model(inputs, self._logits(**inputs))
        model.compile(
            optimizer=keras.optimizers.AdamW(settings["learning_rate"], weight_decay=settings["weight_decay"]),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    def _logits(self, history: Any, strengths: Any, targets: Any, negatives: Any, allowed: Any) -> Any:
        """(B, T, 1 + K) what the history without the target adds to each item's score."""
        kept = self._kept(history, strengths, targets)
        gmf_user = self.gmf_weight(ops.matmul(kept, self.tables["gmf_history"](history)))
        mlp_user = self.user_half(ops.matmul(kept, self.tables["mlp_history"](history)))
        gmf_right, mlp_right = self.tables["gmf_items"](targets), self.item_half(self.tables["mlp_items"](targets))
        gmf_wrong, mlp_wrong = self.tables["gmf_items"](negatives), self.item_half(self.tables["mlp_items"](negatives))
        right = ops.sum(gmf_user * gmf_right, -1) + self._tower(mlp_user + mlp_right) - self._tower(mlp_right)
        pairs = ops.expand_dims(mlp_user, 2) + mlp_wrong
        wrong = ops.matmul(gmf_user, ops.transpose(gmf_wrong)) + self._tower(pairs) - self._tower(mlp_wrong)
        wrong = ops.where(ops.expand_dims(allowed, 1), wrong, NEVER)
        return ops.concatenate([ops.expand_dims(right, -1), wrong], -1)

    def _kept(self, history: Any, strengths: Any, targets: Any) -> Any:
        """(B, T, H) strengths of the history without the target beside it, by their length."""
        others = ops.expand_dims(history, 1) != ops.expand_dims(targets, 2)
        kept = ops.expand_dims(strengths, 1) * ops.cast(others, "float32")
        return kept / (1 + ops.sum(kept * kept, -1, keepdims=True)) ** self.exponent

    def _tower(self, units: Any) -> Any:
        units = ops.relu(units)
        for layer in self.further:
            units = layer(units)
        return ops.squeeze(self.mlp_weight(units), -1)

    def weights(self) -> dict[str, FloatArray]:
        found = {name: table.embeddings for name, table in self.tables.items()}
        found |= {"user_half": self.user_half.kernel, "item_half": self.item_half.kernel}
        found |= {"item_bias": self.item_half.bias, "gmf_weight": self.gmf_weight.kernel}
        for place, layer in enumerate(self.further, 1):
            found |= {f"kernel{place}": layer.kernel, f"bias{place}": layer.bias}
        found["mlp_weight"] = self.mlp_weight.kernel[:, 0]
        return {
            name: np.array(ops.convert_to_numpy(ops.convert_to_tensor(value)), np.float32)
            for name, value in found.items()
        }
