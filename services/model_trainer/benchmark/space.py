"""What is tried of each algorithm's settings, the defaults first, then in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from recsys.domain import Algorithm

Settings = Mapping[str, Any]

SPACE: dict[Algorithm, dict[str, tuple[Any, ...]]] = {
    Algorithm.POPULARITY: {"half_life_days": (None, 7.0, 30.0, 180.0)},
    Algorithm.USER_BASED: {
        "neighbours": (50, 200, 500),
        "item_exponent": (0.0, 0.3, 0.6),
        "power": (1.0, 2.0),
        "weighting": ("log", "binary"),
    },
    Algorithm.ITEM_BASED: {
        "similarity": ("normalised", "cosine", "bm25"),
        "user_exponent": (0.2, 0.6, 1.0),
        "power": (0.5, 0.7, 1.0),
        "weighting": ("log", "binary"),
    },
    Algorithm.ALS: {
        "factors": (64, 128, 256),
        "alpha": (1.0, 10.0, 40.0),
        "regularization": (5.0, 20.0, 40.0, 100.0),
        "weighting": ("log", "binary"),
    },
    Algorithm.SVD: {
        "factors": (32, 64, 128, 256),
        "item_exponent": (0.3, 0.5, 0.8),
        "user_exponent": (0.0, 0.5),
        "weighting": ("log", "binary"),
    },
    Algorithm.EASE: {"regularization": (300.0, 30.0, 100.0, 1_000.0), "weighting": ("binary", "log")},
    Algorithm.CONTENT_BASED: {"max_document_share": (0.5, 0.2), "weighting": ("log", "binary")},
}


def tries(name: Algorithm, seed: int) -> Iterator[Settings]:
    """The defaults, then every combination once, drawn by `seed`."""
    yield {}
    names = list(SPACE.get(name, {}))
    combinations = list(product(*SPACE.get(name, {}).values()))
    for place in np.random.default_rng(seed).permutation(len(combinations)) if names else ():
        yield dict(zip(names, combinations[place], strict=True))
