"""What every algorithm is: a frozen config, and a class that fits, scores, folds in, explains, saves and loads.

Users and items are rows and columns here (int32 positions in the release's `user_ids` and `item_ids`); ids stay
outside.
An algorithm keeps no copy of the histories that it was fitted on unless it scores with them.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.spread import Spread, measure
from recsys.algorithms.words import occurrences
from recsys.arrays import load_json, save_json
from recsys.domain import Algorithm
from recsys.errors import DataRefused

FloatArray = NDArray[np.float32]
IndexArray = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Histories:
    """What a batch of users did, a row each, over the catalogue's columns.

    `weights` has one stored entry for each item that the user touched: the summed weight of the events, positive for
    liking, negative for disliking, never zero. `last_at` is aligned with `weights.data`: unix seconds of the last event
    on that item. `ratings` holds the last explicit rating (0.5..5) where there is one.
    """

    weights: sparse.csr_array
    """(n_users, n_items) float32, indices sorted within a row."""
    last_at: NDArray[np.float64]
    """(nnz,)"""
    ratings: sparse.csr_array
    """(n_users, n_items) float32"""

    def __len__(self) -> int:
        return int(self.weights.shape[0])

    def rows(self, users: IndexArray) -> Histories:
        """The histories of these rows, in this order."""
        if len(users) == 1:
            return self._row(int(users[0]))
        weights = self.weights[users]
        at = sparse.csr_array((self.last_at, self.weights.indices, self.weights.indptr), shape=self.weights.shape)
        return Histories(weights, at[users].data, self.ratings[users])

    def _row(self, user: int) -> Histories:
        """One of them, as quickly as an answer wants it: SciPy's own choice of rows takes several times as long."""
        first, last = self.weights.indptr[user : user + 2]
        return Histories(_one_row(self.weights, user), self.last_at[first:last].copy(), _one_row(self.ratings, user))

    @staticmethod
    def empty(n_users: int, n_items: int) -> Histories:
        nothing = sparse.csr_array((n_users, n_items), dtype=np.float32)
        return Histories(nothing, np.empty(0, np.float64), nothing)


def _one_row(matrix: sparse.csr_array, row: int) -> sparse.csr_array:
    first, last = matrix.indptr[row : row + 2]
    parts = matrix.data[first:last], matrix.indices[first:last], np.array([0, last - first], matrix.indptr.dtype)
    return sparse.csr_array(parts, shape=(1, matrix.shape[1]), copy=True)


@dataclass(frozen=True)
class ItemContent:
    """What the catalogue says of each column, known without any event."""

    titles: list[str]
    texts: list[str]
    """Title, description, tags, brand and category as one text, for TF-IDF."""
    category: IndexArray
    """(n_items,) position in `category_names`, -1 for none."""
    category_names: list[str]
    quality: FloatArray
    """(n_items,) 0..5, NaN where unknown."""

    @cached_property
    def words(self) -> sparse.csr_array:
        """(n_items, n_words) float32 ones where a text holds a word that a few others hold too."""
        return occurrences(self.texts)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """One consistent snapshot, or its training part."""

    user_ids: NDArray[np.int64]
    """(n_users,) ascending"""
    item_ids: NDArray[np.int64]
    """(n_items,) ascending; the whole catalogue, touched or not"""
    histories: Histories
    content: ItemContent
    as_of: float
    """Unix seconds of the last event: recency counts from here."""


class Recommender(ABC):
    """Base of every algorithm. `config` is a frozen dataclass of plain values; it is all that distinguishes two
    unfitted instances.
    """

    name: ClassVar[Algorithm]
    config_class: ClassVar[type[Any]]
    libraries: ClassVar[tuple[str, ...]] = ()
    """Of an extra that bears the algorithm's name, which `fit` alone imports."""
    spread: Spread = Spread()
    """Measured by `fit`."""

    def __init__(self, config: Any = None) -> None:
        self.config = config if config is not None else self.config_class()

    @classmethod
    def ensure_fittable(cls) -> None:
        """Raise `DataRefused` where this installation lacks what `fit` needs; loading and scoring never need it."""
        if any(find_spec(library) is None for library in cls.libraries):
            name = cls.name.value
            raise DataRefused(
                f"{name} is trained by {' and '.join(cls.libraries)}, which are not installed here: ./setup.sh install "
                f"--{name} adds them (to the containers: TRAINER_LOCK={name} in .env, then ./setup.sh)."
            )

    @abstractmethod
    def fit(self, data: TrainingData) -> Self:
        """Learn from `data` and return self. The same data, config and seed give the same model."""

    @abstractmethod
    def fold_in(self, histories: Histories) -> FloatArray:
        """Score the whole catalogue for users that need not have been trained on.

        Args:
            histories: (n, n_items)

        Returns:
            (n, n_items) float32, higher is better, finite; a row without history gives a constant row (or the
              algorithm's prior).
        """

    def score(self, users: IndexArray, histories: Histories) -> FloatArray:
        """Score for trained users, rows `users`, whose histories are given; models with trained user parameters
        override.
        """
        del users
        return self.fold_in(histories)

    def score_items(self, histories: Histories, items: IndexArray) -> FloatArray:
        """`fold_in` of some items alone, (n, k): what is needed where the score of a few is asked for anew."""
        scores: FloatArray = self.fold_in(histories)[:, items]
        return scores

    def parts(self, histories: Histories) -> dict[str, FloatArray]:
        """The summands of the score by source; they add up to `fold_in`. One part unless this is a blend."""
        return {self.name.value: self.fold_in(histories)}

    @abstractmethod
    def similar(self, items: IndexArray) -> FloatArray:
        """(k, n_items) float32 similarity of every item to each of `items`, higher is nearer; 0 where nothing is
        known.
        """

    def nearest(self, item: int) -> tuple[IndexArray, FloatArray] | None:
        """The items nearest to one, from a list that was made when the model was saved, without a look at the others.

        Returns:
            (m,) columns, nearest first, `item` not among them, and (m,) their similarity as in `similar`; None where no
              list is kept: then `similar` has to be asked
        """
        del item
        return None

    def explain(self, history: Histories, items: IndexArray) -> FloatArray | None:
        """How much each event of one user brought to the score of `items`.

        Args:
            history: one row with m stored entries
            items: (k,)

        Returns:
            (k, m) float32, columns aligned with `history.weights.indices`; rows sum to the score less what does not
              come from events (bias, prior). None where the algorithm does not use the user's events.
        """
        del history, items
        return None

    def explain_parts(self, history: Histories, items: IndexArray) -> dict[str, FloatArray | None]:
        """`explain` for each source that `parts` names.

        Args:
            history: one row with m stored entries
            items: (k,)

        Returns:
            by source, (k, m) as in `explain` in the units of the part: rows sum to the part's share less what does
              not come from events. None for a source that does not use the user's events.
        """
        return {self.name.value: self.explain(history, items)}

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write arrays (`.npy`) and `.json` into an existing empty folder; no pickles."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """The inverse of `save`; arrays are memory-mapped read-only."""

    def of_users(self, rows: IndexArray) -> Self:
        """The model with what it holds of these trained users and of no others, whose rows are counted anew.

        Here itself: most models hold nothing of a single user, but sums over all of them.
        """
        del rows
        return self

    def measured(self, histories: Histories) -> Self:
        """The last step of every `fit`: learn the spread of the scores over users like these."""
        self.spread = measure(self, histories)
        return self

    def save_config(self, folder: Path) -> None:
        save_json(folder, "config", self.settings)
        save_json(folder, "spread", dataclasses.asdict(self.spread))

    @classmethod
    def load_config(cls, folder: Path) -> Self:
        """An instance with the saved config and spread, its arrays still to be loaded."""
        model = cls(cls.config_class(**load_json(folder, "config")))
        model.spread = Spread(**load_json(folder, "spread"))
        return model

    @property
    def settings(self) -> dict[str, Any]:
        """The config as plain values, for manifests and MLflow."""
        return dataclasses.asdict(self.config)
