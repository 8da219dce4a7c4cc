from __future__ import annotations

import io

import pytest
from rich.console import Console

from model_trainer.steps import Steps


@pytest.fixture
def steps() -> Steps:
    return Steps(Console(file=io.StringIO(), width=80))


def _printed(steps: Steps) -> str:
    assert isinstance(steps.console.file, io.StringIO)
    return steps.console.file.getvalue()


def test_a_step_is_printed_with_its_time_and_what_came_of_it(steps: Steps) -> None:
    with steps.step("Read the snapshot") as step:
        step.note = "7 events"
    assert [(done.name, done.note) for done in steps.done] == [("Read the snapshot", "7 events")]
    assert _printed(steps).split() == ["✓", "Read", "the", "snapshot", "0.0", "s", "7", "events"]


def test_a_failed_step_is_marked_and_the_error_goes_on(steps: Steps) -> None:
    with pytest.raises(ZeroDivisionError), steps.step("Divide"):
        raise ZeroDivisionError
    assert steps.done == []
    assert _printed(steps).startswith("✗ Divide")


def test_a_long_note_stays_on_its_line(steps: Steps) -> None:
    with steps.step("Fit") as step:
        step.note = "word " * 60
    assert _printed(steps).count("\n") == 1
