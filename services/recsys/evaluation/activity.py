"""A blend of its own for users who touched little, and for those who touched much, where that surely pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.blending import Lengths, Shortlist, choose_weights
from recsys.evaluation.bootstrap import paired_bootstrap

SHARES = (1 / 3, 2 / 3)
"""Of the asked users: who touched least, and who touched most, are the outer thirds."""
MIN_USERS = 200
"""Of a segment: fewer would choose by chance."""


@dataclass(frozen=True)
class ByActivity:
    """Weights by component; those for `up_to` so many touched items, in ascending order, come before those for all."""

    weights: Mapping[str, float]
    up_to: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Keys are numbers as text, as JSON has them."""


def choose_by_activity(
    candidates: Shortlist, touched: NDArray[np.integer], everybody: Mapping[str, float], *, k: Lengths, seed: int = 0
) -> ByActivity:
    """Own weights for light, medium and heavy users, each only where it ranks better for users it was not chosen on.

    Each segment is cut in two: what one half chooses is measured on the other. Own weights are taken where the mean
    gain over `everybody`'s is above 0 with 95 % confidence.

    Args:
        candidates: of n users
        touched: (n,) items that each of them had touched
        everybody: the weights chosen on all
        k: list lengths
        seed: of the cuts and draws
    """
    bounds = np.unique(np.quantile(touched, SHARES, method="lower")).astype(int)
    segment = np.searchsorted(bounds, touched, side="left")
    own: dict[int, Mapping[str, float]] = {}
    for number in range(len(bounds) + 1):
        of_segment = candidates.of(segment == number)
        if len(of_segment.valid) >= MIN_USERS and _pays(of_segment, everybody, k, seed):
            own[number] = choose_weights(of_segment, k=k, seed=seed).weights
    up_to = {str(bound): own.get(number, everybody) for number, bound in enumerate(bounds)}
    above = own.get(len(bounds), everybody)
    return ByActivity(above, up_to if own else {})


def _pays(candidates: Shortlist, everybody: Mapping[str, float], k: Lengths, seed: int) -> bool:
    first = np.random.default_rng(seed).permutation(len(candidates.valid)) % 2 == 0
    common = candidates.ndcg_of_each(_vector(candidates, everybody), k)
    own = np.empty_like(common)
    for half in (first, ~first):
        chosen = choose_weights(candidates.of(half), k=k, seed=seed).weights
        own[~half] = candidates.of(~half).ndcg_of_each(_vector(candidates, chosen), k)
    return paired_bootstrap(own, common, statistic="difference", seed=seed).low > 0


def _vector(candidates: Shortlist, weights: Mapping[str, float]) -> NDArray[np.float64]:
    return np.array([weights.get(name, 0.0) for name in candidates.names])
