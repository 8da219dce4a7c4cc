from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from recsys.algorithms.ratings import BiasedFactors


def some_ratings(seed: int = 0, n_users: int = 200, n_items: int = 80) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Train and test ratings with user and item biases and a taste of two dimensions."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(0, 0.7, (n_users, 2)) @ rng.normal(0, 0.7, (2, n_items))
    full = 3 + rng.normal(0, 0.5, (n_users, 1)) + rng.normal(0, 0.5, n_items) + taste
    full = np.clip(full + rng.normal(0, 0.2, full.shape), 0.5, 5).astype(np.float32)
    shown = rng.random(full.shape)
    return sparse.csr_array(full * (shown < 0.3)), sparse.csr_array(full * (shown > 0.9))


def fit(ratings: sparse.csr_array, factors: int = 4) -> BiasedFactors:
    return BiasedFactors.fit(ratings, ratings, factors=factors, draws=20, burn_in=10, features=0, seed=0)


def error(model: BiasedFactors, ratings: sparse.csr_array) -> float:
    held = ratings.tocoo()
    return float(np.sqrt(np.mean((model.predict(held.row, held.col) - held.data) ** 2)))


def test_predicts_held_out_ratings_better_than_the_biases_alone() -> None:
    train, test = some_ratings()
    assert error(fit(train), test) < 0.6 * error(fit(train, factors=0), test)


def test_biases_alone_predict_better_than_the_mean() -> None:
    train, test = some_ratings()
    assert error(fit(train, factors=0), test) < 0.9 * float(test.data.std())


def test_an_unrated_item_gets_what_is_known_of_the_user() -> None:
    shown = some_ratings()[0].toarray()
    shown[:, 9] = 0
    model = fit(sparse.csr_array(shown))
    users = np.arange(200, dtype=np.int32)
    predicted = model.predict(users, np.full(200, 9, np.int32))
    own = shown.sum(axis=1) / (shown > 0).sum(axis=1)
    assert np.corrcoef(predicted, own)[0, 1] > 0.8
    assert abs(predicted.mean() - model.mean) < 0.3


def test_what_was_touched_without_a_rating_speaks_too() -> None:
    """Half of the users rate nothing; whom they resemble follows from what they touched."""
    rng = np.random.default_rng(4)
    camp, side = np.repeat([0, 1], 150), np.repeat([0, 1], 30)
    touched = sparse.csr_array((rng.random((300, 60)) < np.where(camp[:, None] == side, 0.4, 0.1)).astype(np.float32))
    full = np.where(camp[:, None] == side, 4.5, 1.5).astype(np.float32)
    rates = np.arange(300) % 2 == 0
    ratings = sparse.csr_array(touched.toarray() * full * rates[:, None])
    held = sparse.csr_array(touched.toarray() * full * ~rates[:, None])
    told, untold = (
        BiasedFactors.fit(ratings, touched, factors=4, draws=20, burn_in=10, features=features, seed=0)
        for features in (4, 0)
    )
    assert error(told, held) < 0.6 * error(untold, held)


def test_the_same_seed_gives_the_same_model() -> None:
    train, _ = some_ratings()
    np.testing.assert_array_equal(fit(train).users, fit(train).users)


def test_more_draws_predict_better() -> None:
    train, test = some_ratings()
    once = BiasedFactors.fit(train, train, factors=4, draws=1, burn_in=10, features=0, seed=0)
    assert error(fit(train), test) < 0.95 * error(once, test)


def test_predictions_stay_on_the_scale() -> None:
    ratings = sparse.csr_array(np.array([[5, 5, 0.5], [5, 0, 0.5], [0.5, 0.5, 5]], np.float32))
    model = BiasedFactors.fit(ratings, ratings, factors=3, draws=5, burn_in=5, features=2, seed=0)
    users, items = np.divmod(np.arange(9), 3)
    assert model.predict(users, items).min() >= 0.5
    assert model.predict(users, items).max() <= 5


def test_no_rating_at_all_predicts_the_middle() -> None:
    model = fit(sparse.csr_array((3, 4), dtype=np.float32))
    assert model.predict(np.array([0, 2]), np.array([1, 3])).tolist() == [2.75, 2.75]


def test_survives_the_disk(tmp_path: Path) -> None:
    train, test = some_ratings()
    model = fit(train)
    model.save(tmp_path)
    held = test.tocoo()
    loaded = BiasedFactors.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(held.row, held.col), model.predict(held.row, held.col))
