from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from recsys.algorithms.ease import Ease, EaseConfig
from recsys.domain import Algorithm
from recsys.errors import DataRefused
from recsys.testing.histories import data_of, histories_of
from recsys.testing.personal import CollaborativeBehaviour
from recsys.testing.worlds import small_world, training_data


class TestEase(CollaborativeBehaviour):
    algorithm = Algorithm.EASE
    settings: ClassVar[dict[str, Any]] = {"regularization": 5.0}


def test_the_weights_minimise_the_penalised_squares_with_a_zero_diagonal() -> None:
    likes = (np.random.default_rng(0).random((40, 12)) < 0.3).astype(np.float64)
    histories = histories_of([{int(c): 1.0 for c in np.flatnonzero(row)} for row in likes], 12)
    weights = Ease(EaseConfig(regularization=2.0)).fit(data_of(histories)).weights.astype(np.float64)
    gradient = likes.T @ (likes @ weights - likes) + 2.0 * weights
    np.fill_diagonal(gradient, 0)
    np.testing.assert_allclose(gradient, 0, atol=1e-4)
    assert not np.diag(weights).any()


def test_a_catalogue_above_the_bound_is_refused() -> None:
    with pytest.raises(DataRefused, match="up to 119 items, the catalogue has 120"):
        Ease(EaseConfig(max_items=119)).fit(training_data(small_world()))


def test_data_that_cannot_be_inverted_is_refused() -> None:
    with pytest.raises(DataRefused, match="raise its regularization"):
        Ease(EaseConfig(regularization=0.0)).fit(data_of(histories_of([{0: 1.0, 1: 1.0}], 3)))
