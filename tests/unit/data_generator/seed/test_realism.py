from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from data_generator.behaviour.events import EventBlock
from data_generator.seed.realism import Tally
from recsys.domain import EventType


def _block(users: list[int], items: list[int], moments: list[datetime], rating: float | None = None) -> EventBlock:
    n = len(users)
    types = np.full(n, 0 if rating is None else 6, np.int8)
    values = np.full(n, np.nan if rating is None else rating)
    at = np.array([int(moment.timestamp() * 1000) for moment in moments])
    return EventBlock(1, np.array(users), np.array(items), types, values, at, at)


SATURDAY_EVENING = datetime(2026, 10, 31, 20, tzinfo=UTC)
MONDAY_NIGHT = datetime(2026, 10, 26, 3, tzinfo=UTC)


def test_counts_over_blocks() -> None:
    tally = Tally(users=3, items=200)
    tally.add(_block([0, 0, 1], [5, 5, 6], [SATURDAY_EVENING] * 3))
    tally.add(_block([2], [5], [MONDAY_NIGHT], rating=4.5))
    found = tally.realism()
    assert found.interactions == 4
    assert found.top_items_share == pytest.approx(1.0)  # two of 200 items are the top 1 %
    assert found.untouched_share == pytest.approx(198 / 200)
    assert (found.fewest, found.median, found.most) == (1, 1, 2)
    assert found.type_shares[EventType.VIEW] == pytest.approx(0.75)
    assert found.type_shares[EventType.RATING] == pytest.approx(0.25)
    assert found.mean_rating == 4.5
    assert found.weekend_uplift == pytest.approx((3 / 2) / 1)
    assert found.evening_uplift == pytest.approx(3.0)
    assert np.isnan(found.zipf_exponent)


def test_finds_the_exponent_of_a_known_law() -> None:
    counts = np.round(20_000 / np.arange(1, 1_001) ** 0.8).astype(int)
    items = np.repeat(np.arange(1_000), counts)
    zeros = np.zeros(len(items), np.int64)
    tally = Tally(users=1, items=1_000)
    tally.add(EventBlock(1, zeros, items, zeros.astype(np.int8), np.full(len(items), np.nan), zeros, zeros))
    assert tally.realism().zipf_exponent == pytest.approx(0.8, abs=0.02)
