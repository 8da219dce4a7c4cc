from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from model_trainer.exits import Exit
from model_trainer.schedule import GRACE_SECONDS, RETRY_SECONDS, Outcome, Schedule, parse_interval
from recsys.errors import Unavailable
from recsys.telemetry import TRAININGS
from recsys.testing.clock import ManualClock

EVERY = 6 * 3600.0


@dataclass
class World:
    """What the schedule sees, and what its trainings do."""

    clock: ManualClock
    trained: datetime | None = None
    news: bool = True
    away: bool = False
    statuses: list[int] = field(default_factory=list)
    runs: int = 0

    def trained_at(self) -> datetime | None:
        if self.away:
            raise Unavailable("MLflow is away", dependency="mlflow")
        return self.trained

    def has_news(self) -> bool:
        return self.news

    def run(self) -> int:
        self.runs += 1
        self.clock.advance(30)
        status = self.statuses.pop(0) if self.statuses else Exit.PUBLISHED
        if status == Exit.PUBLISHED:
            self.trained = self.clock.now()
        return status


class EnoughError(Exception):
    """Ends a schedule that would run forever."""


@pytest.fixture
def world() -> World:
    return World(ManualClock())


def _schedule(world: World, sleep: Callable[[float], None] | None = None) -> Schedule:
    return Schedule(EVERY, world, world.run, world.clock, sleep or world.clock.advance)


def _count(outcome: Outcome) -> float:
    return float(TRAININGS.labels(outcome.value)._value.get())


def test_the_first_comes_at_once_only_where_nothing_is_live(world: World) -> None:
    assert _schedule(world).first_wait() == 0
    world.trained = world.clock.now()
    assert _schedule(world).first_wait() == EVERY


def test_a_restart_waits_for_what_is_left_of_the_interval(world: World) -> None:
    world.trained = world.clock.now() - timedelta(hours=4)
    assert _schedule(world).first_wait() == 2 * 3600


def test_an_overdue_training_leaves_the_start_alone(world: World) -> None:
    world.trained = world.clock.now() - timedelta(days=3)
    assert _schedule(world).first_wait() == GRACE_SECONDS


def test_a_clock_that_was_set_back_waits_no_longer_than_the_interval(world: World) -> None:
    world.trained = world.clock.now() + timedelta(days=300)
    assert _schedule(world).first_wait() == EVERY


def test_while_the_registry_is_away_it_asks_again_soon(world: World) -> None:
    world.away = True
    assert _schedule(world).first_wait() == RETRY_SECONDS


def test_without_news_nothing_is_trained(world: World) -> None:
    world.trained, world.news = world.clock.now(), False
    before = _count(Outcome.NOTHING_NEW)
    assert _schedule(world).attempt() is Outcome.NOTHING_NEW
    assert world.runs == 0
    assert _count(Outcome.NOTHING_NEW) == before + 1


def test_without_a_champion_it_trains_without_asking_for_news(world: World) -> None:
    world.news = False
    assert _schedule(world).attempt() is Outcome.PUBLISHED
    assert world.runs == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Exit.PUBLISHED, Outcome.PUBLISHED),
        (Exit.FAILED, Outcome.FAILED),
        (Exit.DATA_REFUSED, Outcome.REFUSED),
        (Exit.BUSY, Outcome.BUSY),
        (Exit.RELEASE_REFUSED, Outcome.REFUSED),
        (-9, Outcome.FAILED),
        (139, Outcome.FAILED),
    ],
)
def test_every_ending_is_told_apart_and_counted(world: World, status: int, outcome: Outcome) -> None:
    world.statuses = [status]
    before = _count(outcome)
    assert _schedule(world).attempt() is outcome
    assert _count(outcome) == before + 1


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("MLflow is away", dependency="mlflow"),
        OSError("no more processes"),
        subprocess.TimeoutExpired("train", 1),
    ],
)
def test_an_error_on_the_way_is_a_failure_and_no_end(world: World, error: Exception) -> None:
    def fail() -> int:
        raise error

    schedule = Schedule(EVERY, world, fail, world.clock, world.clock.advance)
    assert schedule.attempt() is Outcome.FAILED
    assert schedule.wait_after(Outcome.FAILED) == RETRY_SECONDS


def test_it_goes_on_after_a_failure_and_keeps_its_interval(world: World) -> None:
    world.statuses = [Exit.FAILED, Exit.PUBLISHED, Exit.RELEASE_REFUSED, Exit.PUBLISHED]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        world.clock.advance(seconds)
        if len(waits) > 4:
            raise EnoughError

    with pytest.raises(EnoughError):
        _schedule(world, sleep).forever()
    assert waits == [0, RETRY_SECONDS, EVERY, EVERY, EVERY]
    assert world.runs == 4


def test_a_short_interval_is_not_stretched_by_retries(world: World) -> None:
    schedule = Schedule(60, world, world.run, world.clock, world.clock.advance)
    assert schedule.wait_after(Outcome.BUSY) == 60
    world.trained = world.clock.now() - timedelta(days=3)
    assert schedule.first_wait() == 60


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("6h", 21_600), ("1d", 86_400), (" 1.5h ", 5400)]
)
def test_intervals_are_read_with_their_units(text: str, seconds: float) -> None:
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "6 h", "-1h", "0", "0.5s", "1w", "6h30m", "1e9", "inf", "nan"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no interval"):
        parse_interval(text)
