"""How it goes: one live line on a terminal, a line a minute in a log, and what it came to at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from data_generator.simulate.tally import Shown, Tally
from data_generator.simulate.traffic import Watch
from recsys.domain import EventType

REFRESH_PER_SECOND = 4
TOLD = (EventType.CLICK, EventType.LIKE, EventType.CART, EventType.PURCHASE)

logger = structlog.get_logger(__name__)


class _Terminal:
    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, sentence: str) -> None:
        self._console.print(sentence, style="yellow", highlight=False)

    def minute(self) -> None:
        """The live line says it all the time."""


class _Log:
    """Each line counts what came since the last; no figure in it belongs to one user."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._before = _figures(tally)

    def say(self, sentence: str) -> None:
        logger.warning(sentence)

    def minute(self) -> None:
        now = _figures(self._tally)
        since = {name: count - self._before[name] for name, count in now.items()}
        logger.info("traffic", **since, p95_ms=round(1000 * self._tally.percentile(0.95), 1))
        self._before = now


@contextmanager
def watching(tally: Tally, console: Console) -> Iterator[Watch]:
    if not console.is_terminal:
        yield _Log(tally)
        return
    began = time.monotonic()
    live = Live(
        get_renderable=lambda: _line(tally, time.monotonic() - began),
        console=console,
        refresh_per_second=REFRESH_PER_SECOND,
        transient=True,
    )
    with live:
        yield _Terminal(console)


def _figures(tally: Tally) -> dict[str, int]:
    return {
        "requests": tally.total,
        "lists": sum(shown.lists for shown in tally.shown.values()),
        "events": tally.events.total(),
        "errors": tally.errors.total(),
        "skipped": tally.skipped,
    }


def _line(tally: Tally, seconds: float) -> Text:
    rate = f"{tally.total / max(seconds, 1e-9):.1f}/s"
    counts = (f"{count:,} {name}" for name, count in _figures(tally).items())
    slowest = f"p95 {_milliseconds(tally.percentile(0.95))}"
    return Text(" · ".join((rate, *counts, slowest)), no_wrap=True, overflow="ellipsis")


def print_summary(tally: Tally, seconds: float, console: Console) -> None:
    figures = {
        "requests": f"{tally.total:,} ({tally.total / max(seconds, 1e-9):.1f}/s)",
        "answered within": f"p50 {_milliseconds(tally.percentile(0.5))}, p95 {_milliseconds(tally.percentile(0.95))}",
        "errors": _counts(tally.errors) or "none",
        "skipped": f"{tally.skipped:,} actions that the API was away or too slow for" if tally.skipped else "none",
        "visits": f"{tally.sessions:,}, {tally.newcomers:,} of them by new users",
        "events": _counts(tally.events) or "none",
    }
    table = Table(title=f"Traffic for {seconds:.0f} s", show_header=False)
    for name, figure in figures.items():
        table.add_row(name, figure)
    console.print(table)
    if tally.shown:
        console.print(_by_algorithm(tally.shown))


def _by_algorithm(shown: dict[str, Shown]) -> Table:
    table = Table(title="What became of the lists")
    table.add_column("algorithm", no_wrap=True)
    for heading in ("lists", "clicked", "clicks", "likes", "carts", "bought"):
        table.add_column(heading, justify="right")
    for name, found in sorted(shown.items(), key=lambda entry: -entry[1].click_through):
        table.add_row(
            name,
            f"{found.lists:,}",
            f"{found.click_through:.1%}",
            *(f"{found.events[kind]:,}" for kind in TOLD),
        )
    return table


def _counts(counter: dict[str, int] | dict[EventType, int]) -> str:
    ordered = sorted(counter.items(), key=lambda entry: -entry[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def _milliseconds(seconds: float) -> str:
    return "-" if seconds != seconds else f"{1000 * seconds:.1f} ms"  # noqa: PLR0124 - NaN is unlike itself
