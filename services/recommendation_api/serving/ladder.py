"""The fallback ladder: how a list is filled up where the algorithm has nothing more to say.

What reads like the things touched in the session, where no algorithm knows these (items newer than the release), then
popular items of the categories that the user likes, in proportion to the liking, then popular ones, then whatever else
may be shown (items newer than the release too), then what the algorithm speaks against, at the very end what the user
named as liked at sign-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from recommendation_api.serving.filters import Mask
from recommendation_api.serving.live import Ground
from recommendation_api.serving.top import best
from recsys.algorithms.base import FloatArray, IndexArray


class Rung(IntEnum):
    PERSONAL = 0
    SIMILAR = 1
    LIKED_CATEGORY = 2
    POPULAR = 3
    REMAINING = 4
    SPOKEN_AGAINST = 5
    NAMED_AT_SIGN_UP = 6


LOWEST = int(Rung.NAMED_AT_SIGN_UP)
MOST_LOG = np.float32(30)
"""Of the number of events on an item: e to the power of it is finite."""
TINY = np.float32(1e-6)
BELOW_ONE = np.float32(0.999)


@dataclass(frozen=True, slots=True)
class Refill:
    positions: IndexArray
    """(k,) best first"""
    rungs: IndexArray
    """(k,)"""
    level: FloatArray
    """(k,) in [0, 1), falling; every item of a rung lies above every item of the next"""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ladder goes by, beside popularity and quality."""

    liking: FloatArray
    """(n_categories + 1,) 0..1, how much the user likes each; the last slot, no category, is 0"""
    named: Mask | None = None
    """(n_positions,) items liked at sign-up"""
    scores: FloatArray | None = None
    """(n_positions,) the algorithm's: below 0 it speaks against the item"""
    near: FloatArray | None = None
    """(n_positions,) 0..1, how near each item is to the things touched; None where the algorithm knows these"""
    lean: FloatArray | None = None
    """(n_categories + 1,) how much more popular each is than with everybody, as a logarithm"""


def refill(ground: Ground, known: Known, allowed: Mask, n: int, factors: FloatArray | None = None) -> Refill:
    """The best `n` of `allowed` by rung, within a rung by popularity or quality.

    Args:
        ground: the release over the catalogue
        known: about the user
        allowed: (n_positions,)
        n: how many; fewer come back only if fewer are allowed
        factors: (n_positions,) times which the level counts in the choice; the one that comes back is without it
    """
    open_to_all = np.flatnonzero(allowed).astype(np.int32)
    rungs, within = _places(ground, known, open_to_all)
    level = (LOWEST - rungs + np.clip(within, 0, 1) * BELOW_ONE).astype(np.float32) / np.float32(LOWEST)
    counts = level if factors is None else level * factors[open_to_all]
    chosen = best(counts, np.arange(len(open_to_all), dtype=np.int32), n, ground.quality[open_to_all])
    return Refill(open_to_all[chosen], rungs[chosen], level[chosen])


def _places(ground: Ground, known: Known, at: IndexArray) -> tuple[IndexArray, FloatArray]:
    """(k,) the rung of each item of `at`, and its place there from 0 to 1."""
    popular = ground.touched[at]
    rungs = np.where(popular, Rung.POPULAR, Rung.REMAINING).astype(np.int32)
    within = np.where(popular, _popularity(ground, known.lean, at), ground.quality[at])
    weight = known.liking[ground.view.category[at]]
    liked = popular & (weight > 0)
    rungs[liked], within[liked] = Rung.LIKED_CATEGORY, (ground.turn[at] * weight)[liked]
    if known.near is not None:
        near = known.near[at]
        similar = near > 0
        rungs[similar], within[similar] = Rung.SIMILAR, near[similar]
    if known.scores is not None:
        scores = known.scores[at]
        against = scores < 0
        rungs[against], within[against] = Rung.SPOKEN_AGAINST, 1 / (1 - scores[against])
    if known.named is not None:
        rungs[known.named[at]] = Rung.NAMED_AT_SIGN_UP
    return rungs, within


def _popularity(ground: Ground, lean: FloatArray | None, at: IndexArray) -> FloatArray:
    """(k,) 0..1; for people who lean to a category as if so many times the events were on its items."""
    popularity = ground.popularity[at]
    if lean is None:
        return popularity
    worth = np.maximum(ground.quality[at], TINY) * np.float32(ground.popularity_unit)
    events = np.expm1(np.minimum(popularity / worth, MOST_LOG))
    more = worth * np.log((1 + events * np.exp(lean[ground.view.category[at]])) / (1 + events))
    most = 1 + max(float(lean.max()), 0.0) * ground.popularity_unit
    return np.asarray((popularity + more) / most, np.float32)


def below(level: FloatArray, lowest_score: float | None) -> FloatArray:
    """Scores for the refilled items, falling, none above `lowest_score`, the last one of the personal items."""
    if lowest_score is None:
        return level
    if lowest_score > 0:
        return level * np.float32(lowest_score)
    return np.float32(lowest_score) - (1 - level)
