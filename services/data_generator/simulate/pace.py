"""When the next action is due: moments counted from the beginning, so that no lateness adds up."""

from __future__ import annotations

import math

MAX_LATE_SECONDS = 1.0
"""What is later than this is skipped: after a standstill there is no rush."""


class Pace:
    """`rate` moments a second from `begin` on, by a clock that the caller reads."""

    def __init__(self, rate: float, begin: float) -> None:
        self._rate, self._begin = rate, begin
        self._passed = 0
        self._at_once = max(1, math.ceil(rate * MAX_LATE_SECONDS))

    def wait(self, now: float) -> float:
        """Seconds until the next moment, 0 where it has come."""
        return max(0.0, self._begin + (self._passed + 1) / self._rate - now)

    def due(self, now: float) -> tuple[int, int]:
        """Moments that came since the last question: those to use, and those that are too late to."""
        come = max(0, math.floor((now - self._begin) * self._rate + 1e-6) - self._passed)
        self._passed += come
        return min(come, self._at_once), max(0, come - self._at_once)
