"""Drawing the vectors of a matrix factorisation from their posterior, one side at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import IndexArray
from recsys.algorithms.least_squares import Float64Array, row_blocks
from recsys.algorithms.weighting import row_numbers

PRIOR_ROWS = 2.0
"""Rows that the prior on the common mean weighs as much as."""
LINK_RIDGE = 5.0
"""Penalty on what side features say of a vector, in units of its precision."""


@dataclass
class Side:
    """The users of a factorisation, or its items: each has a bias and a vector, (n, 1 + f).

    Their prior is normal around a common mean moved by what `features` say of the row, with mean and precision drawn
    from a normal-Wishart distribution (Salakhutdinov and Mnih, Bayesian probabilistic matrix factorization using
    Markov chain Monte Carlo, ICML 2008) and the features' weights from theirs (Simm et al., Macau, MLSP 2017).
    """

    residuals: sparse.csr_array
    """(n, m) ratings less their mean, this side's in rows"""
    features: Float64Array
    """(n, k)"""
    vectors: Float64Array
    """(n, 1 + f) the last draw; rows without ratings hold their prior mean"""
    link: Float64Array = field(init=False)
    """(k, 1 + f) the last draw of the features' weights"""

    rated: NDArray[np.int64] = field(init=False)
    """Rows with a rating."""

    def __post_init__(self) -> None:
        self.link = np.zeros((self.features.shape[1], self.vectors.shape[1]))
        self.rated = np.flatnonzero(np.diff(self.residuals.indptr))

    def draw(self, other: Float64Array, noise: float, rng: Generator) -> None:
        """Draw everything of this side, the `other` side's (m, 1 + f) and the ratings' precision `noise` held."""
        own, known = self.vectors[self.rated], self.features[self.rated]
        centre, precision = normal_wishart(own - known @ self.link, rng)
        self.link = _draw_link(own - centre, known, precision, rng)
        self.vectors = drawn_rows(
            self.residuals.indptr,
            self.residuals.indices,
            targets=self.residuals.data - other[self.residuals.indices, 0],
            features=np.column_stack([np.ones(len(other)), other[:, 1:]]),
            prior=centre + self.features @ self.link,
            precision=precision,
            noise=noise,
            rng=rng,
        )

    def errors(self, other: Float64Array) -> Float64Array:
        """(nnz,) of the last draws."""
        rows, columns = row_numbers(self.residuals), self.residuals.indices
        product = np.einsum("ij,ij->i", self.vectors[rows, 1:], other[columns, 1:])
        result: Float64Array = self.residuals.data - self.vectors[rows, 0] - other[columns, 0] - product
        return result


def drawn_rows(
    indptr: IndexArray,
    indices: IndexArray,
    *,
    targets: Float64Array,
    features: Float64Array,
    prior: Float64Array,
    precision: Float64Array,
    noise: float,
    rng: Generator,
) -> Float64Array:
    """For each row u draw x from N(A^-1 b, A^-1) with A = precision + noise Y'Y, b = precision prior_u + noise Y't.

    Args:
        indptr: (n + 1,) where each row's entries begin
        indices: (nnz,) the entry's row y of `features`
        targets: (nnz,) t
        features: (m, f)
        prior: (n, f)
        precision: (f, f), positive definite
        noise: precision of the targets
        rng: of the draws

    Returns:
        (n, f); the prior for a row without entries
    """
    drawn = prior.copy()
    for rows, entries, present in row_blocks(indptr, features.shape[1]):
        gathered: Float64Array = features[indices[entries]] * present[:, :, None]
        turned = gathered.transpose(0, 2, 1)
        root = np.linalg.cholesky(noise * (turned @ gathered) + precision)
        right = noise * (turned @ (targets[entries] * present)[:, :, None]) + (prior[rows] @ precision)[:, :, None]
        half = np.linalg.solve(root, right) + rng.standard_normal((len(rows), features.shape[1], 1))
        drawn[rows] = np.linalg.solve(root.transpose(0, 2, 1), half)[:, :, 0]
    return drawn


def normal_wishart(vectors: Float64Array, rng: Generator) -> tuple[Float64Array, Float64Array]:
    """Draw the common mean, (d,), and precision, (d, d), of (n, d) vectors under a weak prior."""
    n, d = vectors.shape
    mean = vectors.mean(axis=0)
    centred = vectors - mean
    shrunk = n * PRIOR_ROWS / (n + PRIOR_ROWS) * np.outer(mean, mean)
    scale = np.linalg.inv(np.eye(d) + centred.T @ centred + shrunk)
    precision = _wishart((scale + scale.T) / 2, d + n, rng)
    weight = n + PRIOR_ROWS
    centre = n * mean / weight + _normal(weight * precision, rng)
    return centre, precision


def _wishart(scale: Float64Array, freedom: int, rng: Generator) -> Float64Array:
    """By Bartlett's decomposition."""
    d = len(scale)
    lower = np.tril(rng.standard_normal((d, d)), -1)
    lower[np.diag_indices(d)] = np.sqrt(rng.chisquare(freedom - np.arange(d)))
    root = np.linalg.cholesky(scale) @ lower
    drawn: Float64Array = root @ root.T
    return drawn


def _normal(precision: Float64Array, rng: Generator) -> Float64Array:
    """(d,) around zero."""
    drawn: Float64Array = np.linalg.solve(np.linalg.cholesky(precision).T, rng.standard_normal(len(precision)))
    return drawn


def _draw_link(vectors: Float64Array, features: Float64Array, precision: Float64Array, rng: Generator) -> Float64Array:
    """(k, d) weights of (n, k) features for (n, d) vectors: matrix normal around the ridge regression's."""
    k = features.shape[1]
    covariance = np.linalg.inv(features.T @ features + LINK_RIDGE * np.eye(k))
    rows = np.linalg.cholesky((covariance + covariance.T) / 2) if k else covariance
    columns = np.linalg.inv(np.linalg.cholesky(precision))
    drawn: Float64Array = covariance @ (features.T @ vectors)
    return drawn + rows @ rng.standard_normal(drawn.shape) @ columns
