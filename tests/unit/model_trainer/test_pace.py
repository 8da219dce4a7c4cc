from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate, repeat

import numpy as np
import pytest

from model_trainer.decision import Reason
from model_trainer.fitting import Fitted
from model_trainer.pace import USERS, answer_milliseconds, refuse_slow
from recsys.algorithms.base import FloatArray, Histories, TrainingData
from recsys.algorithms.hybrid import Hybrid
from recsys.release import Release


@pytest.fixture
def release(fitted: Fitted, before: TrainingData) -> Release:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    models = fitted.with_hybrid(None)
    return Release("v1", moment, before.user_ids, before.item_ids, before.histories, models)


def ticking(seconds: float) -> Callable[[], float]:
    """A clock that is this much further whenever somebody looks."""
    return accumulate(repeat(seconds)).__next__


def test_each_answer_is_timed(release: Release) -> None:
    times = answer_milliseconds(release, timer=ticking(0.25))
    assert times == pytest.approx(np.full(USERS, 250.0))


def test_what_is_timed_is_one_uncached_answer_for_one_user(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    fold_in = Hybrid.fold_in

    def counted(self: Hybrid, histories: Histories) -> FloatArray:
        asked.append(len(histories))
        assert histories.weights.nnz
        return fold_in(self, histories)

    monkeypatch.setattr(Hybrid, "fold_in", counted)
    times = answer_milliseconds(release)
    assert set(asked) == {1}
    assert len(asked) > len(times) == USERS
    assert (times > 0).all()


def test_without_histories_nobody_is_asked(release: Release, before: TrainingData) -> None:
    nothing = Histories.empty(3, len(before.item_ids))
    empty = Release("v1", release.created_at, before.user_ids[:3], before.item_ids, nothing, release.models)
    assert len(answer_milliseconds(empty)) == 0


@pytest.mark.parametrize(("p95", "is_refused"), [(499.0, False), (500.0, False), (500.5, True)])
def test_what_is_too_slow_is_refused(p95: float, is_refused: bool) -> None:
    found = refuse_slow(p95, 500.0)
    assert [refusal.reason for refusal in found] == [Reason.SLOW_ANSWERS] * is_refused
