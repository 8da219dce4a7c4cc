from __future__ import annotations

import numpy as np
import pytest

from model_trainer.fitting import DEFAULT_ALGORITHMS, Fitted, algorithms_with, fit
from recsys.algorithms.base import TrainingData
from recsys.algorithms.hybrid import DEFAULT_WEIGHTS, Hybrid
from recsys.domain import Algorithm
from recsys.errors import DataRefused


def test_every_default_algorithm_is_fitted_and_timed(fitted: Fitted) -> None:
    assert tuple(fitted.models) == tuple(fitted.seconds) == DEFAULT_ALGORITHMS
    assert all(name is model.name for name, model in fitted.models.items())
    assert all(seconds > 0 for seconds in fitted.seconds.values())
    assert fitted.summary().startswith("popularity 0.")


def test_the_hybrid_blends_the_fitted_models(fitted: Fitted) -> None:
    models = fitted.with_hybrid({"als": 0.25, "popularity": 0.75})
    hybrid = models[Algorithm.HYBRID]
    assert isinstance(hybrid, Hybrid)
    assert hybrid.components["als"] is fitted.models[Algorithm.ALS]
    assert hybrid.config.weights == {"als": 0.25, "popularity": 0.75}


def test_without_chosen_weights_the_hybrid_has_its_own(fitted: Fitted) -> None:
    assert fitted.with_hybrid(None)[Algorithm.HYBRID].config.weights == DEFAULT_WEIGHTS


def test_only_what_learns_from_texts_is_taken_over(fitted: Fitted, before: TrainingData) -> None:
    again = fit(DEFAULT_ALGORITHMS, before, fitted)
    same = {name for name in DEFAULT_ALGORITHMS if again.models[name] is fitted.models[name]}
    assert same == {Algorithm.CONTENT_BASED}


def test_what_is_taken_over_is_what_a_fit_would_give(fitted: Fitted, before: TrainingData) -> None:
    nobody = TrainingData(
        before.user_ids, before.item_ids, before.histories.rows(np.empty(0, np.int32)), before.content, 0.0
    )
    items = np.arange(len(before.item_ids), dtype=np.int32)
    fresh = fit([Algorithm.CONTENT_BASED], nobody).models[Algorithm.CONTENT_BASED]
    assert np.array_equal(fresh.similar(items), fitted.models[Algorithm.CONTENT_BASED].similar(items))


def test_more_algorithms_come_once_and_the_hybrid_by_itself() -> None:
    assert algorithms_with([Algorithm.EASE, Algorithm.ALS, Algorithm.HYBRID]) == (*DEFAULT_ALGORITHMS, Algorithm.EASE)


def test_an_algorithm_that_nobody_can_fit_is_refused_by_name() -> None:
    with pytest.raises(DataRefused, match="cannot fit ncf"):
        algorithms_with([Algorithm.NCF])
