"""What somebody does with a list of items: from the top, as far as patience goes, opening what suits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.behaviour import funnel
from recsys.domain import EventType

PATIENCE = 0.9
"""Chance of looking at one more item of the list."""
RELUCTANCE = 2.0
"""How well an item must suit to be opened every other time."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An item of the list that was opened, and what followed, a view first."""

    place: int
    """0 for the top of the list."""
    events: tuple[tuple[EventType, float | None], ...]
    """Types in the order of happening, with the value of ratings."""


def read_list(rng: np.random.Generator, liking: NDArray[np.float32], generosity: float) -> list[Opened]:
    """What a user opens in a list whose items are liked as much as `liking` (n,) says, from the top."""
    looked_at = min(len(liking), int(rng.geometric(1 - PATIENCE)))
    suits = liking[:looked_at]
    opened = np.flatnonzero(rng.random(looked_at) < opening_chance(suits))
    happens = funnel.decide(rng, suits[opened])
    stars = funnel.draw_ratings(rng, suits[opened], np.full(len(opened), generosity, np.float32))
    return [
        Opened(
            int(place),
            tuple(
                (kind, float(star) if kind is EventType.RATING else None)
                for kind, does in zip(EventType, row, strict=True)
                if does
            ),
        )
        for place, row, star in zip(opened, happens, stars, strict=True)
    ]


def opening_chance(liking: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) chance that an item that is looked at is opened."""
    return np.asarray(1 / (1 + np.exp(RELUCTANCE - liking)), np.float32)


def expected_clicks(liking: NDArray[np.float32]) -> float:
    """Clicks that `read_list` brings on average for a list that is liked so (n,)."""
    reached = PATIENCE ** np.arange(len(liking))
    return float(reached @ (opening_chance(liking) * funnel.click_chance(liking)))
