"""The whole tour, stop by stop."""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
from typing import NoReturn

import httpx
from rich.console import Console
from rich.panel import Panel

from tour.display import bar, grid
from tour.guide import Missing, Tour
from tour.stops import STOPS

KEPT, BROKEN, NO_TOUR = 0, 1, 2


def _stop(sentence: str) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(NO_TOUR)


def times(tour: Tour) -> None:
    table = grid("", "call", "calls", "p50", "p95", "")
    longest = max(max(each) for each in tour.seconds.values())
    for name, each in sorted(tour.seconds.items()):
        middle, late = statistics.median(each), sorted(each)[-1 - len(each) // 20]
        table.add_row(name, str(len(each)), f"{middle * 1e3:.1f} ms", f"{late * 1e3:.1f} ms", bar(middle / longest, 12))
    tour.show(table)


def run(tour: Tour, user_id: int) -> int:
    tour.console.rule("[bold]RecStack[/] · a guided tour", style="cyan")
    for number, stop in enumerate(STOPS, 1):
        tour.console.rule(f"[bold]{number}[/] · {stop.__doc__}", align="left", style="dim")
        try:
            stop(tour, user_id)
        except (Missing, KeyError, IndexError, StopIteration, ValueError) as error:
            tour.promise("the stop goes to its end", held=False, expected=f"{type(error).__name__}: {error}")
    tour.console.rule(f"[bold]{len(STOPS) + 1}[/] · How long it took", align="left", style="dim")
    if tour.seconds:
        times(tour)
    count = tour.kept + len(tour.broken)
    if tour.broken:
        tour.console.print(
            Panel("\n".join(tour.broken), title=f"{len(tour.broken)} of {count} promises broken", border_style="red")
        )
        return BROKEN
    tour.console.print(Panel(f"[green]All {count} promises were kept.[/]", border_style="green"))
    return KEPT


def main() -> int:
    """0 when every promise was kept, 1 when one was broken; exits with 2 when there is nothing to tour."""
    parser = argparse.ArgumentParser(
        prog="demo.py", description="A guided tour of the running platform. Every promise on the way is checked."
    )
    parser.add_argument(
        "--url", default=f"http://127.0.0.1:{os.environ.get('API_PORT', '8000')}", help="where the API is"
    )
    parser.add_argument("--user", type=int, default=1, help="whose taste to look at (default: 1)")
    arguments = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    tour = Tour(arguments.url, Console(highlight=False))
    try:
        if tour.send("GET", f"/users/{arguments.user}/profile").status_code == httpx.codes.NOT_FOUND:
            _stop(f"There is no user {arguments.user}: name another with --user.")
        return run(tour, arguments.user)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        _stop(
            f"The API does not answer at {arguments.url} ({error}): "
            "start it with ./setup.sh, or name another address with --url."
        )
