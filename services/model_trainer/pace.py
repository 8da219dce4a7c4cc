"""How long a release takes to answer, measured before anybody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model_trainer.decision import Reason, Refusal
from model_trainer.judging import K
from recsys.algorithms.base import Histories, IndexArray
from recsys.domain import Algorithm
from recsys.evaluation.ranking import rank
from recsys.release import Release

USERS = 100
"""Answered one after the other, drawn at random."""
WARM_UP = 3
"""Answered before: mapped pages are read in."""


def answer_milliseconds(
    release: Release, *, seed: int = 0, timer: Callable[[], float] = time.perf_counter
) -> NDArray[np.float64]:
    """(n,) what a list of ten of the hybrid's takes when nothing is cached: score the catalogue for one user from the
    history, rank it without what was touched. What the API adds (PostgreSQL, filters, texts) is not the release's.

    Args:
        release: as loaded from disk
        seed: of the users; those with a history are asked
        timer: seconds
    """
    known = np.flatnonzero(np.diff(release.histories.weights.indptr)).astype(np.int32)
    drawn = np.random.default_rng(seed).permutation(known)[:USERS]
    for user in drawn[:WARM_UP]:
        _answer(release, release.histories.rows(np.array([user], np.int32)))
    return np.array([_timed(release, user, timer) for user in drawn], np.float64)


def refuse_slow(p95: float, limit: float) -> list[Refusal]:
    """A release of which more than one answer in twenty takes longer than `limit` milliseconds is refused."""
    if p95 <= limit:
        return []
    sentence = (
        f"Not published: one of twenty lists takes {p95:,.0f} ms or longer to compute, {limit:,.0f} ms may be. "
        "Set RECSTACK_GATE_MAX_ANSWER_MS where that is meant."
    )
    return [Refusal(Reason.SLOW_ANSWERS, sentence)]


def _timed(release: Release, user: np.int32, timer: Callable[[], float]) -> float:
    history = release.histories.rows(np.array([user], np.int32))
    started = timer()
    _answer(release, history)
    return (timer() - started) * 1000


def _answer(release: Release, history: Histories) -> IndexArray:
    return rank(release.models[Algorithm.HYBRID].fold_in(history), history.weights, K)
