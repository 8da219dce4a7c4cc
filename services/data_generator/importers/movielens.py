"""MovieLens in both of its forms: the 100k folder (u.data and its sisters, latin-1) and the CSV releases.

Ratings stay as they are: 1..5 in whole and 0.5..5 in half stars mean the same as ours. Of the people only age and
gender are taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data_generator.importers import cells
from data_generator.importers.cells import BadRow
from data_generator.importers.rejects import Reject
from data_generator.importers.source import NO_ID_YET, Event, Source, event_id, parsed
from data_generator.importers.tabular import TextTable, open_table
from recsys.domain import MAX_RATING, MIN_RATING, EventType, Item, User
from recsys.errors import DataRefused

NO_GENRE = frozenset({"unknown", "(no genres listed)"})
YEAR_AT_THE_END = re.compile(r"\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$")
RATING_COLUMNS = ("user_id", "item_id", "rating", "timestamp")
CSV_RATINGS = ("userId", "movieId", "rating", "timestamp")
CSV_MOVIES = ("movieId", "title", "genres")
FIRST_GENRE = 5
"""In u.item: id, title, release date, video release date, address, then a 0 or 1 for each genre."""


def open_movielens(path: Path, *, now: datetime) -> Source:
    """Tell the form of the release in the folder `path`. Raises `DataRefused`."""
    if not path.is_dir():
        raise DataRefused(f"{path} is not a folder: PATH is the unpacked folder of a MovieLens release.")
    if (path / "u.data").is_file():
        return _open_100k(path, now)
    if (path / "ratings.csv").is_file():
        return _open_csv(path, now)
    raise DataRefused(f"{path} holds neither u.data nor ratings.csv: PATH is the unpacked folder of a release.")


@dataclass(frozen=True, slots=True)
class MovieLens:
    ratings: TextTable
    movies: TextTable
    people: TextTable | None
    genres_of: Callable[[Sequence[object]], tuple[str, ...]]
    """From a row of `movies`."""
    now: datetime
    """Ratings from later than this are refused."""

    @property
    def users_file(self) -> str | None:
        return self.people.path.name if self.people else None

    @property
    def items_file(self) -> str | None:
        return self.movies.path.name

    @property
    def interactions_file(self) -> str:
        return self.ratings.path.name

    def users(self, reject: Reject) -> Iterator[tuple[int, User]]:
        if self.people:
            yield from parsed(self.people, reject, _user)

    def items(self, reject: Reject) -> Iterator[tuple[int, Item]]:
        yield from parsed(self.movies, reject, self._item)

    def interactions(self, reject: Reject) -> Iterator[Event]:
        yield from parsed(self.ratings, reject, self._event)

    def _item(self, row: int, values: Sequence[object]) -> tuple[int, Item]:
        external_id = cells.required_id(values[0], "movieId")
        genres = self.genres_of(values)
        title = cells.text(values[1], "title", longest=500) or external_id
        category = genres[0] if genres else None
        return row, Item(
            NO_ID_YET,
            title,
            category=category,
            tags=genres,
            published_at=_published(title),
            external_id=external_id,
        )

    def _event(self, row: int, values: Sequence[object]) -> Event:
        user = cells.required_id(values[0], "userId")
        item = cells.required_id(values[1], "movieId")
        value = cells.number(values[2], "rating", lowest=MIN_RATING, highest=MAX_RATING)
        at = cells.past_moment(values[3], "timestamp", self.now)
        if value is None:
            raise BadRow("rating is empty")
        if at is None:
            raise BadRow("timestamp is empty")
        name = event_id("movielens", user, item, f"{at.timestamp():.0f}")
        return Event(row, name, user, item, EventType.RATING, value, at)


def _open_100k(path: Path, now: datetime) -> MovieLens:
    for name in ("u.item", "u.user", "u.genre"):
        if not (path / name).is_file():
            raise DataRefused(f"{path} lacks {name}: PATH is the whole unpacked ml-100k folder.")
    genres = [str(genre) for _, (genre, _) in _latin(path / "u.genre", ("genre", "number"), "|").rows(_refuse)]
    flags = tuple(f"is {genre}" for genre in genres)

    def genres_of(values: Sequence[object]) -> tuple[str, ...]:
        marked = [genre for genre, flag in zip(genres, values[FIRST_GENRE:], strict=True) if flag == "1"]
        return tuple(genre for genre in marked if genre not in NO_GENRE)

    return MovieLens(
        ratings=_filled(_latin(path / "u.data", RATING_COLUMNS, "\t")),
        movies=_latin(path / "u.item", ("movie_id", "title", "released", "video", "address", *flags), "|"),
        people=_latin(path / "u.user", ("user_id", "age", "gender", "occupation", "zip_code"), "|"),
        genres_of=genres_of,
        now=now,
    )


def _open_csv(path: Path, now: datetime) -> MovieLens:
    if not (path / "movies.csv").is_file():
        raise DataRefused(f"{path} lacks movies.csv: PATH is the whole unpacked folder of the release.")
    return MovieLens(
        ratings=_with_header(path / "ratings.csv", CSV_RATINGS),
        movies=_with_header(path / "movies.csv", CSV_MOVIES),
        people=None,
        genres_of=lambda values: tuple(genre for genre in cells.words(values[2], "genres") if genre not in NO_GENRE),
        now=now,
    )


def _latin(path: Path, columns: tuple[str, ...], delimiter: str) -> TextTable:
    return TextTable(path, columns, delimiter, has_header=False, encoding="latin-1", quoted=False)


def _filled(table: TextTable) -> TextTable:
    if not table.path.stat().st_size:
        raise DataRefused(f"{table.path} is empty.")
    return table


def _with_header(path: Path, expected: tuple[str, ...]) -> TextTable:
    table = open_table(path, flag="import movielens", delimiter=",")
    if not isinstance(table, TextTable) or table.columns != expected:
        raise DataRefused(
            f"{path} begins with {','.join(table.columns)[:200]!r} where {','.join(expected)!r} was expected: "
            "for another layout use import table with --map."
        )
    return table


def _refuse(file: str, row: int, reason: str, content: Sequence[object] = ()) -> None:
    del content
    raise DataRefused(f"{file}, line {row}: {reason}.")


def _user(row: int, values: Sequence[object]) -> tuple[int, User]:
    external_id = cells.required_id(values[0], "userId")
    age, gender = cells.age(values[1], "age"), cells.gender(values[2], "gender")
    return row, User(NO_ID_YET, age=age, gender=gender, external_id=external_id)


def _published(title: str) -> datetime | None:
    year = YEAR_AT_THE_END.search(title)
    return datetime(int(year[1]), 1, 1, tzinfo=UTC) if year and int(year[1]) else None
