"""What a visit to an item leads to: looked at, opened, liked or not, put in the cart, bought, rated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.plan import DAY
from data_generator.sampling import Floats
from recsys.domain import EVENT_CODES, MAX_RATING, MIN_RATING, EventType

STEPS = len(EventType)
VIEW, CLICK, LIKE, DISLIKE, CART, PURCHASE, RATING = (EVENT_CODES[event] for event in EventType)
REACTIONS = slice(LIKE, STEPS)

# Median seconds after the step before, and the spread of the logarithm.
DELAYS = np.array([0, 15, 40, 20, 120, 1_800, 6 * DAY])
DELAY_SPREADS = np.array([0, 0.8, 0.7, 0.7, 1.0, 1.8, 0.7])


@dataclass(frozen=True, slots=True)
class Visits:
    """What happens at each of k visits; columns are event types in the order of `EventType`."""

    happens: NDArray[np.bool_]
    """(k, STEPS); a view always does"""
    at: Floats
    """(k, STEPS) unix seconds, ascending along a row"""


def draw_visits(
    rng: np.random.Generator, liking: NDArray[np.float32], again: NDArray[np.bool_], begin: Floats, until: Floats
) -> Visits:
    """Liked items lead further; an item visited `again` is only looked at.

    All are (k,): `liking` is the affinity, `begin` the unix seconds of the view, and after `until` nothing happens.
    """
    happens = decide(rng, liking)
    happens[again, REACTIONS] = False
    delays = np.maximum(1.0, DELAYS * np.exp(DELAY_SPREADS * rng.normal(size=happens.shape)))
    delays[:, VIEW] = 0
    at = begin[:, None] + np.cumsum(delays * happens, axis=1)
    happens &= at <= until[:, None]
    return Visits(happens, at)


def decide(rng: np.random.Generator, liking: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(k, STEPS) what k first visits lead to; columns as in `Visits`."""
    chance = rng.random((len(liking), STEPS))
    happens = np.empty(chance.shape, bool)
    happens[:, VIEW] = True
    happens[:, CLICK] = chance[:, CLICK] < click_chance(liking)
    opened = happens[:, CLICK]
    happens[:, LIKE] = opened & (chance[:, LIKE] < _logistic(-1.9 + 0.9 * liking))
    happens[:, DISLIKE] = opened & ~happens[:, LIKE] & (chance[:, DISLIKE] < _logistic(-3.2 - 1.1 * liking))
    happens[:, CART] = opened & ~happens[:, DISLIKE] & (chance[:, CART] < _logistic(-1.7 + 0.7 * liking))
    happens[:, PURCHASE] = happens[:, CART] & (chance[:, PURCHASE] < _logistic(0.1 + 0.2 * liking))
    happens[:, RATING] = chance[:, RATING] < np.where(happens[:, PURCHASE], 0.45, np.where(opened, 0.04, 0.0))
    return happens


def click_chance(liking: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k,) of a visit."""
    return _logistic(-0.9 + 0.7 * liking)


def draw_ratings(
    rng: np.random.Generator, liking: NDArray[np.float32], generosity: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(k,) half stars, higher for what is liked."""
    stars = 3.3 + 0.75 * liking + generosity + rng.normal(0, 0.45, len(liking))
    return np.clip(np.round(2 * stars) / 2, MIN_RATING, MAX_RATING)


def _logistic(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)
