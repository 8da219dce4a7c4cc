"""How well an item suits a user in truth: what no model sees, and every event follows from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.items import AXES, Catalogue
from data_generator.catalogue.lexicon import Lexicon
from data_generator.population.users import Population

TOPIC, CATEGORY = 1.6, 0.9
STYLE, QUALITY, PRICE = 0.6, 0.6, 0.15
MIDDLE = 1.3
"""Taken off, so that 0 is an item that the user shrugs at."""


def charm(
    population: Population, catalogue: Catalogue, users: NDArray[np.int64], items: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(k, m) what style, quality and price of `items` (k, m) are worth to `users` (k,), the topic aside."""
    match = np.einsum("kma,ka->km", catalogue.style[items], population.style[users]) / np.sqrt(np.float32(AXES))
    gap = catalogue.costliness[items] - population.budget[users][:, None]
    return np.asarray(STYLE * match + QUALITY * catalogue.appeal[items] - PRICE * gap**2, np.float32)


def interest(
    topics: NDArray[np.int16], weights: NDArray[np.float32], topic: NDArray[np.int64], lexicon: Lexicon
) -> NDArray[np.float32]:
    """(k,) what a topic is worth to users who like `topics` (k, INTERESTS) as much as `weights` (k, INTERESTS) say."""
    categories = lexicon.topic_category
    same_topic = (weights * (topics == topic[:, None])).sum(axis=1)
    same_category = (weights * (categories[topics] == categories[topic][:, None])).sum(axis=1)
    return np.asarray(TOPIC * np.sqrt(same_topic) + CATEGORY * np.sqrt(same_category) - MIDDLE, np.float32)
