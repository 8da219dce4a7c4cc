from __future__ import annotations

from datetime import UTC, datetime

import pytest

from data_generator.plan import Plan, Stream
from recsys.errors import DataRefused


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"users": 0}, "--users 0 is out of range"),
        ({"users": 10_000_001}, "--users 10,000,001 is out of range"),
        ({"items": 24}, "--items 24 is out of range: 25 to"),
        ({"items": 2_000_001}, "--items"),
        ({"seed": -1}, "--seed -1"),
        ({"users": 100, "interactions": 499}, "100 users need 500 or more"),
        ({"interactions": 10**9}, "--interactions 1,000,000,000"),
        ({"end": datetime(1979, 12, 31, tzinfo=UTC)}, "--end must lie between 1980-01-01"),
        ({"end": datetime(2026, 1, 1)}, "--end"),  # noqa: DTZ001
    ],
)
def test_refuses_what_no_world_can_be_drawn_for(wrong: dict[str, int], words: str) -> None:
    with pytest.raises(DataRefused, match=words):
        Plan(**wrong)  # type: ignore[arg-type]


def test_five_events_a_user_are_enough() -> None:
    assert Plan(users=100, interactions=500).interactions == 500


def test_history_lasts_two_years() -> None:
    plan = Plan(end=datetime(2026, 11, 1, tzinfo=UTC))
    assert datetime.fromtimestamp(plan.start_at, UTC) == datetime(2024, 11, 1, tzinfo=UTC)
    assert 7 * (plan.weeks - 1) < 730 <= 7 * plan.weeks


def test_chance_depends_on_seed_stream_and_block_alone() -> None:
    def first(seed: int, stream: Stream, block: int) -> float:
        return float(Plan(seed=seed, users=1).rng(stream, block).random())

    assert first(1, Stream.TEXTS, 3) == first(1, Stream.TEXTS, 3)
    different = {first(seed, stream, block) for seed in (1, 2) for stream in Stream for block in (0, 1)}
    assert len(different) == 2 * len(Stream) * 2
