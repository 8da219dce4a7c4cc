"""How far the hybrid is ahead of the best single algorithm, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.domain import Algorithm
from recsys.evaluation.bootstrap import Interval, paired_bootstrap


@dataclass(frozen=True, slots=True)
class Lead:
    over: Algorithm
    """The single algorithm with the highest mean; it is the test part that names it, which favours it."""
    interval: Interval
    """Of the difference of the means, over users."""


def lead(per_user: Mapping[Algorithm, NDArray[np.floating]], seed: int) -> Lead | None:
    """None where there is no hybrid, or nothing beside it.

    Args:
        per_user: each algorithm's measure, (n,) over the same users, at least one
        seed: of the bootstrap's draws
    """
    single = {name: values for name, values in per_user.items() if name is not Algorithm.HYBRID}
    if not single or Algorithm.HYBRID not in per_user:
        return None
    best = max(single, key=lambda name: float(single[name].mean()))
    return Lead(best, paired_bootstrap(per_user[Algorithm.HYBRID], single[best], seed=seed))
