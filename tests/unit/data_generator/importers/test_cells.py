from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest

from data_generator.importers import cells
from data_generator.importers.cells import BadRow
from recsys.domain import Gender

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("cell", "word"), [(" a b ", "a b"), (7, "7"), (7.0, "7"), ("", None), (None, None)])
def test_ids_are_text_as_the_source_writes_it(cell: object, word: str | None) -> None:
    assert cells.text(cell, "user_id", longest=200) == word


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "user_id is empty"),
        ("  ", "user_id is empty"),
        (math.nan, "user_id is empty"),
        ("x" * 201, "user_id is longer than 200 characters"),
        ("a\0b", "user_id holds a NUL character"),
        (b"caf\xe9".decode(errors="surrogateescape"), "user_id is not valid UTF-8"),
    ],
)
def test_an_id_that_cannot_be_kept_is_refused(cell: object, reason: str) -> None:
    with pytest.raises(BadRow, match=f"^{reason}$"):
        cells.required_id(cell, "user_id")


@pytest.mark.parametrize("cell", ["four", "nan", math.nan, "inf", "-inf", "1,5", True, "0x10", [1]], ids=repr)
def test_what_is_no_finite_number_is_refused(cell: object) -> None:
    with pytest.raises(BadRow, match=r"^value is not a number$"):
        cells.number(cell, "value")


@pytest.mark.parametrize(("cell", "number"), [("4", 4.0), (" 4.5 ", 4.5), (3, 3.0), ("", None), (None, None)])
def test_numbers_are_read_from_text_and_from_typed_cells(cell: object, number: float | None) -> None:
    assert cells.number(cell, "value", lowest=0.5, highest=5) == number


@pytest.mark.parametrize("cell", ["0.4", "5.1", "-1", 0])
def test_a_number_outside_its_bounds_is_refused(cell: object) -> None:
    with pytest.raises(BadRow, match=r"^value is outside 0\.5\.\.5$"):
        cells.number(cell, "value", lowest=0.5, highest=5)


SAME_MOMENT = datetime(2016, 12, 4, 5, 19, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "1480828744",
        1480828744,
        1480828744.0,
        "1480828744000",
        "1480828744000000",
        1480828744000000000,
        "2016-12-04T05:19:04Z",
        "2016-12-04 05:19:04",
        "2016-12-04T06:19:04+01:00",
        datetime(2016, 12, 4, 5, 19, 4),  # noqa: DTZ001 (a Parquet column without a zone)
        SAME_MOMENT,
    ],
    ids=repr,
)
def test_unix_times_of_any_unit_and_iso_8601_are_the_same_moment(cell: object) -> None:
    assert cells.moment(cell, "timestamp") == SAME_MOMENT


@pytest.mark.parametrize("cell", ["20161204", 20161204, "2016-12-04", date(2016, 12, 4)], ids=repr)
def test_a_day_begins_at_midnight_utc(cell: object) -> None:
    assert cells.moment(cell, "timestamp") == datetime(2016, 12, 4, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["yesterday", "nan", "2016-13-01", "20169901", "1e300", "inf", "04/12/2016"])
def test_what_is_no_time_is_refused(cell: object) -> None:
    with pytest.raises(BadRow, match=r"^timestamp is not a time$"):
        cells.moment(cell, "timestamp")


def test_the_future_begins_five_minutes_from_now() -> None:
    assert cells.past_moment("2026-01-01T00:05:00Z", "timestamp", NOW)
    with pytest.raises(BadRow, match=r"^timestamp lies in the future$"):
        cells.past_moment("2026-01-01T00:05:01Z", "timestamp", NOW)


def test_an_event_before_1970_is_refused() -> None:
    with pytest.raises(BadRow, match=r"^timestamp lies before 1970$"):
        cells.past_moment("-1", "timestamp", NOW)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("Drama|Sci-Fi|Drama", ("Drama", "Sci-Fi")),
        ("a; b", ("a", "b")),
        ("a, b ,", ("a", "b")),
        (["x", None, "y"], ("x", "y")),
        (None, ()),
    ],
)
def test_words_are_split_cleaned_and_kept_once(cell: object, words: tuple[str, ...]) -> None:
    assert cells.words(cell, "tags") == words


def test_too_many_words_are_refused() -> None:
    with pytest.raises(BadRow, match=r"^tags holds more than 50 words$"):
        cells.words("|".join(map(str, range(51))), "tags")


@pytest.mark.parametrize(
    ("cell", "age"), [("13", 13), (120, 120), ("12", None), ("121", None), ("-4", None), ("", None)]
)
def test_an_age_that_no_user_has_is_unknown(cell: object, age: int | None) -> None:
    assert cells.age(cell, "age") == age


def test_genders_are_known_by_letter_and_by_name() -> None:
    assert [cells.gender(word, "gender") for word in ("M", "f", "NonBinary", "")] == [
        Gender.MALE,
        Gender.FEMALE,
        Gender.NONBINARY,
        None,
    ]
    with pytest.raises(BadRow, match=r"^gender is none of female, male"):
        cells.gender("x", "gender")


def test_countries_are_two_letters() -> None:
    assert cells.country("de", "country") == "DE"
    for word in ("Germany", "XX"):
        with pytest.raises(BadRow, match=r"^country is not"):
            cells.country(word, "country")
