"""The upper layers of a multi-layer perceptron over pairs of a user and an item, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray
from recsys.arrays import load_array, save_array

ROWS = 4_096
"""Pairs that are computed at a time: what lies between two layers stays in the processor's cache."""
FLAT = np.float32(1e-6)
"""A smaller change of a unit's input is rounding: its slope is taken instead."""


@dataclass(frozen=True)
class Tower:
    """score = w . relu(... relu(relu(z) K_1 + b_1) ...), for the input z of the first layer's units."""

    kernels: tuple[FloatArray, ...]
    """(units below, units) for each further layer; may be none"""
    biases: tuple[FloatArray, ...]
    """(units,) for each"""
    weight: FloatArray
    """(units of the last layer,)"""

    def score(self, inputs: FloatArray, shift: FloatArray | None = None) -> FloatArray:
        """(n,) for `inputs`, (n, units), each with `shift`, (units,), added; they are left as they are."""
        result = np.empty(len(inputs), np.float32)
        for start in range(0, len(inputs), ROWS):
            block = inputs[start : start + ROWS]
            units = np.maximum(block if shift is None else block + shift, 0)
            for kernel, bias in zip(self.kernels, self.biases, strict=True):
                units = np.maximum(units @ kernel + bias, 0)
            result[start : start + len(block)] = units @ self.weight
        return result

    def multipliers(self, inputs: FloatArray, shift: FloatArray) -> NDArray[np.float64]:
        """(n, units) m with m . shift = score(inputs, shift) - score(inputs), for each row.

        The rescale rule of Shrikumar, Greenside and Kundaje, DeepLIFT, ICML 2017, the reference being no shift: each
        unit passes on the ratio of its changes, so that what the summands of a shift bring adds up exactly.
        """
        before: NDArray[np.float64] = np.asarray(inputs, np.float64)
        after = before + shift
        ratios = [_ratio(before, after)]
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            before = np.maximum(before, 0) @ kernel.astype(np.float64) + bias
            after = np.maximum(after, 0) @ kernel.astype(np.float64) + bias
            ratios.append(_ratio(before, after))
        passed: NDArray[np.float64] = ratios[-1] * self.weight
        for kernel, ratio in zip(reversed(self.kernels), reversed(ratios[:-1]), strict=True):
            passed = (passed @ kernel.T) * ratio
        return passed

    def save(self, folder: Path) -> None:
        for place, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True), 1):
            save_array(folder, f"tower.kernel{place}", kernel)
            save_array(folder, f"tower.bias{place}", bias)
        save_array(folder, "tower.weight", self.weight)

    @classmethod
    def load(cls, folder: Path, layers: int) -> Self:
        """`layers` counts the first one, which a tower has no arrays for."""
        kernels = tuple(load_array(folder, f"tower.kernel{place}") for place in range(1, layers))
        biases = tuple(load_array(folder, f"tower.bias{place}") for place in range(1, layers))
        return cls(kernels, biases, load_array(folder, "tower.weight"))


def widths(first: int, layers: int) -> list[int]:
    """Units of each layer, half as many in each as in the one below; one at least."""
    return [max(1, first >> depth) for depth in range(layers)]


def _ratio(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """The change of relu over the change of its argument; its slope where that is none."""
    change = after - before
    slope = (before > 0).astype(np.float64)
    moved = np.abs(change) > FLAT
    np.divide(np.maximum(after, 0) - np.maximum(before, 0), change, out=slope, where=moved)
    return slope
