"""A circuit breaker: a dependency that is away costs a few callers a timeout, and the others nothing."""

from __future__ import annotations

from enum import IntEnum

from recsys.errors import Unavailable
from recsys.ports import Clock
from recsys.telemetry import BREAKER_STATE, DEPENDENCY_ERRORS, DEPENDENCY_UP


class BreakerState(IntEnum):
    CLOSED = 0
    TRYING = 1
    OPEN = 2


class Breaker:
    """Opens after `failures` in a row; then lets one call through every `pause_seconds` until one succeeds.

    Call `check` before the dependency, `succeeded` or `failed` after it. Belongs to one event loop.
    """

    def __init__(self, dependency: str, clock: Clock, *, failures: int = 3, pause_seconds: float = 1.0) -> None:
        self._dependency = dependency
        self._clock = clock
        self._limit = failures
        self._pause = pause_seconds
        self._failures = 0
        self._next_trial = 0.0
        self._errors = DEPENDENCY_ERRORS.labels(dependency)
        self._move(BreakerState.CLOSED)

    @property
    def state(self) -> BreakerState:
        return self._state

    def check(self) -> None:
        """Raises `Unavailable` at once while the dependency is known to be away."""
        if self._state is BreakerState.CLOSED:
            return
        now = self._clock.monotonic()
        if now < self._next_trial:
            raise Unavailable(f"{self._dependency} is away", dependency=self._dependency)
        self._next_trial = now + self._pause
        self._move(BreakerState.TRYING)

    def succeeded(self) -> None:
        self._failures = 0
        if self._state is not BreakerState.CLOSED:
            self._move(BreakerState.CLOSED)

    def failed(self) -> None:
        self._errors.inc()
        self._failures += 1
        if self._state is BreakerState.TRYING or self._failures >= self._limit:
            self._next_trial = self._clock.monotonic() + self._pause
            self._move(BreakerState.OPEN)

    def _move(self, state: BreakerState) -> None:
        self._state = state
        BREAKER_STATE.labels(self._dependency).set(state.value)
        DEPENDENCY_UP.labels(self._dependency).set(state is BreakerState.CLOSED)
