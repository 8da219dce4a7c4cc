"""Cutting events into a part to learn from and a part to be judged on.

A validation part is cut by splitting the `train` of a split once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import Histories, IndexArray
from recsys.preferences import SEEN_ONLY, Events, to_histories
from recsys.settings import EventWeights

MIN_FOLDS = 2


@dataclass(frozen=True, slots=True)
class Split:
    train: Events
    test: Events


def time_split(events: Events, *, test_share: float = 0.1) -> Split:
    """One moment for everybody: train on what happened before it, test on it and what came after.

    The only split under which nothing of the future leaks into training (Ji et al., A Critical Study on Data Leakage
    in Recommender System Offline Evaluation, TOIS 2023).

    Args:
        events: in any order
        test_share: of all events, 0..1; events at the very moment of the cut are tested
    """
    if not len(events):
        return Split(events, events)
    moment = np.quantile(events.at, 1 - test_share, method="higher")
    return _where(events, events.at >= moment)


def time_split_per_user(events: Events, *, test_share: float = 0.2) -> Split:
    """Each user's latest `test_share` of events is tested, rounded down; the first always stays in train."""
    place, count = _places(events)
    return _where(events, place >= count - np.floor(count * test_share))


def leave_last_out(events: Events) -> Split:
    """Each user's last event is tested, except where it is the only one."""
    place, count = _places(events)
    return _where(events, (place == count - 1) & (count > 1))


def random_split(
    events: Events, *, test_share: float = 0.2, seed: int = 0, always: NDArray[np.bool_] | None = None
) -> Split:
    """A random `test_share` of each user's events is tested, rounded down.

    `always`, (n,), marks events that are tested in any case; they count in their user's share.
    """
    forced = np.zeros(len(events), bool) if always is None else always
    draw = np.random.default_rng(seed).random(len(events)) + forced
    place, count = _places(Events(events.users, events.items, events.types, events.values, draw))
    return _where(events, (place >= count - np.floor(count * test_share)) | forced)


def random_folds(events: Events, *, folds: int = 5, seed: int = 0) -> Iterator[Split]:
    """Each event is tested in exactly one of the folds; every user's events are spread evenly over them.

    Raises:
        ValueError: fewer than two folds
    """
    if folds < MIN_FOLDS:
        raise ValueError(f"a fold to test on and one to learn from are needed, got {folds}")
    rng = np.random.default_rng(seed)
    draw = rng.random(len(events))
    place, _ = _places(Events(events.users, events.items, events.types, events.values, draw))
    first = rng.integers(0, folds, int(events.users.max(initial=0)) + 1)
    fold = (place + first[events.users]) % folds
    return (_where(events, fold == number) for number in range(folds))


@dataclass(frozen=True, slots=True)
class UserSplit:
    train: Events
    """Of the users who are learned from, everything."""
    known: Events
    """The first part of the held-out users' histories: folded in, never trained on."""
    test: Events
    """The rest of theirs."""


def user_split(events: Events, *, test_users: float = 0.1, known_share: float = 0.8, seed: int = 0) -> UserSplit:
    """Hold out whole users: strong generalisation (Marlin 2004; Liang et al., Variational Autoencoders for
    Collaborative Filtering, WWW 2018), here with the later part of each history tested.

    Args:
        events: in any order
        test_users: share of the users with events who are held out, drawn at random, rounded down
        known_share: of each held-out user's events, the earliest, rounded up: who has one event keeps it
        seed: of the draw
    """
    present = np.unique(events.users)
    chosen = np.random.default_rng(seed).permutation(present)[: int(len(present) * test_users)]
    held_out = np.isin(events.users, chosen)
    place, count = _places(events)
    known = held_out & (place < np.ceil(count * known_share))
    return UserSplit(events.where(~held_out), events.where(known), events.where(held_out & ~known))


def relevant_items(test: Events, train: Histories, *, weights: EventWeights) -> sparse.csr_array:
    """(n_users, n_items) float32 ones where a user came to like, in the test part, an item not touched in train.

    Liking: the summed weight of the test part's events is positive.
    """
    shape = train.weights.shape
    later = to_histories(test, n_users=shape[0], n_items=shape[1], weights=weights).weights
    liked = sparse.csr_array(((later.data > SEEN_ONLY).astype(np.float32), later.indices, later.indptr), shape=shape)
    seen = sparse.csr_array(
        (np.ones(train.weights.nnz, np.float32), train.weights.indices, train.weights.indptr), shape=shape
    )
    fresh = sparse.csr_array(liked - liked.multiply(seen), dtype=np.float32)
    fresh.eliminate_zeros()
    fresh.sort_indices()
    return fresh


def judged_users(relevant: sparse.csr_array, *, limit: int | None = None, seed: int = 0) -> IndexArray:
    """Users with something to find, ascending; at most `limit` of them, drawn at random."""
    users = np.flatnonzero(np.diff(relevant.indptr)).astype(np.int32)
    if limit is None or len(users) <= limit:
        return users
    return np.sort(np.random.default_rng(seed).choice(users, limit, replace=False))


def _where(events: Events, tested: NDArray[np.bool_]) -> Split:
    return Split(events.where(~tested), events.where(tested))


def _places(events: Events) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each event: its place in time among its user's, from 0 (as given among equals), and how many those are."""
    order = np.lexsort((events.at, events.users))
    users = events.users[order]
    first = np.flatnonzero(np.r_[True, users[1:] != users[:-1]][: len(users)])
    sizes = np.diff(np.r_[first, len(users)])
    place, count = np.empty(len(users), np.int64), np.empty(len(users), np.int64)
    place[order] = np.arange(len(users)) - np.repeat(first, sizes)
    count[order] = np.repeat(sizes, sizes)
    return place, count
