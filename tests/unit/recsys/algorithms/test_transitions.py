from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import sparse

from recsys.algorithms.base import Histories
from recsys.algorithms.transitions import Transitions, TransitionsConfig
from recsys.domain import Algorithm
from recsys.testing.histories import data_of, silenced
from recsys.testing.personal import CollaborativeBehaviour


class TestTransitions(CollaborativeBehaviour):
    algorithm = Algorithm.TRANSITIONS

    def taken_back(self, history: Histories, entry: int) -> Histories:
        return silenced(history, entry)


class TestWithoutOrder(CollaborativeBehaviour):
    algorithm = Algorithm.TRANSITIONS
    settings: ClassVar[dict[str, Any]] = {"backward": 1.0, "decay": 1.0, "recency": 1.0, "weighting": "log"}


def walked(rows: list[list[int]], n_items: int) -> Histories:
    """Each user's items in the order in which they were touched, a moment each."""
    at = {(user, item): float(moment) for user, row in enumerate(rows) for moment, item in enumerate(row)}
    users, items = np.array(sorted(at), np.int32).reshape(-1, 2).T
    weights = sparse.csr_array((np.ones(len(at), np.float32), (users, items)), shape=(len(rows), n_items))
    moments = np.array([at[pair] for pair in sorted(at)])
    return Histories(weights, moments, sparse.csr_array(weights.shape, dtype=np.float32))


def fitted(rows: list[list[int]], n_items: int, **settings: Any) -> Transitions:
    plain: dict[str, Any] = {"user_exponent": 0.0, "power": 1.0, "recency": 1.0}
    config = TransitionsConfig(**plain | settings)
    return Transitions(config).fit(data_of(walked(rows, n_items)))


def test_it_is_the_one_of_the_formula() -> None:
    rng = np.random.default_rng(5)
    rows = [rng.permutation(9)[: rng.integers(1, 8)].tolist() for _ in range(12)]
    a, window, decay, backward, power = 0.3, 3, 0.6, 0.25, 0.5
    counted = np.zeros((9, 9))
    for row in rows:
        for place, item in enumerate(row):
            for distance in range(1, window + 1):
                for other, factor in ((place + distance, 1.0), (place - distance, backward)):
                    if 0 <= other < len(row):
                        counted[item, row[other]] += factor * decay ** (distance - 1) * len(row) ** (-2 * a)
    degrees = np.bincount(np.concatenate(rows), minlength=9).astype(float)
    expected = (counted * degrees[:, None] ** (a - 1) * degrees ** (a - 1)) ** power
    model = fitted(rows, 9, user_exponent=a, window=window, decay=decay, backward=backward, power=power)
    np.testing.assert_allclose(model.similarity.toarray(), expected, rtol=1e-5)


def test_what_came_next_is_recommended() -> None:
    model = fitted([[0, 1, 2]] * 3, 4, backward=0.0, decay=0.5)
    scores = model.fold_in(walked([[0], [1], [2]], 4))
    assert scores[0, 1] > scores[0, 2] > scores[0, 0] == 0
    assert scores[1, 2] > scores[1, 0] == 0
    assert not scores[2].any()


def test_what_happened_at_one_moment_has_no_order() -> None:
    histories = walked([[0, 1]] * 2, 2)
    together = Histories(histories.weights, np.zeros(4), histories.ratings)
    plain = TransitionsConfig(user_exponent=0.0, power=1.0, backward=0.2)
    kept = Transitions(plain).fit(data_of(together)).similarity.toarray()
    np.testing.assert_allclose(kept, [[0, 0.6 / 2], [0.6 / 2, 0]], rtol=1e-6)


def test_the_last_event_tells_most() -> None:
    model = fitted([[0, 2]] * 3 + [[1, 3]] * 3, 4, recency=0.5)
    scores = model.fold_in(walked([[0, 1], [1, 0]], 4))
    np.testing.assert_allclose(scores[0, [3, 2]], scores[1, [2, 3]], rtol=1e-6)
    np.testing.assert_allclose(scores[0, 3], 2 * scores[0, 2], rtol=1e-6)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    rows = [rng.permutation(30)[:12].tolist() for _ in range(20)]
    whole = fitted(rows, 31).similarity.toarray()
    monkeypatch.setattr("recsys.algorithms.transitions.CHUNK_PAIRS", 60)
    np.testing.assert_allclose(fitted(rows, 31).similarity.toarray(), whole, rtol=1e-6)
