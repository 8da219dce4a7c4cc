"""What users say that they like when they are asked: the truth, with gaps and errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.lexicon import Lexicon
from data_generator.plan import Plan, Stream
from data_generator.population.users import INTERESTS, Population
from data_generator.sampling import Floats

SILENT = 0.12
"""Share of the users who state nothing."""
FAVOURITE, SPOKEN_OF = 0.3, 0.75
"""From this liking on a category is a favourite, and is named with this chance."""
MEAN_OTHERS = 1.5
"""Categories that a user speaks of beside the favourites."""
ERROR = 0.12


@dataclass(frozen=True, slots=True)
class Statements:
    """One entry per user and category spoken of, by user."""

    users: NDArray[np.int64]
    categories: NDArray[np.int64]
    values: Floats
    """0..1"""


def category_shares(population: Population, lexicon: Lexicon, phase: float) -> NDArray[np.float32]:
    """(n_users, n_categories) true liking at `phase` (0..1 of history); rows sum to 1."""
    users = np.arange(len(population))
    weights = population.weights(users, np.full(len(users), phase))
    category = lexicon.topic_category[population.topics]
    shares = np.zeros((len(users), len(lexicon.categories)), np.float32)
    for interest in range(INTERESTS):
        shares[users, category[:, interest]] += weights[:, interest]
    return shares


def draw_statements(plan: Plan, lexicon: Lexicon, population: Population) -> Statements:
    """Favourites at the time of the sign-up, and a few categories that leave the user cold."""
    rng = plan.rng(Stream.POPULATION, block=1)
    shares = category_shares(population, lexicon, 0.0)
    liking = np.sqrt(shares / shares.max(axis=1, keepdims=True))
    n, n_categories = liking.shape
    spoken = rng.random((n, n_categories)) < np.where(liking > FAVOURITE, SPOKEN_OF, MEAN_OTHERS / n_categories)
    spoken &= (rng.random(n) >= SILENT)[:, None]
    users, categories = np.nonzero(spoken)
    values = np.clip(0.1 + 0.8 * liking[users, categories] + rng.normal(0, ERROR, len(users)), 0, 1).round(2)
    return Statements(users, categories, values)
