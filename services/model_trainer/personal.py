"""Whether the models know whom they speak to: a user's own past must tell more of the user's future than a stranger's.

Users are paired by lot. Each of a pair is scored from the own past and from the partner's, over the items that neither
had touched, and what the user came to like is looked up in both. Where labels went astray a past tells as little of
one's own future as of anybody's: swapping the two is a permutation test (Good, Permutation, parametric and bootstrap
tests of hypotheses, 2005), which popularity cannot pass and need not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from model_trainer.judging import BATCH, Questions
from recsys.algorithms.base import FloatArray, IndexArray, Recommender, TrainingData
from recsys.domain import Algorithm
from recsys.evaluation.bootstrap import Interval, paired_bootstrap
from recsys.evaluation.judge import score_all

USERS = 500
"""Asked at most: enough to see taste where there is any."""
RESAMPLES = 10_000
ERROR = 0.05
"""Of both sides and of all models together (Bonferroni): each of m is asked for certainty of 1 - ERROR / m."""
IMPERSONAL = frozenset({Algorithm.POPULARITY})

Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Taste:
    """What the model says that shows it best."""

    algorithm: Algorithm
    advantage: Interval
    """By how much higher, of the ranked catalogue's length, the own past places what a user came to like."""

    @property
    def is_sure(self) -> bool:
        return self.advantage.low > 0


def find_taste(
    models: Mapping[Algorithm, Recommender], train: TrainingData, asked: Questions, *, seed: int = 0
) -> Taste | None:
    """The first model that surely tells people apart, the hybrid before the others; else the one that comes nearest.

    Args:
        models: fitted on `train`
        train: what was known
        asked: what happened afterwards, and the users to look at; USERS of them are drawn
        seed: of the pairs and of the interval

    Returns:
        None where there are no two users to swap, or no model that looks at a user.
    """
    drawn = np.random.default_rng(seed).permutation(asked.users)[:USERS]
    half = len(drawn) // 2
    personal = sorted(models.keys() - IMPERSONAL, key=lambda name: (name is not Algorithm.HYBRID, name.value))
    if not half or not personal:
        return None
    pairs = np.stack([drawn[:half], drawn[half : 2 * half]], axis=1)
    nearest: Taste | None = None
    for name in personal:
        own, stranger = places(models[name], train, asked.relevant, pairs)
        confidence = 1 - ERROR / len(personal)
        interval = paired_bootstrap(own, stranger, resamples=RESAMPLES, confidence=confidence, seed=seed)
        found = Taste(name, interval)
        if found.is_sure:
            return found
        if nearest is None or found.advantage.low > nearest.advantage.low:
            nearest = found
    return nearest


def places(
    model: Recommender, train: TrainingData, relevant: sparse.csr_array, pairs: IndexArray
) -> tuple[Places, Places]:
    """Where a pair's relevant items stand among what neither user had touched, 0 (last) to 1 (first), equals in the
    middle: by the users' own pasts, and by the partners'.

    Args:
        model: fitted on `train`
        train: what was known
        relevant: (n_users, n_items) whose stored entries are the relevant items
        pairs: (n, 2) rows of users, each user in one pair

    Returns:
        (n,) and (n,): means over both users; 0 in both for a pair without such an item
    """
    own, stranger = np.zeros(len(pairs)), np.zeros(len(pairs))
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        rows = np.ravel(some)
        ((_, scores),) = score_all({"model": model}, rows, train.histories.rows(rows))
        for place, pair in enumerate(some):
            both = scores[2 * place : 2 * place + 2]
            own[start + place], stranger[start + place] = _pair(both, train.histories.weights, relevant, pair)
    return own, stranger


def _pair(
    scores: FloatArray, touched: sparse.csr_array, relevant: sparse.csr_array, pair: IndexArray
) -> tuple[float, float]:
    """Of one pair, whose scores are (2, n_items)."""
    free = np.ones(scores.shape[1], bool)
    for user in pair:
        free[_columns(touched, user)] = False
    own = stranger = 0.0
    for user in (0, 1):
        wanted = _columns(relevant, pair[user])
        wanted = wanted[free[wanted]]
        if len(wanted):
            own += _place(scores[user], wanted, free) / 2
            stranger += _place(scores[1 - user], wanted, free) / 2
    return own, stranger


def _place(scores: FloatArray, wanted: IndexArray, free: NDArray[np.bool_]) -> float:
    ordered = np.sort(scores[free])
    below, up_to = (np.searchsorted(ordered, scores[wanted], side) for side in ("left", "right"))
    return float(((below + up_to) / (2 * len(ordered))).mean())


def _columns(matrix: sparse.csr_array, row: int) -> IndexArray:
    columns: IndexArray = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return columns
