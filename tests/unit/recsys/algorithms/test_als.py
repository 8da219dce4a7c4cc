from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys.algorithms.als import Als, AlsConfig
from recsys.domain import Algorithm
from recsys.neighbours.nearest import NearestItems
from recsys.testing.histories import data_of, histories_of
from recsys.testing.personal import CollaborativeBehaviour
from recsys.testing.worlds import small_world, training_data


class TestAls(CollaborativeBehaviour):
    algorithm = Algorithm.ALS
    permutation_error: ClassVar[float] = 0.01  # another order starts from other random vectors


class TestFewFactors(CollaborativeBehaviour):
    algorithm = Algorithm.ALS
    settings: ClassVar[dict[str, Any]] = {"factors": 24, "regularization": 15.0, "weighting": "binary"}
    permutation_error: ClassVar[float] = 0.2


def as_implicit(model: Als) -> AlternatingLeastSquares:
    """`implicit`'s own model over our item vectors."""
    with threadpool_limits(1, "blas"):
        theirs = AlternatingLeastSquares(
            factors=model.item_factors.shape[1], regularization=model.config.regularization
        )
    theirs.item_factors = np.array(model.item_factors, order="C")
    return theirs


def test_folds_in_as_implicit_does() -> None:
    data = training_data(small_world())
    model = Als(AlsConfig(factors=16, alpha=10.0, regularization=3.0, dislike_preference=0.0)).fit(data)
    users = np.arange(0, 112, 5, dtype=np.int32)
    rows = data.histories.rows(users)
    weights = rows.weights
    confidence = np.copysign(1 + 10.0 * np.log1p(np.abs(weights.data)), weights.data)
    signed = sparse.csr_matrix((confidence, weights.indices, weights.indptr), shape=weights.shape)
    theirs = as_implicit(model).recalculate_user(users, signed)
    np.testing.assert_allclose(model.user_factors(rows), theirs, rtol=2e-3, atol=2e-5)


def test_the_vectors_minimise_the_weighted_squares() -> None:
    histories = histories_of([{0: 1, 1: 1}, {1: 1, 2: -2}, {0: 3}], 4)
    config = AlsConfig(factors=2, alpha=5.0, regularization=0.5, weighting="linear", dislike_preference=-1.0)
    model = Als(config).fit(data_of(histories))
    weights = histories.weights.toarray().astype(np.float64)
    confidence, preference = 1 + 5.0 * np.abs(weights), np.sign(weights)
    items = model.item_factors.astype(np.float64)
    for row, vector in enumerate(model.user_factors(histories)):
        gradient = items.T @ (confidence[row] * (items @ vector - preference[row])) + 0.5 * vector
        np.testing.assert_allclose(gradient, 0, atol=1e-5)


def test_a_dislike_takes_from_its_neighbourhood() -> None:
    data = training_data(small_world())
    liked = {0: 4.0, 3: 4.0}
    history = histories_of([liked, {**liked, 5: -4.0}], len(data.item_ids))
    model = Als().fit(data)
    before, after = model.fold_in(history)
    own = data.content.category == data.content.category[5]
    assert after[5] < before[5]
    assert after[own].mean() < before[own].mean()
    assert (model.explain(history.rows(np.array([1], np.int32)), np.array([5], np.int32))[:, 2] < 0).all()


@pytest.mark.parametrize("touched", [1, 7, 8, 40])
def test_each_share_is_that_of_the_solved_system(touched: int) -> None:
    """Whichever side is smaller, factors or touched items."""
    data = training_data(small_world())
    model = Als(AlsConfig(factors=8, dislike_preference=-1.0)).fit(data)
    weights = {item: -4.0 if item % 5 == 1 else 1.0 + item for item in range(touched)}
    history, items = histories_of([weights], len(data.item_ids)), np.array([50, 3], np.int32)
    own = model.item_factors[:touched].astype(np.float64)
    confidence = 1 + 10.0 * np.log1p(np.abs([*weights.values()]))
    wanted = confidence * np.sign([*weights.values()])
    matrix = model.gram + own.T @ (own * (confidence - 1)[:, None])
    expected = model.item_factors[items].astype(np.float64) @ np.linalg.inv(matrix) @ own.T * wanted
    np.testing.assert_allclose(model.explain(history, items), expected, rtol=1e-5, atol=1e-7)


def test_a_dislike_that_is_taken_for_never_seen_brings_nothing_itself() -> None:
    data = training_data(small_world())
    history = histories_of([{0: 4.0, 5: -4.0}], len(data.item_ids))
    model = Als(AlsConfig(dislike_preference=0.0)).fit(data)
    assert not model.explain(history, np.array([5, 7], np.int32))[:, 1].any()


def test_of_a_large_catalogue_the_nearest_are_listed_when_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = training_data(small_world())
    model = Als(AlsConfig(factors=16)).fit(data)
    assert model.nearest(3) is None
    monkeypatch.setattr("recsys.algorithms.als.NearestItems.of", partial(NearestItems.of, exact_below=100, listed=9))
    model.save(tmp_path)
    scores = model.similar(np.array([3], np.int32))[0]
    for listing in (model, Als.load(tmp_path)):
        found = listing.nearest(3)
        assert found is not None
        np.testing.assert_allclose(found[1], scores[found[0]], rtol=1e-4)
        scores[3] = -np.inf
        assert set(found[0]) == set(np.argsort(-scores)[:9])
    assert model.fit(data).nearest(3) is None


def test_words_place_an_item_that_nobody_touched() -> None:
    texts = ["red wine glass", "red wine bottle", "steel bolt", "steel nut", *(f"thing{n}" for n in range(80))]
    histories = histories_of([{0: 1.0, 2: 1.0}, {0: 1.0}, {2: 1.0}] * 20, len(texts))
    wine = np.array([0], np.int32)
    without, with_words = (
        Als(AlsConfig(factors=2, regularization=0.1, text_weight=weight))
        .fit(data_of(histories, texts))
        .similar(wine)[0]
        for weight in (0.0, 1.0)
    )
    assert without[1] == 0
    assert with_words[1] > 0.5
    assert with_words[1] > with_words[3]
