"""The part of train that settings and weights are chosen on; the test file has no say in it."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from recsys.errors import DataRefused
from recsys.evaluation.splits import Split, leave_last_out, random_split, time_split_per_user
from recsys.preferences import Events

DISTINCT = 0.5
"""With fewer different times than this share of a user's rows, their order tells nothing."""
SEQUENCE = 10
"""Users with so few rows in the median are sequences, of which the next item is asked."""


class Validation(StrEnum):
    AUTO = "auto"
    TIME = "time"
    LAST = "last"
    RANDOM = "random"


def decide(train: Events, *, timed: bool) -> Validation:
    """What fits `train`, told from it alone: few or repeated times are random, short sequences leave their last out."""
    if not timed:
        return Validation.RANDOM
    moments = np.unique(np.stack([train.users, train.at]), axis=1).shape[1]
    if moments < DISTINCT * len(train):
        return Validation.RANDOM
    counts = np.bincount(train.users)
    return Validation.LAST if np.median(counts[counts > 0]) <= SEQUENCE else Validation.TIME


def cut(train: Events, how: Validation, *, timed: bool, seed: int) -> Split:
    """Raises `DataRefused` for a cut by time without times."""
    if how in {Validation.TIME, Validation.LAST} and not timed:
        raise DataRefused(f"The validation part cannot be cut by {how.value}: train has no column timestamp.")
    if how is Validation.TIME:
        return time_split_per_user(train)
    return leave_last_out(train) if how is Validation.LAST else random_split(train, seed=seed)
