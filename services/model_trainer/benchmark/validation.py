"""The part of train that settings and weights are chosen on; the test file has no say in it."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from recsys.errors import DataRefused
from recsys.evaluation.splits import Split, leave_last_out, random_split, time_split_per_user
from recsys.preferences import Events

DISTINCT = 0.5
"""With fewer different times than this share of a user's rows, their order tells nothing."""
AT_ONCE = 1e-5
"""Where half of a user's rows follow each other within this share of the time that the file spans (an hour in twelve
years, three minutes in half a year), they were entered in one sitting: in the order of some list, not of taste."""
TEST_SHARE = 0.2
SEQUENCE = 10
"""Users with so few rows in the median are sequences, of which the next item is asked."""


class Validation(StrEnum):
    AUTO = "auto"
    TIME = "time"
    LAST = "last"
    RANDOM = "random"


def decide(train: Events, *, timed: bool) -> Validation:
    """What fits `train`, told from it alone.

    Without times, with few different ones, or with rows entered in one sitting: random. Short sequences leave their
    last row out; of longer ones each user's latest share is asked.
    """
    if not timed:
        return Validation.RANDOM
    order = np.lexsort((train.at, train.users))
    users, at = train.users[order], train.at[order]
    gaps = np.diff(at)[users[1:] == users[:-1]]
    moments = len(np.unique(users)) + np.count_nonzero(gaps)
    if moments < DISTINCT * len(train) or (len(gaps) and np.median(gaps) < AT_ONCE * np.ptp(at)):
        return Validation.RANDOM
    counts = np.bincount(users)
    return Validation.LAST if np.median(counts[counts > 0]) <= SEQUENCE else Validation.TIME


def cut(train: Events, how: Validation, *, timed: bool, seed: int, n_items: int) -> Split:
    """`n_items`: the catalogue's size. Raises `DataRefused` for a cut by time without times."""
    if how in {Validation.TIME, Validation.LAST} and not timed:
        raise DataRefused(f"The validation part cannot be cut by {how.value}: train has no column timestamp.")
    if how is Validation.TIME:
        return time_split_per_user(train)
    return leave_last_out(train) if how is Validation.LAST else _random(train, seed, n_items)


def _random(train: Events, seed: int, n_items: int) -> Split:
    """A share of each user's events, and in it as large a share of items that are new to train as the catalogue has.

    A random draw of rows asks for what many touched already. Where the catalogue holds many items that nobody touched,
    the test part may ask for these: so some items are taken out with all of their rows.
    """
    touched = np.unique(train.items)
    untouched_share = 1 - len(touched) / n_items
    rng = np.random.default_rng(seed)
    hidden = rng.permutation(touched)[: round(TEST_SHARE * untouched_share * len(touched))]
    return random_split(train, test_share=TEST_SHARE, seed=seed, always=np.isin(train.items, hidden))
