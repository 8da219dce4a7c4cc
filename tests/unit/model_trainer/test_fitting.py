from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_trainer.fitting import DEFAULT_ALGORITHMS, Fitted, algorithms_with, fit
from recsys.algorithms.base import TrainingData
from recsys.algorithms.content_based import ContentBased
from recsys.algorithms.hybrid import DEFAULT_WEIGHTS, Hybrid, HybridConfig
from recsys.domain import Algorithm
from recsys.errors import DataRefused


def test_every_default_algorithm_is_fitted_and_timed(fitted: Fitted) -> None:
    assert tuple(fitted.models) == tuple(fitted.seconds) == DEFAULT_ALGORITHMS
    assert all(name is model.name for name, model in fitted.models.items())
    assert all(seconds > 0 for seconds in fitted.seconds.values())
    assert fitted.summary().startswith("popularity 0.")


def test_the_hybrid_blends_the_fitted_models(fitted: Fitted) -> None:
    models = fitted.with_hybrid(HybridConfig({"als": 0.25, "popularity": 0.75}))
    hybrid = models[Algorithm.HYBRID]
    assert isinstance(hybrid, Hybrid)
    assert hybrid.components["als"] is fitted.models[Algorithm.ALS]
    assert hybrid.config.weights == {"als": 0.25, "popularity": 0.75}


def test_without_chosen_weights_the_hybrid_has_its_own(fitted: Fitted) -> None:
    assert fitted.with_hybrid(None)[Algorithm.HYBRID].config.weights == DEFAULT_WEIGHTS


def test_what_is_taken_over_is_what_a_fit_would_give(fitted: Fitted, before: TrainingData) -> None:
    few = before.histories.rows(np.arange(9, dtype=np.int32))
    smaller = replace(before, user_ids=before.user_ids[:9], histories=few)
    spread = fitted.models[Algorithm.CONTENT_BASED].spread
    taken, fresh = fit(DEFAULT_ALGORITHMS, smaller, fitted), fit(DEFAULT_ALGORITHMS, smaller)
    for name in DEFAULT_ALGORITHMS:
        assert np.array_equal(taken.models[name].fold_in(few), fresh.models[name].fold_in(few))
        assert taken.models[name].spread == fresh.models[name].spread
    assert fitted.models[Algorithm.CONTENT_BASED].spread == spread


def test_texts_are_read_once(fitted: Fitted, before: TrainingData) -> None:
    silent = replace(before, content=replace(before.content, texts=["" for _ in before.content.texts]))
    again = fit([Algorithm.CONTENT_BASED], silent, fitted).models[Algorithm.CONTENT_BASED]
    assert isinstance(again, ContentBased)
    assert again.words


def test_more_algorithms_come_once_and_the_hybrid_by_itself() -> None:
    assert algorithms_with([Algorithm.EASE, Algorithm.ALS, Algorithm.HYBRID]) == (*DEFAULT_ALGORITHMS, Algorithm.EASE)


def test_an_algorithm_whose_libraries_are_missing_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.algorithms.base.find_spec", lambda _: None)
    with pytest.raises(DataRefused, match="ncf is trained by keras"):
        algorithms_with([Algorithm.NCF])
