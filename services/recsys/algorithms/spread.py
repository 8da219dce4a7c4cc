"""How far a model's scores lie apart over the catalogue: the unit in which a blend counts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

if TYPE_CHECKING:
    from recsys.algorithms.base import FloatArray, Histories, Recommender

SAMPLE = 128
BATCH = 32
FLAT = np.float32(1e-6)
"""A deviation below this share of the mean is rounding."""


@dataclass(frozen=True)
class Spread:
    """A user with m touched items has scores that deviate by about `scale` x m ^ `exponent` over the catalogue.

    Measured once, at the fit, and held fixed in the release: so a share of a blended score is exactly what its events
    brought, and adding or removing an event cannot change the weight of another by more than m does.
    """

    scale: float = 1.0
    """0 for a model that tells no item from another."""
    exponent: float = 0.0
    """0..1"""

    def units(self, touched: NDArray[np.int32]) -> FloatArray:
        """(n,) one over the deviation, for users who touched so many items; 0 where there is none."""
        if self.scale == 0:
            return np.zeros(len(touched), np.float32)
        deviation = self.scale * np.maximum(touched, 1).astype(np.float64) ** self.exponent
        result: FloatArray = (1 / deviation).astype(np.float32)
        return result

    @classmethod
    def of(cls, deviations: NDArray[np.float64], touched: NDArray[np.int32]) -> Self:
        """The line through log deviation over log m, by least squares; rows without deviation are left out."""
        there = (deviations > 0) & (touched > 0)
        if not there.any():
            return cls(0.0, 0.0)
        x, y = np.log(touched[there]), np.log(deviations[there])
        variance = float(x.var())
        slope = float(np.mean((x - x.mean()) * (y - y.mean()))) / variance if variance > 0 else 0.0
        exponent = min(max(slope, 0.0), 1.0)
        return cls(float(np.exp(y.mean() - exponent * x.mean())), exponent)


def measure(model: Recommender, histories: Histories) -> Spread:
    """Over users drawn from `histories`, each with all and with some of what they touched, always the same draw."""
    weights = histories.weights
    rng = np.random.default_rng(0)
    active = np.flatnonzero(np.diff(weights.indptr)).astype(np.int32)
    users = np.sort(rng.choice(active, min(SAMPLE, len(active)), replace=False))
    deviations, touched = [np.empty(0)], [np.empty(0, np.int32)]
    for start in range(0, len(users), BATCH):
        rows = histories.rows(users[start : start + BATCH])
        for sample in (rows, _thinned(rows, rng)):
            deviations.append(deviation(model.fold_in(sample)))
            touched.append(np.diff(sample.weights.indptr))
    return Spread.of(np.concatenate(deviations), np.concatenate(touched))


def deviation(scores: FloatArray) -> NDArray[np.float64]:
    """(n,) standard deviation of each row; 0 for a row that tells no item from another."""
    result = np.zeros(len(scores))
    for row, values in enumerate(scores):  # row by row: the pass stays in the processor's cache
        mean = values.mean() if len(values) else np.float32(0)
        centred = values - mean
        spread = np.sqrt(centred @ centred / np.float32(max(len(values), 1)))
        result[row] = spread if spread > FLAT * abs(mean) else 0.0
    return result


def _thinned(histories: Histories, rng: np.random.Generator) -> Histories:
    """Of each history some entries: any number of them is as likely in orders of magnitude."""
    from recsys.algorithms.base import Histories

    weights = histories.weights
    sizes = np.diff(weights.indptr)
    kept_share = np.maximum(sizes, 1) ** -rng.random(len(sizes))
    keep = rng.random(weights.nnz) < np.repeat(kept_share, sizes)
    keep[weights.indptr[:-1][sizes > 0]] = True
    indptr = np.r_[0, np.cumsum(keep)][weights.indptr].astype(np.int32)
    thin = sparse.csr_array((weights.data[keep], weights.indices[keep], indptr), shape=weights.shape)
    return Histories(thin, histories.last_at[keep], histories.ratings)
