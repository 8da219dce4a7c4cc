from __future__ import annotations

import numpy as np
import pytest

from data_generator.plan import DAY, Plan
from data_generator.population.rhythm import HOUR, make_rhythm

PLAN = Plan()


def _draw(utc_offset: float = 0.0, n: int = 40_000) -> np.ndarray:
    chances = np.random.default_rng(1).random(n)
    ends = (np.full(n, PLAN.start_at), np.full(n, PLAN.end_at))
    return make_rhythm(PLAN).draw(chances, *ends, np.full(n, utc_offset))


def test_evenings_and_weekends_are_busier() -> None:
    at = _draw()
    hours = np.bincount((at % DAY // HOUR).astype(int), minlength=24)
    days = np.bincount(((at // DAY).astype(int) + 3) % 7, minlength=7)
    assert hours[19:22].mean() > 5 * hours[2:5].mean()
    assert days[5:].mean() > 1.2 * days[:5].mean()


def test_december_is_busier_than_july() -> None:
    month = _draw().astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
    assert (month == 11).sum() > 1.2 * (month == 6).sum()


@pytest.mark.parametrize("hours", [-6.0, 5.5, 10.0])
def test_the_clock_on_the_users_wall_counts(hours: float) -> None:
    peak_in_utc = np.bincount((_draw(hours * HOUR) % DAY // HOUR).astype(int), minlength=24)
    peak_here = np.bincount((_draw() % DAY // HOUR).astype(int), minlength=24)
    quietest = [np.convolve(np.tile(peak, 2), np.ones(4), "valid")[:24].argmin() for peak in (peak_in_utc, peak_here)]
    shift = (quietest[1] - quietest[0]) % 24
    assert min(abs(shift - hours % 24), 24 - abs(shift - hours % 24)) <= 1


def test_stays_between_begin_and_until() -> None:
    n = 5_000
    begin = PLAN.start_at + np.random.default_rng(2).random(n) * 700 * DAY
    until = begin + 3 * HOUR
    at = make_rhythm(PLAN).draw(np.random.default_rng(3).random(n), begin, until, np.full(n, -6 * HOUR))
    assert np.all((begin <= at) & (at <= until))
    assert ((at == begin) | (at == until)).mean() < 0.01
    assert np.ptp((at - begin) / HOUR) > 2.5
