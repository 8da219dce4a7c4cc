"""How well an item suits a user in truth: what no model sees, and every event follows from."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.items import AXES

TOPIC, CATEGORY = 1.6, 0.9
STYLE, QUALITY, PRICE = 0.6, 0.6, 0.15
MIDDLE = 1.3
"""Taken off, so that 0 is an item that the user shrugs at."""


class Choosers(Protocol):
    """What of users decides, the topic aside: a drawn population, or one read back."""

    @property
    def style(self) -> NDArray[np.float32]:
        """(n_users, AXES)"""

    @property
    def budget(self) -> NDArray[np.float32]:
        """(n_users,)"""


class Choices(Protocol):
    """What of items decides, the topic aside: a drawn catalogue, or one read back."""

    @property
    def style(self) -> NDArray[np.float32]:
        """(n_items, AXES)"""

    @property
    def appeal(self) -> NDArray[np.float64]:
        """(n_items,)"""

    @property
    def costliness(self) -> NDArray[np.float64]:
        """(n_items,)"""


def charm(
    population: Choosers, catalogue: Choices, users: NDArray[np.int64], items: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(k, m) what style, quality and price of `items` (k, m) are worth to `users` (k,), the topic aside."""
    match = np.einsum("kma,ka->km", catalogue.style[items], population.style[users]) / np.sqrt(np.float32(AXES))
    gap = catalogue.costliness[items] - population.budget[users][:, None]
    return np.asarray(STYLE * match + QUALITY * catalogue.appeal[items] - PRICE * gap**2, np.float32)


def interest(
    topics: NDArray[np.int16], weights: NDArray[np.float32], topic: NDArray[np.int64], topic_category: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(k,) what a topic is worth to users who like `topics` (k, INTERESTS) as much as `weights` (k, INTERESTS) say.

    `topic_category` (n_topics,) has each topic's category.
    """
    same_topic = (weights * (topics == topic[:, None])).sum(axis=1)
    same_category = (weights * (topic_category[topics] == topic_category[topic][:, None])).sum(axis=1)
    return np.asarray(TOPIC * np.sqrt(same_topic) + CATEGORY * np.sqrt(same_category) - MIDDLE, np.float32)
