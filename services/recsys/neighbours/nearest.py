"""The lists of nearest items that a model of a large catalogue keeps, so that nobody scans it while answering."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from recsys.arrays import load_array, load_json, save_array, save_json
from recsys.neighbours.inverted import InvertedIndex
from recsys.neighbours.ports import NONE, Columns, Vectors, checked
from recsys.neighbours.recall import recall

EXACT_BELOW = 100_000
"""Items: with fewer, one scan is quicker than a request's other parts and no list is kept (benchmarks/vectors.py)."""
LISTED = 64
"""Of each item: what is not available any more is left out of them, and 5 are asked for as a rule."""
MIN_RECALL = 0.95
"""With less, no lists are kept."""
PROBES = (8, 16, 32, 64, 128)
"""Cells that are looked into: the fewest with which the recall is reached."""
BATCH = 8_192
"""Queries at a time."""


@dataclass(frozen=True)
class NearestItems:
    """By item the columns of those of highest cosine, itself left out."""

    columns: Columns
    """(n_items, listed), nearest first; `NONE` behind the last"""
    recall: float
    """Measured, of the nearest `listed`, when they were made."""

    @classmethod
    def of(
        cls,
        vectors: Vectors,
        *,
        exact_below: int = EXACT_BELOW,
        listed: int = LISTED,
        min_recall: float = MIN_RECALL,
        seed: int = 0,
    ) -> Self | None:
        """The lists for (n_items, length) `vectors`; items of zeros have none and stand in none.

        None where the catalogue is smaller than `exact_below`, or where not even many probes reach `min_recall`: then
        every answer scans.

        Raises:
            ValueError: vectors that are not finite
        """
        vectors = checked(vectors)
        known = np.flatnonzero(vectors.any(axis=1)).astype(np.int32)
        if len(vectors) < exact_below or not len(known):
            return None
        units = vectors[known]
        units /= np.linalg.norm(units, axis=1, keepdims=True)
        index = InvertedIndex(units, probes=PROBES[0], seed=seed)
        reached = _reach(index, units, listed + 1, min_recall, seed)
        if reached is None:
            return None
        columns = np.full((len(vectors), listed), NONE, np.int32)
        for start in range(0, len(known), BATCH):
            rows = np.arange(start, min(start + BATCH, len(known)), dtype=np.int32)
            columns[known[rows]] = _others(index, units, rows, known, listed)
        return cls(columns, reached)

    def __getitem__(self, item: int) -> Columns:
        """(m,) columns of the nearest to `item`, nearest first."""
        row = self.columns[item]
        return np.asarray(row[row != NONE])

    def save(self, folder: Path) -> None:
        save_array(folder, "nearest", self.columns)
        save_json(folder, "nearest", {"recall": self.recall})

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """None where none were kept."""
        if not (folder / "nearest.json").exists():
            return None
        return cls(load_array(folder, "nearest"), float(load_json(folder, "nearest")["recall"]))


def _reach(index: InvertedIndex, units: Vectors, k: int, wanted: float, seed: int) -> float | None:
    """Set the fewest probes with which the recall is `wanted`; what it is, None where it cannot be reached."""
    for probes in PROBES:
        index.probes = min(probes, index.cells)
        found = recall(index, units, k, seed=seed)
        if found >= wanted:
            return found
    return None


def _others(index: InvertedIndex, units: Vectors, rows: Columns, known: Columns, listed: int) -> Columns:
    """(len(rows), listed) the nearest of each without itself."""
    found, _ = index.search(units[rows], listed + 1)
    itself_last = np.argsort(found == rows[:, None], axis=1, kind="stable")[:, :listed]
    found = np.take_along_axis(found, itself_last, axis=1)
    return np.where(found == NONE, NONE, known[found])
