"""Ratings of any scale, as the product has them: 0.5 to 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray
from recsys.domain import MAX_RATING, MIN_RATING

RATINGS = MAX_RATING - MIN_RATING


@dataclass(frozen=True, slots=True)
class Scale:
    """file = lowest + unit * (product - MIN_RATING)"""

    lowest: float
    unit: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """What lies within 0.5..5 stays as it is; anything else is stretched from its least to its greatest value."""
        low, high = float(values.min()), float(values.max())
        if low >= MIN_RATING and high <= MAX_RATING:
            return cls(MIN_RATING, 1.0)
        return cls(low, (high - low) / RATINGS or 1.0)

    def to_product(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return MIN_RATING + (values - self.lowest) / self.unit

    def to_file(self, ratings: FloatArray) -> FloatArray:
        return np.asarray(self.lowest + self.unit * (ratings - MIN_RATING), np.float32)


UNSCALED = Scale(MIN_RATING, 1.0)
