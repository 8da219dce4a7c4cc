"""What visitors ask for: algorithms as far as the live release holds them, and lists of usual lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys.domain import Algorithm

FAVOURITE = 0.4
"""Share of the lists that the hybrid makes; the other algorithms share the rest."""
SIZES, SIZE_SHARES = (5, 10, 20), (0.3, 0.5, 0.2)
NEAR = (Algorithm.CONTENT_BASED, Algorithm.ITEM_BASED, Algorithm.ALS, Algorithm.HYBRID)
"""Those that can tell what is similar to an item."""


class Menu:
    """Changes when another release goes live."""

    def __init__(self, answer: Any) -> None:
        self.read(answer)

    def read(self, answer: Any) -> None:
        """Take over what `GET /algorithms` answered."""
        self.release: str | None = answer["release"]
        self.algorithms = [str(entry["name"]) for entry in answer["algorithms"]]

    def algorithm(self, rng: np.random.Generator) -> str:
        others = [name for name in self.algorithms if name != Algorithm.HYBRID]
        if Algorithm.HYBRID in self.algorithms and (not others or rng.random() < FAVOURITE):
            return Algorithm.HYBRID.value
        return str(rng.choice(others))

    def near(self, rng: np.random.Generator) -> str:
        """For similar items: any that the release holds, and the API's default where it holds none of these."""
        held = [name.value for name in NEAR if name in self.algorithms]
        return str(rng.choice(held)) if held else Algorithm.CONTENT_BASED.value

    def size(self, rng: np.random.Generator) -> int:
        return int(rng.choice(SIZES, p=SIZE_SHARES))
