from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys.algorithms.gibbs import Side, drawn_rows, normal_wishart


def test_rows_are_drawn_from_their_posterior() -> None:
    """Many rows with the same two entries: mean and covariance are those of the formula; without entries, the prior."""
    rng = np.random.default_rng(0)
    n, features, targets = 20_000, np.array([[1.0, 0.5], [-0.3, 2.0]]), np.array([1.0, -2.0])
    prior, precision, noise = np.array([0.5, -1.0]), np.array([[2.0, 0.3], [0.3, 1.0]]), 3.0
    drawn = drawn_rows(
        np.r_[np.arange(0, 2 * n + 1, 2), 2 * n].astype(np.int32),
        np.tile([0, 1], n).astype(np.int32),
        targets=np.tile(targets, n),
        features=features,
        prior=np.tile(prior, (n + 1, 1)),
        precision=precision,
        noise=noise,
        rng=rng,
    )
    matrix = precision + noise * features.T @ features
    mean = np.linalg.solve(matrix, precision @ prior + noise * features.T @ targets)
    np.testing.assert_allclose(drawn[:n].mean(axis=0), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn[:n].T), np.linalg.inv(matrix), atol=0.02)
    np.testing.assert_array_equal(drawn[n], prior)


def test_mean_and_precision_follow_the_vectors() -> None:
    rng = np.random.default_rng(1)
    covariance = np.array([[1.0, 0.4], [0.4, 0.5]])
    vectors = rng.multivariate_normal([2.0, -1.0], covariance, 5_000)
    draws = [normal_wishart(vectors, rng) for _ in range(50)]
    np.testing.assert_allclose(np.mean([centre for centre, _ in draws], axis=0), [2.0, -1.0], atol=0.05)
    np.testing.assert_allclose(np.mean([one for _, one in draws], axis=0), np.linalg.inv(covariance), rtol=0.1)


def test_a_row_without_ratings_stands_where_its_features_say() -> None:
    """Biases that follow a feature: the side learns the link, and places unrated rows by it."""
    rng = np.random.default_rng(2)
    feature = rng.normal(size=(200, 1))
    ratings = np.broadcast_to(1.5 * feature, (200, 30)) + 0.1 * rng.normal(size=(200, 30))
    ratings[150:] = 0
    side = Side(sparse.csr_array(ratings), feature, rng.normal(0, 0.1, (200, 3)))
    for _ in range(10):
        side.draw(np.zeros((30, 3)), 50.0, rng)
    assert side.rated.tolist() == list(range(150))
    np.testing.assert_allclose(side.vectors[150:, 0], 1.5 * feature[150:, 0], atol=0.4)
