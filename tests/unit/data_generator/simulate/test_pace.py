from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_generator.simulate.pace import Pace


def _run(pace: Pace, delays: list[float], begin: float) -> tuple[int, int, float]:
    """Used and skipped moments of a loop that always wakes up too late by one of `delays`, and when it ended."""
    now, used, skipped = begin, 0, 0
    for delay in delays:
        now += pace.wait(now) + delay
        some, late = pace.due(now)
        used, skipped = used + some, skipped + late
    return used, skipped, now


@pytest.mark.parametrize("rate", [0.5, 3.0, 7.0, 250.0])
def test_waking_up_late_does_not_slow_the_schedule_down(rate: float) -> None:
    delays = list(np.random.default_rng(3).uniform(0, 0.9 / rate, 2_000))
    used, skipped, now = _run(Pace(rate, 100.0), delays, 100.0)
    assert skipped == 0
    assert abs(used - rate * (now - 100.0)) <= 1


@given(
    st.floats(0.01, 1_000),
    st.floats(0, 1e9),
    st.lists(st.floats(0, 30), min_size=1, max_size=40),
)
def test_no_moment_is_lost_or_counted_twice(rate: float, begin: float, delays: list[float]) -> None:
    used, skipped, now = _run(Pace(rate, begin), delays, begin)
    assert abs(used + skipped - rate * (now - begin)) <= 1 + 1e-6 * rate * max(begin, 1)


def test_after_a_standstill_one_second_is_made_up_and_the_rest_is_skipped() -> None:
    pace = Pace(10.0, 0.0)
    assert pace.due(60.0) == (10, 590)
    assert pace.due(60.0) == (0, 0)
    assert pace.wait(60.0) == pytest.approx(0.1)


def test_a_slow_pace_still_uses_its_one_moment() -> None:
    pace = Pace(0.1, 0.0)
    assert pace.wait(0.0) == pytest.approx(10.0)
    assert pace.due(9.0) == (0, 0)
    assert pace.due(10.0) == (1, 0)
