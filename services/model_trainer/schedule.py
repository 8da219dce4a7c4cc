"""Training again and again: whenever the time has come and there is something new to learn."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import structlog

from model_trainer.exits import Exit
from recsys.errors import RecstackError
from recsys.ports import Clock
from recsys.telemetry import TRAININGS

logger = structlog.get_logger(__name__)

GRACE_SECONDS = 300.0
"""A start leaves the machine to the others first, also when a training is overdue."""
RETRY_SECONDS = 300.0
"""After a failure, unless the interval is shorter."""
LONGEST_TRAINING_SECONDS = 24 * 3600.0
STOP_PATIENCE_SECONDS = 30.0
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Outcome(StrEnum):
    PUBLISHED = "published"
    NOTHING_NEW = "nothing_new"
    BUSY = "busy"
    REFUSED = "refused"
    FAILED = "failed"


COUNTED = {outcome: TRAININGS.labels(outcome.value) for outcome in Outcome}
"""All of them from 0 on: an alert sees the first failure as an increase."""


class State(Protocol):
    """What is live and what happened since."""

    def trained_at(self) -> datetime | None:
        """When the champion was trained; None without one."""
        ...

    def has_news(self) -> bool:
        """Whether events came or went since the champion was trained, or users were erased."""
        ...


@dataclass
class Schedule:
    """Trains every `every` seconds, one training at a time, in a process of its own.

    The first comes at once only where nothing is live yet. A failed one is logged, counted and tried again soon.
    """

    every: float
    state: State
    run: Callable[[], int]
    """Trains; returns the exit status."""
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def forever(self) -> None:
        self.sleep(self.first_wait())
        while True:
            self.sleep(self.wait_after(self.attempt()))

    def first_wait(self) -> float:
        """Seconds until the first attempt: what is left of the interval, after a restart too."""
        try:
            trained_at = self.state.trained_at()
        except RecstackError as error:
            logger.warning("cannot tell when to train", reason=error.detail)
            return min(self.every, RETRY_SECONDS)
        if trained_at is None:
            return 0.0
        left = self.every - (self.clock.now() - trained_at).total_seconds()
        return min(self.every, max(left, GRACE_SECONDS))

    def wait_after(self, outcome: Outcome) -> float:
        return min(self.every, RETRY_SECONDS) if outcome in {Outcome.FAILED, Outcome.BUSY} else self.every

    def attempt(self) -> Outcome:
        """One training if there is something new to learn."""
        started = self.clock.monotonic()
        try:
            is_due = self.state.trained_at() is None or self.state.has_news()
            outcome = OUTCOMES.get(self.run(), Outcome.FAILED) if is_due else Outcome.NOTHING_NEW
        except (RecstackError, OSError, subprocess.SubprocessError) as error:
            logger.warning("training could not be started", reason=str(error))
            outcome = Outcome.FAILED
        seconds = self.clock.monotonic() - started
        logger.info("training", outcome=outcome.value, seconds=round(seconds, 1))
        COUNTED[outcome].inc()
        return outcome


OUTCOMES: dict[int, Outcome] = {
    Exit.PUBLISHED: Outcome.PUBLISHED,
    Exit.BUSY: Outcome.BUSY,
    Exit.DATA_REFUSED: Outcome.REFUSED,
    Exit.RELEASE_REFUSED: Outcome.REFUSED,
}


def run_training() -> int:
    """`python -m model_trainer train` as a child, whose memory goes with it and whose crash is not ours; its words go
    where ours go. Ends with us.
    """
    child = subprocess.Popen([sys.executable, "-m", "model_trainer", "train"])
    try:
        return child.wait(LONGEST_TRAINING_SECONDS)
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(STOP_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def parse_interval(text: str) -> float:
    """Seconds in `90`, `90s`, `30m`, `6h` or `1d`. Raises `ValueError`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    seconds = float(match[1]) * UNITS[match[2]] if match else 0.0
    if seconds < 1:
        raise ValueError(f"{text!r} is no interval: write for example 90s, 30m, 6h or 1d, one second at least")
    return seconds
