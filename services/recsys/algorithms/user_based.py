"""User-based collaborative filtering: what people of the same taste liked."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender, TrainingData
from recsys.algorithms.neighbourhoods import nearest
from recsys.algorithms.weighting import Weighting, inverse_power, scale_columns, scale_rows, strengths, with_data
from recsys.arrays import load_array, load_csr, save_array, save_csr
from recsys.domain import Algorithm


@dataclass(frozen=True)
class UserBasedConfig:
    neighbours: int = 200
    """The nearest users with a positive cosine."""
    weighting: Weighting = "log"
    """How the summed events of a user and an item count."""
    item_exponent: float = 0.3
    """How much a popular item is discounted in comparing users: strengths x degree ^ -item_exponent."""
    power: float = 1.0
    """Each neighbour's cosine is raised to it: above 1 the nearest count more."""


class UserBased(Recommender):
    """score = sum over the nearest trained users v of cos(u, v)^power x v's strengths, length one.

    Herlocker, Konstan, Borchers and Riedl, SIGIR 1999; discounting popular items in the comparison goes back to
    Breese, Heckerman and Kadie, UAI 1998. A neighbour's dislikes count against the item, and two users who judge an
    item differently are farther apart.
    """

    name = Algorithm.USER_BASED
    config_class = UserBasedConfig
    config: UserBasedConfig
    users: sparse.csr_array
    """(n_users, n_items) strengths, rows of length one"""
    compared: sparse.csr_array
    """(n_items, n_users) discounted strengths, columns of length one: a history's product with it is its cosines"""
    discount: FloatArray
    """(n_items,)"""

    def fit(self, data: TrainingData) -> Self:
        weights = strengths(data.histories.weights, self.config.weighting)
        degrees = np.bincount(weights.indices, minlength=weights.shape[1]).astype(np.float32)
        self.discount = inverse_power(degrees, self.config.item_exponent)
        self.users = _unit_rows(weights)
        self.compared = _unit_rows(scale_columns(weights, self.discount)).T.tocsr()
        return self.measured(data.histories)

    def neighbours(self, histories: Histories) -> sparse.csr_array:
        """(n, n_users) cosines to the nearest trained users, themselves included where they were trained on."""
        own = strengths(histories.weights, self.config.weighting)
        cosines = sparse.csr_array(_unit_rows(scale_columns(own, self.discount)) @ self.compared)
        cosines.data = np.maximum(cosines.data, np.float32(0))
        cosines.eliminate_zeros()
        return nearest(cosines, self.config.neighbours)

    def fold_in(self, histories: Histories) -> FloatArray:
        near = self.neighbours(histories)
        scores: FloatArray = (with_data(near, near.data ** np.float32(self.config.power)) @ self.users).toarray()
        return scores

    def similar(self, items: IndexArray) -> FloatArray:
        """Cosine of the items over the trained users; an item's own column holds the maximum of its row."""
        near: FloatArray = (_unit_rows(self.compared[items]) @ self.users).toarray()
        squares = np.bincount(self.users.indices, self.users.data**2, minlength=self.users.shape[1])
        near *= inverse_power(squares, 0.5)
        near[np.arange(len(items)), items] = near.max(axis=1)
        return near

    def explain(self, history: Histories, items: IndexArray) -> FloatArray:
        """Through the neighbours, held fixed: what the event adds to their cosines, times what they say of the item."""
        near = self.neighbours(history)
        own = _unit_rows(scale_columns(strengths(history.weights, self.config.weighting), self.discount))
        shared = self.compared[own.indices][:, near.indices].toarray() * own.data[:, None]
        said = self.users[near.indices][:, items].toarray()
        held: FloatArray = near.data ** np.float32(self.config.power - 1)
        brought: FloatArray = (shared @ (said * held[:, None])).T
        return brought

    def of_users(self, rows: IndexArray) -> Self:
        model = copy(self)
        model.users = self.users[rows]
        model.compared = self.compared[:, rows]
        return model

    def save(self, folder: Path) -> None:
        self.save_config(folder)
        save_csr(folder, "users", self.users)
        save_csr(folder, "compared", self.compared)
        save_array(folder, "discount", self.discount)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.load_config(folder)
        model.users = load_csr(folder, "users")
        model.compared = load_csr(folder, "compared")
        model.discount = load_array(folder, "discount")
        return model


def _unit_rows(matrix: sparse.csr_array) -> sparse.csr_array:
    squares = with_data(matrix, matrix.data**2).sum(axis=1)
    return scale_rows(matrix, inverse_power(squares, 0.5))
