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
    rungs, within = _places(ground, known)
    level = (LOWEST - rungs + np.clip(within, 0, 1) * BELOW_ONE).astype(np.float32) / np.float32(LOWEST)
    chosen = best(
        level if factors is None else level * factors, np.flatnonzero(allowed).astype(np.int32), n, ground.quality
    )
    return Refill(chosen, rungs[chosen], level[chosen])


def _places(ground: Ground, known: Known) -> tuple[IndexArray, FloatArray]:
    """(n_positions,) the rung of each item, and its place there from 0 to 1."""
    rungs = np.full(len(ground.popularity), Rung.REMAINING, np.int32)
    within = ground.quality.copy()
    popular = ground.touched
    rungs[popular], within[popular] = Rung.POPULAR, _popularity(ground, known.lean)[popular]
    weight = known.liking[ground.view.category]
    liked = popular & (weight > 0)
    rungs[liked], within[liked] = Rung.LIKED_CATEGORY, (ground.turn * weight)[liked]
    if known.near is not None:
        similar = known.near > 0
        rungs[similar], within[similar] = Rung.SIMILAR, known.near[similar]
    if known.scores is not None:
        against = known.scores < 0
        rungs[against], within[against] = Rung.SPOKEN_AGAINST, 1 / (1 - known.scores[against])
    if known.named is not None:
        rungs[known.named] = Rung.NAMED_AT_SIGN_UP
    return rungs, within


def _popularity(ground: Ground, lean: FloatArray | None) -> FloatArray:
    """(n_positions,) 0..1; among people who lean to a category its items are as much more popular as it is."""
    if lean is None:
        return ground.popularity
    unit = np.float32(ground.popularity_unit)
    shift = lean[ground.view.category] * ground.quality * unit
    most = 1 + max(float(lean.max()), 0.0) * unit
    return np.asarray(np.maximum(ground.popularity + shift, 0) / most, np.float32)


def below(level: FloatArray, lowest_score: float | None) -> FloatArray:
    """Scores for the refilled items, falling, none above `lowest_score`, the last one of the personal items."""
    if lowest_score is None:
        return level
    if lowest_score > 0:
        return level * np.float32(lowest_score)
    return np.float32(lowest_score) - (1 - level)
