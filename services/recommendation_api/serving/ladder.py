"""The fallback ladder: how a list is filled up where the algorithm has nothing more to say.

Popular items of the categories that the user likes, then popular ones, then whatever else may be shown (items newer
than the release too), at the very end what the user named as liked at sign-up.
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
    LIKED_CATEGORY = 1
    POPULAR = 2
    REMAINING = 3
    NAMED_AT_SIGN_UP = 4


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


def refill(ground: Ground, liking: FloatArray, named: Mask | None, allowed: Mask, n: int) -> Refill:
    """The best `n` of `allowed` by rung, within a rung by popularity or quality.

    Args:
        ground: the release over the catalogue
        liking: (n_categories + 1,) 0..1, how much the user likes each; the last slot, no category, is 0
        named: (n_positions,) items liked at sign-up, or None
        allowed: (n_positions,)
        n: how many; fewer come back only if fewer are allowed
    """
    rungs = np.full(len(allowed), Rung.REMAINING, np.int32)
    within = ground.quality.copy()
    popular = ground.popularity > 0
    rungs[popular], within[popular] = Rung.POPULAR, ground.popularity[popular]
    weight = liking[ground.view.category]
    liked = popular & (weight > 0)
    rungs[liked], within[liked] = Rung.LIKED_CATEGORY, (ground.relative_popularity * weight)[liked]
    if named is not None:
        rungs[named] = Rung.NAMED_AT_SIGN_UP
    level = (LOWEST - rungs + np.clip(within, 0, 1) * BELOW_ONE).astype(np.float32) / np.float32(LOWEST)
    chosen = best(level, np.flatnonzero(allowed).astype(np.int32), n, ground.quality)
    return Refill(chosen, rungs[chosen], level[chosen])


def below(level: FloatArray, lowest_score: float | None) -> FloatArray:
    """Scores for the refilled items, falling, none above `lowest_score`, the last one of the personal items."""
    if lowest_score is None:
        return level
    if lowest_score > 0:
        return level * np.float32(lowest_score)
    return np.float32(lowest_score) - (1 - level)
