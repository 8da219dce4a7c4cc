from __future__ import annotations

import numpy as np

from data_generator.behaviour.affinity import interest
from data_generator.catalogue.lexicon import load_lexicon
from data_generator.population.users import INTERESTS


def test_a_liked_topic_counts_more_than_its_category_and_that_more_than_the_rest() -> None:
    topics = np.zeros((3, INTERESTS), np.int16)
    weights = np.full((3, INTERESTS), 1 / INTERESTS, np.float32)
    neighbour, stranger = 1, int(load_lexicon().first_topic[5])
    worth = interest(topics, weights, np.array([0, neighbour, stranger]), load_lexicon().topic_category)
    assert worth[0] > worth[1] + 1 > worth[2] + 1.5


def test_the_more_of_a_users_interest_a_topic_has_the_more_it_is_worth() -> None:
    topics = np.tile(np.arange(INTERESTS, dtype=np.int16), (2, 1))
    weights = np.zeros((2, INTERESTS), np.float32)
    weights[:, 9] = (0.1, 0.6)
    weights[:, 0] = 1 - weights[:, 9]
    worth = interest(topics, weights, np.array([9, 9]), load_lexicon().topic_category)
    assert worth[1] > worth[0]
