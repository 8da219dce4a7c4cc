"""One item after the other: each the best by its score and by what it adds to those above it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.base import FloatArray, IndexArray

Float64Array = NDArray[np.float64]

REPETITION = 0.6
"""Share of the dial that holds an item's likeness to those above it against it; the rest asks for calibration."""
SMOOTHING = 0.01
"""Steck's alpha: so much of the wanted shares is mixed into the list's, so that none is zero."""
BEYOND_TASTE = 0.5
"""How far diversity 1 moves the wanted shares from the user's taste towards all categories alike."""
DEFAULT_CAP = 0.2
FLAT = 1e-6
"""Share of the scores that their spread is taken for where they are equal."""
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Dials:
    """Each 0..1; all 0: by score alone."""

    diversity: float = 0.0
    """Unlike one another, in the proportions of the user's taste."""
    novelty: float = 0.0
    """Less known to everybody."""
    serendipity: float = 0.0
    """Less like what the user touched."""
    category_cap: float = DEFAULT_CAP
    """Largest share of a list that one category has at diversity 1, while there is anything else; the whole at 0, in
    proportion between."""

    def __bool__(self) -> bool:
        return max(self.diversity, self.novelty, self.serendipity) > 0

    @property
    def accuracy(self) -> float:
        """What is left to the score: nothing at diversity 1, half at 1 of the others: a surprise has to please too."""
        return (1 - self.diversity) * (1 - self.novelty / 2) * (1 - self.serendipity / 2)

    def most_of_one_category(self, n: int) -> int:
        """In a list of `n`; at least one."""
        return max(1, math.ceil(n * (1 - self.diversity * (1 - self.category_cap)) - 1e-9))


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates, best first."""

    scores: Float64Array
    """(k,) not rising"""
    likeness: FloatArray
    """(k, k) 0..1"""
    category: IndexArray
    """(k,) -1 for none"""
    taste: Float64Array
    """(n_categories + 1,) what the user likes as shares that sum to 1, or zeros; the last slot, no category, is 0"""
    familiarity: Float64Array
    """(k,) 0..1 how well known each is to everybody"""
    expectedness: Float64Array
    """(k,) 0..1 how near each is to what the user touched"""


def pool_size(n: int) -> int:
    """How many candidates the re-ranking of `n` looks at."""
    return min(5 * n, n + 500)


def rerank(pool: Pool, n: int, dials: Dials) -> tuple[IndexArray, Float64Array]:
    """The best `n` of the pool.

    Diversity is maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) whose penalty is an item's highest
    likeness to those above it, and what the list misses of its calibration to the user's taste (Steck, Calibrated
    recommendations, RecSys 2018, whose gain is submodular: the item of a category brings less, the more are there).
    Novelty and serendipity hold against each item what is known of it alone. All penalties count in units of the spread
    of the pool's scores.

    Returns:
        (min(n, k),) places in the pool in their new order, and the values that they were taken for, which never rise.
    """
    size = min(n, len(pool.scores))
    if not size:
        return np.empty(0, np.int32), np.empty(0)
    spread = max(float(pool.scores[0] - pool.scores[-1]), FLAT * float(np.abs(pool.scores).max()), TINY)
    alone = dials.novelty * pool.familiarity + dials.serendipity * pool.expectedness
    values = dials.accuracy * pool.scores - spread * alone
    penalty = spread * dials.diversity
    shares = _Shares.of(pool, size, dials)
    nearest = np.zeros(len(values), np.float32)
    order, taken = np.empty(size, np.int32), np.empty(size)
    for place in range(size):
        marginal = values - penalty * (REPETITION * nearest + (1 - REPETITION) * shares.missed)
        pick = int(np.argmax(np.where(shares.full, -np.inf, marginal)))
        if values[pick] == -np.inf or shares.full[pick]:  # no other category is left
            pick = int(np.argmax(marginal))
        order[place] = pick
        taken[place] = marginal[pick] if place == 0 else min(marginal[pick], taken[place - 1])
        values[pick] = -np.inf
        np.maximum(nearest, pool.likeness[pick], out=nearest)
        shares.take(pick)
    return order, taken


@dataclass(slots=True)
class _Shares:
    """How the list's categories stand to the wanted ones."""

    category: IndexArray
    """(k,) the last slot for none"""
    wanted: Float64Array
    """(n_categories + 1,) sums to 1"""
    smoothing: Float64Array
    """(n_categories + 1,)"""
    most: int
    counts: NDArray[np.int64]
    highest: float
    """The first gain of the most wanted category."""
    missed: Float64Array
    """(k,) 0..1: what each candidate would bring less than the highest gain"""
    full: NDArray[np.bool_]
    """(k,) whether its category has all that one may have"""

    @classmethod
    def of(cls, pool: Pool, n: int, dials: Dials) -> _Shares:
        slots = len(pool.taste)
        category = pool.category % slots
        wanted = _wanted(pool.taste, category, dials.diversity)
        smoothing = SMOOTHING * n * wanted / (1 - SMOOTHING)
        made = cls(
            category=category,
            wanted=wanted,
            smoothing=smoothing,
            most=dials.most_of_one_category(n),
            counts=np.zeros(slots, np.int64),
            highest=1.0,
            missed=np.zeros(len(category)),
            full=np.zeros(len(category), np.bool_),
        )
        gains = np.array([made.gain(slot) for slot in range(slots)])
        made.highest = max(float(gains[category].max()), TINY)
        made.missed = 1 - np.minimum(gains[category] / made.highest, 1)
        return made

    def gain(self, slot: int) -> float:
        """By how much one more item of the category brings the list's shares nearer to the wanted ones."""
        there = self.counts[slot] + self.smoothing[slot]
        return float(self.wanted[slot] * math.log((there + 1) / there)) if self.wanted[slot] > FLAT else 0.0

    def take(self, pick: int) -> None:
        slot = int(self.category[pick])
        self.counts[slot] += 1
        same = self.category == slot
        self.missed[same] = 1 - min(self.gain(slot) / self.highest, 1)
        if slot < len(self.wanted) - 1 and self.counts[slot] >= self.most:
            self.full[same] = True


def _wanted(taste: Float64Array, category: IndexArray, diversity: float) -> Float64Array:
    """The taste, the more mixed with all categories of the pool alike the higher the dial: Steck's prior."""
    alike = np.zeros(len(taste))
    alike[category] = 1
    alike /= alike.sum()
    if not taste.any():
        return alike
    share = BEYOND_TASTE * diversity
    mixed: Float64Array = (1 - share) * taste + share * alike
    return mixed
