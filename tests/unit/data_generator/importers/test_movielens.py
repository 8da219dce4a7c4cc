from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_generator.importers.movielens import open_movielens
from data_generator.importers.rejects import ignore
from data_generator.importers.source import Event
from recsys.domain import EventType, Gender
from recsys.errors import DataRefused

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder_100k(tmp_path: Path) -> Path:
    (tmp_path / "u.data").write_text("7\t1\t4\t881250949\n7\t9\t6\t881250949\n8\t1\t\t881250949\n")
    (tmp_path / "u.genre").write_text("unknown|0\nAction|1\nFilm-Noir|2\n\n")
    (tmp_path / "u.item").write_bytes(
        "1|Cité, La (1995)|01-Jan-1995||http://x|0|1|1\n2|unknown||||1|0|0\n3|Short|||http://x|0|1\n".encode("latin-1")
    )
    (tmp_path / "u.user").write_text("7|24|M|technician|85711\n8|7|F|none|T8H1N\n9|old|M|none|1\n")
    return tmp_path


@pytest.fixture
def folder_csv(tmp_path: Path) -> Path:
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n7,1,2.5,1260759144\n")
    (tmp_path / "movies.csv").write_text(
        'movieId,title,genres\n1,"Cité, La (1995)",Drama|Sci-Fi\n2,Untold,(no genres listed)\n', encoding="utf-8"
    )
    (tmp_path / "tags.csv").write_text("userId,movieId,tag,timestamp\n")
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n")
    return tmp_path


def test_the_100k_folder(folder_100k: Path) -> None:
    source = open_movielens(folder_100k, now=NOW)
    items = [item for _, item in source.items(ignore)]
    assert [(item.external_id, item.title, item.category, item.tags) for item in items] == [
        ("1", "Cité, La (1995)", "Action", ("Action", "Film-Noir")),
        ("2", "unknown", None, ()),
    ]
    assert [item.published_at for item in items] == [datetime(1995, 1, 1, tzinfo=UTC), None]
    users = [user for _, user in source.users(ignore)]
    assert [(user.external_id, user.age, user.gender) for user in users] == [
        ("7", 24, Gender.MALE),
        ("8", None, Gender.FEMALE),
    ]
    at = datetime.fromtimestamp(881250949, UTC)
    assert list(source.interactions(ignore)) == [
        Event(1, "movielens-7-1-881250949", "7", "1", EventType.RATING, 4.0, at)
    ]


def test_bad_rows_of_the_100k_folder_have_their_reasons(folder_100k: Path) -> None:
    source = open_movielens(folder_100k, now=NOW)
    rejected: list[tuple[str, int, str]] = []
    for rows in (source.users, source.items, source.interactions):
        list(rows(lambda file, row, reason, _content=(): rejected.append((file, row, reason))))
    assert rejected == [
        ("u.user", 3, "age is not a number"),
        ("u.item", 3, "the row has not 8 columns"),
        ("u.data", 2, "rating is outside 0.5..5"),
        ("u.data", 3, "rating is empty"),
    ]


def test_the_csv_release(folder_csv: Path) -> None:
    source = open_movielens(folder_csv, now=NOW)
    assert [(item.title, item.category, item.tags) for _, item in source.items(ignore)] == [
        ("Cité, La (1995)", "Drama", ("Drama", "Sci-Fi")),
        ("Untold", None, ()),
    ]
    assert list(source.users(ignore)) == []
    [event] = source.interactions(ignore)
    assert (event.event_id, event.value) == ("movielens-7-1-1260759144", 2.5)


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Seven (1995)", 1995),
        ("Show (2006-2007)", 2006),
        ("Show (2006\u2013)", 2006),
        ("2001", None),
        ("X (0000)", None),
    ],
)
def test_the_year_stands_at_the_end_of_the_title(folder_csv: Path, title: str, year: int | None) -> None:
    (folder_csv / "movies.csv").write_text(f"movieId,title,genres\n1,{title},Drama\n", encoding="utf-8")
    [(_, item)] = open_movielens(folder_csv, now=NOW).items(ignore)
    assert (item.published_at and item.published_at.year) == year


@pytest.mark.parametrize("missing", ["u.item", "u.user", "u.genre"])
def test_a_100k_folder_that_lacks_a_file_is_refused(folder_100k: Path, missing: str) -> None:
    (folder_100k / missing).unlink()
    with pytest.raises(DataRefused, match=f"lacks {missing}"):
        open_movielens(folder_100k, now=NOW)


def test_a_release_without_movies_is_refused(folder_csv: Path) -> None:
    (folder_csv / "movies.csv").unlink()
    with pytest.raises(DataRefused, match=r"lacks movies\.csv"):
        open_movielens(folder_csv, now=NOW)


def test_another_header_is_refused_with_the_command_for_it(folder_csv: Path) -> None:
    (folder_csv / "ratings.csv").write_text("user,movie,stars\n1,2,3\n")
    with pytest.raises(DataRefused, match=r"'user,movie,stars'.*use import table with --map"):
        open_movielens(folder_csv, now=NOW)


def test_empty_files_are_refused(folder_100k: Path) -> None:
    (folder_100k / "u.data").write_text("")
    with pytest.raises(DataRefused, match="is empty"):
        open_movielens(folder_100k, now=NOW)


def test_what_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="holds neither"):
        open_movielens(tmp_path, now=NOW)
    with pytest.raises(DataRefused, match="is not a folder"):
        open_movielens(tmp_path / "ratings.csv", now=NOW)
