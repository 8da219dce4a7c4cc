from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from recsys.algorithms.svd import Svd, SvdConfig
from recsys.domain import Algorithm
from recsys.testing.histories import data_of, histories_of
from recsys.testing.personal import CollaborativeBehaviour
from recsys.testing.worlds import small_world, training_data


class TestBiased(CollaborativeBehaviour):
    algorithm = Algorithm.SVD
    settings: ClassVar[dict[str, Any]] = {"factors": 16, "rating_factors": 8, "power_iterations": 20}
    permutation_error: ClassVar[float] = 0.01  # the random projection meets the rows in another order


class TestTruncated(CollaborativeBehaviour):
    algorithm = Algorithm.SVD
    settings: ClassVar[dict[str, Any]] = {
        "variant": "truncated",
        "factors": 20,
        "power_iterations": 20,
        "user_exponent": 0.0,
    }
    permutation_error: ClassVar[float] = 0.01


def test_without_scaling_it_is_the_projection_on_the_leading_singular_vectors() -> None:
    weights = np.random.default_rng(0).poisson(0.7, (24, 20)).astype(np.float64)
    rows = [{int(column): float(row[column]) for column in np.flatnonzero(row)} for row in weights]
    histories = histories_of(rows, 20)
    config = SvdConfig(
        variant="truncated", factors=5, item_exponent=0.0, user_exponent=0.0, weighting="linear", power_iterations=20
    )
    vectors = np.linalg.svd(weights)[2][:5]
    scores = Svd(config).fit(data_of(histories)).fold_in(histories)
    np.testing.assert_allclose(scores, weights @ vectors.T @ vectors, rtol=1e-3, atol=1e-3)


def test_factors_never_span_the_whole_space() -> None:
    data = data_of(histories_of([{0: 1.0, 1: 1.0}] * 12, 9))
    assert Svd(SvdConfig(factors=64)).fit(data).item_factors.shape == (9, 2)


def test_the_biased_variant_predicts_ratings() -> None:
    data = training_data(small_world())
    rated = data.histories.ratings.tocoo()
    predicted = Svd().fit(data).predict_ratings(rated.row, rated.col)
    assert predicted.dtype == np.float32
    assert np.sqrt(np.mean((predicted - rated.data) ** 2)) < rated.data.std()


def test_the_truncated_variant_predicts_none() -> None:
    model = Svd(SvdConfig(variant="truncated")).fit(training_data(small_world()))
    with pytest.raises(ValueError, match="biased"):
        model.predict_ratings(np.array([0], np.int32), np.array([0], np.int32))


def test_words_place_an_item_that_nobody_touched() -> None:
    texts = ["red wine glass", "red wine bottle", "steel bolt", "steel nut", *(f"thing{n}" for n in range(80))]
    histories = histories_of([{0: 1.0, 2: 1.0}, {0: 1.0}, {2: 1.0}] * 20, len(texts))
    wine = np.array([0], np.int32)
    without, with_words = (
        Svd(SvdConfig(factors=2, text_weight=weight)).fit(data_of(histories, texts)).similar(wine)[0]
        for weight in (0.0, 1.0)
    )
    assert without[1] == 0
    assert with_words[1] > 0.5 > with_words[3]
