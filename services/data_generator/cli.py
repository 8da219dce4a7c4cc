"""`python -m data_generator …`"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from data_generator.importers.cli import app as importers
from data_generator.loading import DataPresent
from data_generator.plan import DEFAULT_END, DEFAULT_SEED, Plan
from data_generator.seed.load import Report, Seeded, seed
from data_generator.simulate.cli import simulate
from recsys.adapters.job_runs import Job, recorded
from recsys.errors import RecstackError
from recsys.pseudonyms import Pseudonyms
from recsys.settings import Settings

UNUSABLE = 2
HELP = "Fill PostgreSQL with a world of known tastes or with your own data, and let its users come."
END = DEFAULT_END.replace(tzinfo=None)

app = typer.Typer(help=HELP, no_args_is_help=True)
app.add_typer(importers, name="import")
app.command()(simulate)


@app.callback(help=HELP)
def main() -> None:
    """Keeps the commands apart, however many there are."""


@app.command(name="seed")
def seed_command(
    *,
    users: Annotated[int, typer.Option("--users", help="How many users; each has at least 5 events.")] = 10_000,
    items: Annotated[int, typer.Option("--items", help="How many items.")] = 50_000,
    interactions: Annotated[int, typer.Option("--interactions", help="How many events, exactly.")] = 500_000,
    number: Annotated[
        int, typer.Option("--seed", metavar="INTEGER", help="The same seed and end give the same rows.")
    ] = DEFAULT_SEED,
    end: Annotated[
        datetime,
        typer.Option(
            "--end",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            show_default=f"{DEFAULT_END:%Y-%m-%d}",
            help="Two years of events end here.",
        ),
    ] = END,
    replace: Annotated[bool, typer.Option("--replace", help="Delete the data that is there first.")] = False,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Leave data that is there alone; exit with 0.")] = False,
) -> None:
    """Draw users, items and two years of behaviour, and load them in one transaction."""
    if replace and if_empty:
        raise typer.BadParameter("it contradicts --replace: give one of the two.", param_hint="--if-empty")
    settings = Settings.load()
    run = recorded(settings.database_url, Job.DATA_GENERATOR, unless=(DataPresent,))
    with _refusals(content_with_data=if_empty), run, _progress() as report:
        plan = Plan(users, items, interactions, number, end.replace(tzinfo=UTC))
        seeded = seed(
            plan,
            database_url=settings.database_url,
            state_dir=settings.state_dir,
            replace=replace,
            report=report,
            pseudonyms=Pseudonyms.of(settings),
        )
    _print(seeded)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed and task.total and task.total > 1 else "", style="progress.data.speed")


@contextmanager
def _progress() -> Iterator[Report]:
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn())
    progress = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, TaskID] = {}

    def report(step: str, done: int, total: int) -> None:
        progress.start()
        if step not in tasks:
            tasks[step] = progress.add_task(step, total=total)
        progress.update(tasks[step], completed=done)

    try:
        yield report
    finally:
        progress.stop()


@contextmanager
def _refusals(*, content_with_data: bool = False) -> Iterator[None]:
    """One sentence on stderr and exit code 2 instead of a traceback."""
    try:
        yield
    except DataPresent as present:
        if not content_with_data:
            _stop(present.detail)
        Console(stderr=True).print("There is data already; it stays as it is.")
        raise typer.Exit from None
    except RecstackError as error:
        _stop(error.detail)
    except psycopg.Error as error:
        _stop(f"PostgreSQL ended the load, nothing was changed: {str(error).strip().splitlines()[0]}")


def _stop(reason: str) -> None:
    Console(stderr=True, soft_wrap=True).print(reason, style="red", highlight=False, markup=False)
    raise typer.Exit(UNUSABLE) from None


def _print(seeded: Seeded) -> None:
    found, kinds = seeded.realism, seeded.realism.type_shares
    steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in seeded.seconds.items())
    figures = {
        "interactions": f"{found.interactions:,}",
        "on the top 1 % of items": f"{found.top_items_share:.1%}",
        "items without any": f"{found.untouched_share:.1%}",
        "Zipf exponent": f"{found.zipf_exponent:.2f}",
        "a user has": f"{found.fewest:,} to {found.most:,}, median {found.median:,.0f}",
        "of these": ", ".join(f"{kind} {share:.1%}" for kind, share in kinds.items()),
        "mean rating": f"{found.mean_rating:.2f}",
        "weekend : working day": f"{found.weekend_uplift:.2f}",
        "evening : night": f"{found.evening_uplift:.2f}",
        "true tastes": str(seeded.truth),
    }
    table = Table(title=f"Seeded in {sum(seeded.seconds.values()):.1f} s ({steps})", show_header=False)
    for name, figure in figures.items():
        table.add_row(name, figure)
    Console(soft_wrap=False).print(table)
