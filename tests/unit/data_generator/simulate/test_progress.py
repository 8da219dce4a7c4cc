from __future__ import annotations

import io

from rich.console import Console
from structlog.testing import capture_logs

from data_generator.simulate.progress import print_summary, watching
from data_generator.simulate.tally import Tally
from recsys.domain import EventType


def _busy(tally: Tally, times: int) -> None:
    for _ in range(times):
        tally.request("POST /recommendations", 0.01, None)
        tally.list_shown("hybrid", 10)
        tally.request("POST /interactions", 0.02, "503")
        tally.acknowledged([EventType.VIEW, EventType.CLICK], "hybrid")
    tally.list_clicked("hybrid")
    tally.skipped += 5


def test_each_line_of_the_log_counts_its_own_minute() -> None:
    tally, console = Tally(), Console(file=io.StringIO())
    with capture_logs() as lines, watching(tally, console) as watch:
        _busy(tally, 3)
        watch.minute()
        _busy(tally, 1)
        watch.minute()
        watch.say("The API does not answer.")
    figures = ("requests", "lists", "events", "errors", "skipped")
    assert [[line[name] for name in figures] for line in lines[:2]] == [[6, 3, 6, 3, 5], [2, 1, 2, 1, 5]]
    assert lines[0]["p95_ms"] == 20.0
    assert lines[2] == {"event": "The API does not answer.", "log_level": "warning"}


def test_on_a_terminal_one_line_lives_and_is_gone_at_the_end() -> None:
    screen = io.StringIO()
    console, tally = Console(file=screen, force_terminal=True, width=120), Tally()
    with watching(tally, console) as watch:
        _busy(tally, 3)
        watch.say("The API does not answer.")
        watch.minute()
    shown = screen.getvalue()
    assert "6 requests · 3 lists · 6 events · 3 errors · 5 skipped · p95 20.0 ms" in shown
    assert "The API does not answer." in shown
    assert shown.rstrip().endswith("\x1b[2K")


def test_the_summary_says_what_it_came_to() -> None:
    screen, tally = io.StringIO(), Tally()
    _busy(tally, 4)
    print_summary(tally, 2.0, Console(file=screen, width=100))
    text = screen.getvalue()
    for words in ("Traffic for 2 s", "8 (4.0/s)", "p50 15.0 ms, p95 20.0 ms", "503 4", "5 actions", "view 4, click 4"):
        assert words in text
    assert "25.0%" in text


def test_the_summary_of_nothing_is_one_too() -> None:
    screen = io.StringIO()
    print_summary(Tally(), 0.0, Console(file=screen, width=100))
    assert "p50 -, p95 -" in screen.getvalue()
    assert "none" in screen.getvalue()
