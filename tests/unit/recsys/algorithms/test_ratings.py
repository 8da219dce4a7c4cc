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
    return BiasedFactors.fit(ratings, factors=factors, regularization=0.05, iterations=10, seed=0)


def error(model: BiasedFactors, ratings: sparse.csr_array) -> float:
    held = ratings.tocoo()
    return float(np.sqrt(np.mean((model.predict(held.row, held.col) - held.data) ** 2)))


def test_predicts_held_out_ratings_better_than_the_biases_alone() -> None:
    train, test = some_ratings()
    assert error(fit(train), test) < 0.6 * error(fit(train, factors=0), test)


def test_biases_alone_predict_better_than_the_mean() -> None:
    train, test = some_ratings()
    assert error(fit(train, factors=0), test) < 0.9 * float(test.data.std())


def test_an_unknown_user_and_an_unrated_item_get_what_is_known_of_the_other() -> None:
    shown = some_ratings()[0].toarray()
    shown[7] = shown[:, 9] = 0
    model = fit(sparse.csr_array(shown))
    nobody, nothing = np.array([7]), np.array([9])
    assert model.predict(nobody, nothing)[0] == np.float32(model.mean)
    item_mean = [model.mean + model.items[item, 0] for item in (0, 1)]
    np.testing.assert_allclose(model.predict(np.array([7, 7]), np.array([0, 1])), item_mean, rtol=1e-5)


def test_the_items_minimise_the_penalised_squares_given_the_users() -> None:
    train, _ = some_ratings()
    model = fit(train)
    users = model.users.astype(np.float64)
    for item in range(0, 80, 7):
        rated = train[:, [item]].tocoo()
        factors = np.column_stack([np.ones(rated.nnz), users[rated.row, 1:]])
        vector = model.items[item].astype(np.float64)
        error = model.mean + users[rated.row, 0] + factors @ vector - rated.data
        np.testing.assert_allclose(factors.T @ error + 0.05 * rated.nnz * vector, 0, atol=1e-4)


def test_predictions_stay_on_the_scale() -> None:
    ratings = sparse.csr_array(np.array([[5, 5, 0.5], [5, 0, 0.5], [0.5, 0.5, 5]], np.float32))
    model = BiasedFactors.fit(ratings, factors=3, regularization=1e-4, iterations=30, seed=0)
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
