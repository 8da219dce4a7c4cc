"""What is worth knowing of a split before its figures are read."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from model_trainer.benchmark.dataset import Dataset
from recsys.preferences import Events


@dataclass(frozen=True, slots=True)
class Summary:
    users: int
    """Of train and test."""
    items: int
    """The catalogue's."""
    train: int
    """Rows."""
    test: int
    """Relevant rows."""
    test_users: int
    """Who have a relevant row: figures are means over them."""
    cold_users: int
    """Those of them without a train row."""
    test_items_outside: int
    """Items of relevant rows that are not in the catalogue."""
    test_pairs_in_train: int
    """Relevant pairs that the user has in train, where they are not ranked."""
    test_pairs_not_candidates: int
    """Relevant pairs within the catalogue that are not among their user's candidates."""

    @classmethod
    def of(cls, dataset: Dataset) -> Summary:
        relevant = dataset.test.where(dataset.liked(dataset.test))
        users, pairs = np.unique(relevant.users), np.unique(_pairs(dataset, relevant))
        return cls(
            users=len(dataset.user_ids),
            items=len(dataset.item_ids),
            train=len(dataset.train),
            test=len(relevant),
            test_users=len(users),
            cold_users=len(np.setdiff1d(users, dataset.train.users)),
            test_items_outside=len(np.unique(relevant.items[relevant.items >= len(dataset.item_ids)])),
            test_pairs_in_train=int(np.isin(pairs, _pairs(dataset, dataset.train)).sum()),
            test_pairs_not_candidates=_not_candidates(dataset, pairs),
        )

    def figures(self) -> dict[str, int]:
        return asdict(self)

    def sentences(self) -> list[str]:
        """What the figures alone would not tell, where there is any of it."""
        told = {
            "test users have no row in train: they get the cold list": self.cold_users,
            "test items are outside the catalogue: they are missed": self.test_items_outside,
            "test pairs are in train too, where they are not ranked: they are missed": self.test_pairs_in_train,
            "test pairs are not among their user's candidates: they are missed": self.test_pairs_not_candidates,
        }
        size = f"{self.users:,} users, {self.items:,} items, {self.train:,} train and {self.test:,} test rows"
        return [size, *(f"{count:,} {sentence}" for sentence, count in told.items() if count)]


def _pairs(dataset: Dataset, events: Events) -> NDArray[np.int64]:
    """(n,) one number for each user and item."""
    return events.users.astype(np.int64) * (len(dataset.item_ids) + dataset.n_outside) + events.items


def _not_candidates(dataset: Dataset, pairs: NDArray[np.int64]) -> int:
    if dataset.candidates is None:
        return 0
    users, items = np.divmod(pairs, len(dataset.item_ids) + dataset.n_outside)
    inside = items < len(dataset.item_ids)
    asked = dataset.candidates.tocoo()
    width = len(dataset.item_ids)
    known = np.isin(users[inside] * width + items[inside], asked.row.astype(np.int64) * width + asked.col)
    return int((~known).sum())
