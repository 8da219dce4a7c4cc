"""Whether the models know whom they speak to: a user's own past must tell more of the user's future than a stranger's.

Users are put together in fours by lot. Each is scored from the own past and from those of the three others, over the
items that none of the four had touched, and what the user came to like is looked up in all. Where labels went astray a
past tells as little of one's own future as of anybody's: giving pasts to others is a permutation test (Good,
Permutation, parametric and bootstrap tests of hypotheses, 2005), which popularity cannot pass and need not.
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
TOGETHER = 4
"""Three strangers are steadier to compare with than one."""
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
        seed: of the groups and of the interval

    Returns:
        None where there are too few users for a group, or no model that looks at a user.
    """
    drawn = np.random.default_rng(seed).permutation(asked.users)[:USERS]
    whole = len(drawn) // TOGETHER * TOGETHER
    personal = sorted(models.keys() - IMPERSONAL, key=lambda name: (name is not Algorithm.HYBRID, name.value))
    if not whole or not personal:
        return None
    groups = drawn[:whole].reshape(-1, TOGETHER)
    nearest: Taste | None = None
    for name in personal:
        own, strangers = places(models[name], train, asked.relevant, groups)
        confidence = 1 - ERROR / len(personal)
        interval = paired_bootstrap(own, strangers, resamples=RESAMPLES, confidence=confidence, seed=seed)
        found = Taste(name, interval)
        if found.is_sure:
            return found
        if nearest is None or found.advantage.low > nearest.advantage.low:
            nearest = found
    return nearest


def places(
    model: Recommender, train: TrainingData, relevant: sparse.csr_array, groups: IndexArray
) -> tuple[Places, Places]:
    """Where a group's relevant items stand among what none of it had touched, 0 (last) to 1 (first), equals in the
    middle: by the users' own pasts, and by the others'.

    Args:
        model: fitted on `train`
        train: what was known
        relevant: (n_users, n_items) whose stored entries are the relevant items
        groups: (n, m) rows of users, each user in one group

    Returns:
        (n,) and (n,): means over the users; one without such an item counts 0 in both
    """
    own, strangers = np.zeros(len(groups)), np.zeros(len(groups))
    size = groups.shape[1]
    step = max(1, BATCH // size)
    for start in range(0, len(groups), step):
        some = groups[start : start + step]
        rows = np.ravel(some)
        ((_, scores),) = score_all({"model": model}, rows, train.histories.rows(rows))
        for place, group in enumerate(some):
            theirs = scores[size * place : size * (place + 1)]
            found = _group(theirs, train.histories.weights, relevant, group)
            own[start + place] = np.trace(found) / size
            strangers[start + place] = (found.sum() - np.trace(found)) / (size * (size - 1))
    return own, strangers


def _group(scores: FloatArray, touched: sparse.csr_array, relevant: sparse.csr_array, group: IndexArray) -> Places:
    """(m, m) where the relevant items of user c stand by the past of user r; scores are (m, n_items)."""
    free = np.ones(scores.shape[1], bool)
    for user in group:
        free[_columns(touched, user)] = False
    wanted = [columns[free[columns]] for columns in (_columns(relevant, user) for user in group)]
    found = np.zeros((len(group), len(group)))
    for row, given in enumerate(scores):
        ordered = np.sort(given[free])
        found[row] = [_place(given[columns], ordered) if len(columns) else 0.0 for columns in wanted]
    return found


def _place(scores: FloatArray, ordered: FloatArray) -> float:
    below, up_to = (np.searchsorted(ordered, scores, side) for side in ("left", "right"))
    return float(((below + up_to) / (2 * len(ordered))).mean())


def _columns(matrix: sparse.csr_array, row: int) -> IndexArray:
    columns: IndexArray = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return columns
