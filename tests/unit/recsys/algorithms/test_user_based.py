from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from recsys.algorithms.user_based import UserBased, UserBasedConfig
from recsys.domain import Algorithm
from recsys.testing.histories import data_of, histories_of
from recsys.testing.personal import CollaborativeBehaviour


class TestUserBased(CollaborativeBehaviour):
    algorithm = Algorithm.USER_BASED


class TestFewSharpNeighbours(CollaborativeBehaviour):
    algorithm = Algorithm.USER_BASED
    settings: ClassVar[dict[str, Any]] = {"neighbours": 20, "power": 2.0, "item_exponent": 0.0}


ROWS: list[dict[int, float]] = [{0: 1, 1: 1}, {0: 1, 2: 1}, {3: 1}, {0: -1, 4: 1}]


def fitted(**settings: Any) -> UserBased:
    return UserBased(UserBasedConfig(weighting="linear", **settings)).fit(data_of(histories_of(ROWS, 5)))


def test_neighbours_are_the_cosines_of_the_strengths() -> None:
    near = fitted(item_exponent=0.0).neighbours(histories_of([{0: 1.0, 1: 1.0}], 5)).toarray()[0]
    np.testing.assert_allclose(near, [1.0, 0.5, 0.0, 0.0], rtol=1e-6)


def test_the_score_is_what_the_neighbours_say() -> None:
    scores = fitted(item_exponent=0.0).fold_in(histories_of([{0: 1.0, 1: 1.0}], 5))[0]
    half = np.sqrt(0.5)
    np.testing.assert_allclose(scores, [1.5 * half, half, 0.5 * half, 0, 0], rtol=1e-6)


def test_only_the_nearest_are_asked() -> None:
    near = fitted(neighbours=1).neighbours(histories_of([{0: 1.0, 1: 1.0}], 5))
    assert near.indices.tolist() == [0]


def test_a_user_of_the_opposite_taste_is_no_neighbour() -> None:
    near = fitted().neighbours(histories_of([{0: 1.0}], 5)).toarray()[0]
    assert near[3] == 0
    assert fitted().neighbours(histories_of([{0: -1.0}], 5)).toarray()[0].nonzero()[0].tolist() == [3]
