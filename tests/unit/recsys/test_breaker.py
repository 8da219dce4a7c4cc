from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from recsys.breaker import Breaker, BreakerState
from recsys.errors import Unavailable
from recsys.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker("thing", clock, failures=3, pause_seconds=2)


def _fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.check()
        breaker.failed()


def _gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"dependency": "thing"})


def test_it_stays_closed_below_the_limit(breaker: Breaker) -> None:
    _fail(breaker, 2)
    breaker.check()
    assert breaker.state is BreakerState.CLOSED


def test_a_success_starts_the_count_anew(breaker: Breaker) -> None:
    _fail(breaker, 2)
    breaker.succeeded()
    _fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    _fail(breaker, 3)
    with pytest.raises(Unavailable, match="thing is away") as caught:
        breaker.check()
    assert caught.value.dependency == "thing"
    assert _gauge("recstack_breaker_state") == BreakerState.OPEN
    assert _gauge("recstack_dependency_up") == 0


def test_one_call_tries_after_the_pause_and_the_others_wait(breaker: Breaker, clock: ManualClock) -> None:
    _fail(breaker, 3)
    clock.advance(2)
    breaker.check()
    with pytest.raises(Unavailable):
        breaker.check()
    assert _gauge("recstack_breaker_state") == BreakerState.TRYING


def test_a_trial_that_succeeds_closes_it(breaker: Breaker, clock: ManualClock) -> None:
    _fail(breaker, 3)
    clock.advance(2)
    breaker.check()
    breaker.succeeded()
    breaker.check()
    breaker.check()
    assert _gauge("recstack_dependency_up") == 1


def test_a_trial_that_fails_opens_it_for_another_pause(breaker: Breaker, clock: ManualClock) -> None:
    _fail(breaker, 3)
    clock.advance(2)
    breaker.check()
    breaker.failed()
    clock.advance(1.9)
    with pytest.raises(Unavailable):
        breaker.check()
    clock.advance(0.2)
    breaker.check()


def test_a_trial_that_never_ends_does_not_block_the_next(breaker: Breaker, clock: ManualClock) -> None:
    _fail(breaker, 3)
    clock.advance(2)
    breaker.check()
    clock.advance(2)
    breaker.check()


def test_each_failure_is_counted(breaker: Breaker) -> None:
    before = _gauge("recstack_dependency_errors_total") or 0
    _fail(breaker, 2)
    assert _gauge("recstack_dependency_errors_total") == before + 2
