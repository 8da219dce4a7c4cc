"""Who comes: some of the generated population, and newcomers with the tastes of one of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from data_generator.truth import Truth
from recsys.errors import DataRefused

DEFAULT_USERS = 1_000
MAX_NEWCOMERS = 500
"""Those who signed up last come back like everybody else."""
FAVOURITES, ERROR = 4, 0.1


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    taste: int
    """Position of the user in the truth whose tastes these are."""


class People:
    """The players: `users` of the population, chosen at random."""

    def __init__(self, rng: np.random.Generator, truth: Truth, users: int | None) -> None:
        """Raises `DataRefused` for more users than there are."""
        n = len(truth.users)
        count = min(DEFAULT_USERS, n) if users is None else users
        if not 1 <= count <= n:
            raise DataRefused(f"--users {count:,} is out of range: the population that was generated has {n:,}.")
        self._truth = truth
        self._players = [Person(int(taste) + 1, int(taste)) for taste in rng.choice(n, count, replace=False)]
        self._newcomers: deque[Person] = deque(maxlen=MAX_NEWCOMERS)

    def __len__(self) -> int:
        return len(self._players) + len(self._newcomers)

    def someone(self, rng: np.random.Generator) -> Person:
        """Any of them; at least one is always there."""
        place = int(rng.integers(len(self)))
        players = len(self._players)
        return self._players[place] if place < players else self._newcomers[place - players]

    def joined(self, person: Person) -> None:
        self._newcomers.append(person)

    def left(self, person: Person) -> None:
        """Somebody whom the API does not know any more; the last one stays."""
        for group in (self._players, self._newcomers):
            if person in group and len(self) > 1:
                group.remove(person)


def sign_up_form(rng: np.random.Generator, truth: Truth, taste: int, demographics: dict[str, Any]) -> dict[str, Any]:
    """What a newcomer like `taste` says of themselves: the demographics, and the truth of the tastes, more or less."""
    shares = truth.users.category_shares[taste]
    favourites = np.argsort(-shares)[: int(rng.integers(1, FAVOURITES + 1))]
    liking = 0.1 + 0.8 * np.sqrt(shares[favourites] / shares.max()) + rng.normal(0, ERROR, len(favourites))
    stated = {
        truth.category_names[category]: round(float(value), 2)
        for category, value in zip(favourites, np.clip(liking, 0, 1), strict=True)
    }
    given = {name: demographics[name] for name in ("age", "gender", "country") if demographics.get(name) is not None}
    return given | {"preferences": {"categories": stated}}
