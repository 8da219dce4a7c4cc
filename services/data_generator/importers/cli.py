"""`python -m data_generator import …`"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from data_generator.importers import cells
from data_generator.importers.cells import BadRow
from data_generator.importers.load import Loaded, load
from data_generator.importers.load import Progress as ProgressReport
from data_generator.importers.mapping import read_map, resolve
from data_generator.importers.movielens import open_movielens
from data_generator.importers.rejects import Rejects, rejects_file
from data_generator.importers.source import Source
from data_generator.importers.table import Reading, TableSource
from data_generator.importers.tabular import open_table
from data_generator.loading import DataPresent
from data_generator.truth import forget_truth
from recsys.adapters.job_runs import Job, recorded
from recsys.domain import EventType
from recsys.errors import DataRefused
from recsys.pseudonyms import Pseudonyms
from recsys.settings import Settings

UNUSABLE = 2
MOST_REASONS = 12

app = typer.Typer(help="Load your own data. Bad rows go to a rejects file, the rest is loaded.", no_args_is_help=True)

Replace = Annotated[bool, typer.Option("--replace", help="Delete the data that is there first.")]
RejectsPath = Annotated[
    Path, typer.Option("--rejects", help="Where rows that cannot be used go, each with its reason.")
]


@app.command()
def movielens(
    path: Annotated[Path, typer.Argument(help="The unpacked folder: ml-100k or a CSV release.")],
    replace: Replace = False,
    rejects: RejectsPath = Path("rejects.csv"),
) -> None:
    """Load MovieLens: the 100k folder (u.data, u.item, …) or a CSV release (ratings.csv, movies.csv)."""
    with _refusals():
        _run(open_movielens(path, now=datetime.now(UTC)), replace=replace, rejects_path=rejects)


@app.command()
def table(
    *,
    interactions: Annotated[Path, typer.Option("--interactions", help="CSV, TSV or Parquet with a header.")],
    items: Annotated[Path | None, typer.Option("--items", help="Titles, categories, texts, …")] = None,
    users: Annotated[Path | None, typer.Option("--users", help="Demographics.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN or FILE.FIELD=COLUMN, for example interactions.user_id=uid. Repeat."),
    ] = None,
    event_type: Annotated[
        EventType | None, typer.Option("--type", help="What a row is where no type column says it.")
    ] = None,
    type_map: Annotated[
        list[str] | None, typer.Option("--type-map", help="WORD=TYPE, for example addtocart=cart. Repeat.")
    ] = None,
    scale: Annotated[
        tuple[float, float] | None,
        typer.Option("--scale", help="Lowest and highest rating of the source, mapped to 0.5..5."),
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Time of the rows that have none (ISO 8601 or unix).")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="Of text files; found by itself.")] = None,
    replace: Replace = False,
    rejects: RejectsPath = Path("rejects.csv"),
) -> None:
    """Load any table of interactions, with tables of items and users where there are any."""
    with _refusals():
        now = datetime.now(UTC)
        paths = {"interactions": interactions, "items": items, "users": users}
        tables = {
            kind: open_table(path, flag=f"--{kind}", delimiter=_delimiter(delimiter))
            for kind, path in paths.items()
            if path is not None
        }
        mapped = resolve(tables, read_map(mapping or []))
        reading = Reading(now, event_type, scale, _time(at, now), _event_words(type_map or []))
        source = TableSource(mapped["interactions"], mapped.get("items"), mapped.get("users"), reading)
        _run(source, replace=replace, rejects_path=rejects)


def _run(source: Source, *, replace: bool, rejects_path: Path) -> None:
    started = time.perf_counter()
    settings = Settings.load()
    url = settings.database_url
    with recorded(url, Job.DATA_GENERATOR, unless=(DataPresent,)), rejects_file(rejects_path) as rejects:
        try:
            with _progress() as progress:
                names = Pseudonyms.of(settings)
                loaded = load(source, url, replace=replace, reject=rejects, progress=progress, pseudonyms=names)
        except DataRefused:
            _show_reasons(Console(stderr=True), rejects)
            raise
    forget_truth(settings.state_dir)
    _show(Console(), source, loaded, rejects, time.perf_counter() - started)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except DataRefused as refusal:
        typer.echo(refusal.detail, err=True)
        raise typer.Exit(UNUSABLE) from None


@contextmanager
def _progress() -> Iterator[ProgressReport]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda stage, rows: bar.update(task, description=stage, completed=rows)


def _show(console: Console, source: Source, loaded: Loaded, rejects: Rejects, seconds: float) -> None:
    rows = (
        ("users", source.users_file, loaded.users, loaded.users - loaded.listed_users),
        ("items", source.items_file, loaded.items, loaded.items - loaded.listed_items),
        ("interactions", source.interactions_file, loaded.interactions, 0),
    )
    summary = Table(title=f"Loaded in {seconds:.1f} s")
    summary.add_column("")
    summary.add_column("file")
    for heading in ("loaded", "of these known from events only", "rejected rows"):
        summary.add_column(heading, justify="right")
    for name, file, count, unlisted in rows:
        rejected = rejects.count(file) if file else 0
        summary.add_row(name, file or "-", f"{count:,}", f"{unlisted:,}", f"{rejected:,}")
    summary.add_row("categories", "", f"{loaded.categories:,}", "", "")
    console.print(summary)
    _show_reasons(console, rejects)


def _show_reasons(console: Console, rejects: Rejects) -> None:
    if not rejects.reasons:
        return
    reasons = Table(title=f"Rejected rows are in {rejects.path}")
    reasons.add_column("file")
    reasons.add_column("reason")
    reasons.add_column("rows", justify="right")
    for (file, reason), count in rejects.reasons.most_common(MOST_REASONS):
        reasons.add_row(file, reason, f"{count:,}")
    console.print(reasons)


def _delimiter(given: str | None) -> str | None:
    mark = {"\\t": "\t", "tab": "\t"}.get(given or "", given)
    if mark is not None and len(mark) != 1:
        raise DataRefused("--delimiter takes one character, or tab.")
    return mark


def _time(given: str | None, now: datetime) -> datetime | None:
    try:
        return cells.past_moment(given, "--at", now)
    except BadRow as reason:
        raise DataRefused(f"{reason}: it takes ISO 8601 or unix seconds.") from None


def _event_words(options: list[str]) -> dict[str, EventType]:
    words = {}
    for option in options:
        word, _, name = option.rpartition("=")
        if not word or name not in set(EventType):
            raise DataRefused(f"--type-map {option!r} is not WORD=TYPE, where TYPE is one of {', '.join(EventType)}.")
        words[word.strip()] = EventType(name)
    return words
