"""What may be chosen of each algorithm: the range of each setting, and settings that have done well elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from model_trainer.tuning.question import Question
from recsys.domain import Algorithm

Settings = Mapping[str, Any]
Space = Mapping[str, BaseDistribution]


def _share(low: float, high: float) -> FloatDistribution:
    return FloatDistribution(low, high)


def _size(low: float, high: float) -> FloatDistribution:
    """Where orders of magnitude matter."""
    return FloatDistribution(low, high, log=True)


def _count(low: int, high: int) -> IntDistribution:
    return IntDistribution(low, high, log=True)


def _one_of(*choices: Any) -> CategoricalDistribution:
    return CategoricalDistribution(choices)


WEIGHTING = _one_of("binary", "log", "linear")
RECENCY = _share(0.3, 1.0)

SPACES: Mapping[Algorithm, Space] = {
    Algorithm.POPULARITY: {"half_life_days": _one_of(None, 1.0, 7.0, 30.0, 180.0, 720.0), "weighting": WEIGHTING},
    Algorithm.USER_BASED: {
        "neighbours": _count(30, 2_000),
        "item_exponent": _share(0.0, 0.8),
        "power": _share(0.5, 3.0),
        "weighting": WEIGHTING,
    },
    Algorithm.ITEM_BASED: {
        "similarity": _one_of("normalised", "cosine", "bm25"),
        "user_exponent": _share(0.1, 0.9),
        "power": _share(0.3, 1.5),
        "bm25_b": _share(0.1, 0.9),
        "text_weight": _share(0.0, 5.0),
        "neighbours": _one_of(500, 2_000),
        "recency": RECENCY,
        "weighting": WEIGHTING,
    },
    Algorithm.TRANSITIONS: {
        "window": _count(1, 50),
        "decay": _share(0.3, 1.0),
        "backward": _share(0.0, 1.0),
        "user_exponent": _share(0.2, 0.8),
        "power": _share(0.2, 1.0),
        "recency": RECENCY,
        "weighting": WEIGHTING,
    },
    Algorithm.ALS: {
        "factors": _one_of(64, 128, 256),
        "text_weight": _share(0.0, 1.0),
        "alpha": _size(0.5, 100.0),
        "regularization": _size(0.5, 300.0),
        "recency": RECENCY,
        "weighting": WEIGHTING,
    },
    Algorithm.SVD: {
        "factors": _count(8, 512),
        "text_weight": _share(0.0, 2.0),
        "item_exponent": _share(0.0, 1.2),
        "user_exponent": _share(0.0, 1.0),
        "recency": RECENCY,
        "weighting": WEIGHTING,
    },
    Algorithm.EASE: {"regularization": _size(5.0, 5_000.0), "recency": RECENCY, "weighting": WEIGHTING},
    Algorithm.CONTENT_BASED: {
        "max_document_share": _share(0.02, 0.5),
        "sublinear": _one_of(True, False),
        "ngrams": _one_of(1, 2),
        "recency": RECENCY,
        "weighting": WEIGHTING,
    },
    Algorithm.NCF: {
        "factors": _one_of(32, 64, 128),
        "epochs": _count(1, 10),
        "learning_rate": _size(5e-5, 2e-3),
        "weighting": WEIGHTING,
    },
}

STARTS: Mapping[Algorithm, Sequence[Settings]] = {
    Algorithm.POPULARITY: ({"half_life_days": 30.0},),
    Algorithm.USER_BASED: ({"neighbours": 500}, {"neighbours": 1_000, "power": 1.5, "item_exponent": 0.5}),
    Algorithm.ITEM_BASED: (
        {"text_weight": 3.0, "user_exponent": 0.4},
        {"recency": 0.7, "power": 0.5, "user_exponent": 0.5},
        {"power": 1.0, "user_exponent": 0.5},
        {"neighbours": 2_000},
        {"similarity": "cosine", "power": 1.0},
        {"similarity": "bm25", "power": 1.0, "bm25_b": 0.75},
    ),
    Algorithm.TRANSITIONS: ({"window": 5, "backward": 0.0}, {"window": 50, "decay": 0.9, "backward": 0.5}),
    Algorithm.ALS: (
        {"factors": 64, "regularization": 30.0},
        {"factors": 256, "alpha": 40.0, "regularization": 100.0},
        {"factors": 64, "alpha": 2.0, "regularization": 10.0},
        {"text_weight": 0.5},
    ),
    Algorithm.SVD: (
        {"factors": 32},
        {"factors": 64, "item_exponent": 0.8},
        {"factors": 256, "item_exponent": 0.8},
        {"factors": 256, "text_weight": 0.7},
    ),
    Algorithm.EASE: ({"regularization": 50.0}, {"regularization": 1_000.0}),
    Algorithm.CONTENT_BASED: ({"max_document_share": 0.1},),
    Algorithm.NCF: ({"factors": 32}, {"factors": 128}),
}
"""Tried after the defaults and before the search; what they leave out is as by default."""

NEEDS_TIMES = frozenset({"half_life_days", "recency"})


def space_of(name: Algorithm, question: Question) -> Space:
    """The settings that can make a difference on this data; none for an algorithm that has none to choose."""
    useless = set() if question.is_timed else set(NEEDS_TIMES)
    if not question.is_weighted:
        useless.add("weighting")
    if not question.has_texts:
        useless.add("text_weight")
    return {setting: values for setting, values in SPACES.get(name, {}).items() if setting not in useless}
