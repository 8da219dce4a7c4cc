from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_generator.importers.mapping import read_map, resolve
from data_generator.importers.rejects import ignore
from data_generator.importers.source import Event
from data_generator.importers.table import Reading, TableSource
from data_generator.importers.tabular import open_table
from recsys.domain import EventType, Gender
from recsys.errors import DataRefused

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READING = Reading(now=NOW)


def _source(
    folder: Path, files: Mapping[str, str], reading: Reading = READING, maps: Sequence[str] = ()
) -> TableSource:
    tables = {}
    for kind, content in files.items():
        path = folder / f"{kind}.csv"
        path.write_text(content)
        tables[kind] = open_table(path, flag=f"--{kind}")
    mapped = resolve(tables, read_map(maps))
    return TableSource(mapped["interactions"], mapped.get("items"), mapped.get("users"), reading)


def _read(folder: Path, content: str, reading: Reading = READING) -> tuple[list[Event], list[tuple[int, str]]]:
    rejected: list[tuple[int, str]] = []
    source = _source(folder, {"interactions": content}, reading)
    events = list(source.interactions(lambda _file, row, reason, _content=(): rejected.append((row, reason))))
    return events, rejected


def test_ratings_are_what_a_value_column_means(tmp_path: Path) -> None:
    events, rejected = _read(tmp_path, "user_id,item_id,value,timestamp\nu,i,4.5,100\n")
    at = datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)
    assert events == [Event(2, "interactions-u-i-rating-100", "u", "i", EventType.RATING, 4.5, at)]
    assert rejected == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",i,4,100,", "user_id is empty"),
        ("u,,4,100,", "item_id is empty"),
        ("u,i,four,100,", "value is not a number"),
        ("u,i,nan,100,", "value is not a number"),
        ("u,i,5.5,100,", "value is outside 0.5..5"),
        ("u,i,0,100,", "value is outside 0.5..5"),
        ("u,i,,100,", "value is empty, and a rating needs one"),
        ("u,i,4,100,view", "value stands on a type that has none: only ratings do"),
        ("u,i,4,100,wish", "type is none of view, click, like, dislike, cart, purchase, rating"),
        ("u,i,4,,", "timestamp is empty"),
        ("u,i,4,noon,", "timestamp is not a time"),
        ("u,i,4,2030-01-01,", "timestamp lies in the future"),
        ("u,i,4,-5,", "timestamp lies before 1970"),
        ("u,i,4,100", "the row has not 5 columns"),
    ],
)
def test_each_kind_of_bad_row_has_its_reason_and_spoils_no_other(tmp_path: Path, row: str, reason: str) -> None:
    reading = replace(READING, default_type=EventType.RATING)
    content = f"user_id,item_id,value,timestamp,type\nu,i,4,100,\n{row}\nu,j,,200,VIEW\n"
    events, rejected = _read(tmp_path, content, reading)
    assert rejected == [(3, reason)]
    assert [(event.item, event.type, event.value) for event in events] == [
        ("i", EventType.RATING, 4.0),
        ("j", EventType.VIEW, None),
    ]


def test_without_a_default_an_empty_type_is_refused(tmp_path: Path) -> None:
    assert _read(tmp_path, "user_id,item_id,type,timestamp\nu,i,,100\n")[1] == [(2, "type is empty")]


@pytest.mark.parametrize(("value", "rating"), [("1", 0.5), ("10", 5.0), ("5.5", 2.75)])
def test_a_scale_is_stretched_over_ours(tmp_path: Path, value: str, rating: float) -> None:
    content = f"user_id,item_id,value,timestamp\nu,i,{value},100\nu,i,11,100\n"
    events, rejected = _read(tmp_path, content, replace(READING, scale=(1.0, 10.0)))
    assert [event.value for event in events] == [rating]
    assert rejected == [(3, "value is outside 1..10")]


def test_the_words_of_the_source_stand_for_our_types(tmp_path: Path) -> None:
    reading = replace(READING, event_words={"addtocart": EventType.CART})
    events, _ = _read(tmp_path, "user_id,item_id,type,timestamp\nu,i,AddToCart,100\nu,i,view,100\n", reading)
    assert [event.type for event in events] == [EventType.CART, EventType.VIEW]


def test_a_value_that_nobody_asked_for_is_not_read_for_views(tmp_path: Path) -> None:
    reading = replace(READING, default_type=EventType.VIEW)
    events, rejected = _read(tmp_path, "user_id,item_id,value,timestamp\nu,i,many,100\n", reading)
    assert [(event.type, event.value) for event in events] == [(EventType.VIEW, None)]
    assert rejected == []


def test_one_time_serves_rows_that_have_none(tmp_path: Path) -> None:
    reading = replace(READING, default_at=datetime(2020, 1, 1, tzinfo=UTC))
    events, _ = _read(tmp_path, "user_id,item_id,value\nu,i,4\n", reading)
    assert events[0].at == datetime(2020, 1, 1, tzinfo=UTC)


def test_event_ids_of_the_source_are_kept(tmp_path: Path) -> None:
    content = "user_id,item_id,value,timestamp,event_id\nu,i,4,100,e1\nu,i,4,100,\nu,i,4,100," + "e" * 129 + "\n"
    events, rejected = _read(tmp_path, content)
    assert [event.event_id for event in events] == ["e1", "interactions-u-i-rating-100"]
    assert rejected == [(4, "event_id is longer than 128 characters")]


def test_made_event_ids_are_never_shared_by_different_events(tmp_path: Path) -> None:
    content = "user_id,item_id,value,timestamp\na-b,c,4,100\na,b-c,4,100\n" + "u" * 200 + ",i,4,100\n"
    names = [event.event_id for event in _read(tmp_path, content)[0]]
    assert len(set(names)) == 3
    assert all(len(name) <= 128 for name in names)
    assert names == [event.event_id for event in _read(tmp_path, content)[0]]


@pytest.mark.parametrize(
    ("header", "reading", "maps", "sentence"),
    [
        ("user_id,item_id,timestamp", READING, (), "neither a type nor a value column.*--type"),
        ("user_id,item_id,timestamp", Reading(NOW, EventType.RATING), (), "--map interactions.value=COLUMN"),
        ("user_id,item_id,timestamp,v", Reading(NOW, EventType.VIEW), ("value=v",), "only ratings have one"),
        ("user_id,item_id,value", READING, (), "no column 'timestamp'.*--at TIME"),
        ("user_id,item_id,value,timestamp", Reading(NOW, scale=(5, 1)), (), "--scale takes the lowest"),
    ],
)
def test_what_files_and_flags_leave_unsaid_is_refused(
    tmp_path: Path, header: str, reading: Reading, maps: Sequence[str], sentence: str
) -> None:
    with pytest.raises(DataRefused, match=sentence):
        _source(tmp_path, {"interactions": f"{header}\n"}, reading, maps)


def test_items_are_read_with_all_that_is_said_of_them(tmp_path: Path) -> None:
    items = (
        "item_id,title,description,genres,tags,brand,price,quality,published_at,available_from,available_until\n"
        'i,A lamp,"Warm light",Home|Light,"cosy,light",Acme,12.5,4,1995,2020-01-01,2021-01-01\n'
    ).replace("1995", "1995-05-01")
    source = _source(tmp_path, {"interactions": "user_id,item_id,value,timestamp\n", "items": items})
    [(row, item)] = source.items(ignore)
    assert row == 2
    assert (item.external_id, item.title, item.description) == ("i", "A lamp", "Warm light")
    assert (item.category, item.tags, item.brand) == ("Home", ("Home", "Light", "cosy", "light"), "Acme")
    assert (item.price, item.quality, item.published_at) == (12.5, 4.0, datetime(1995, 5, 1, tzinfo=UTC))
    assert item.available_until == datetime(2021, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",t,c,1,,", "item_id is empty"),
        ("i,t,c,cheap,,", "price is not a number"),
        ("i,t,c,-1,,", "price is outside 0..1e+10"),
        ("i,t,c,1,2021-01-01,2020-01-01", "available_from is not before available_until"),
        (f"i,{'t' * 501},c,1,,", "title is longer than 500 characters"),
        (f"i,t,{'c' * 101},1,,", "category is longer than 100 characters"),
    ],
)
def test_bad_items_have_their_reason(tmp_path: Path, row: str, reason: str) -> None:
    header = "item_id,title,category,price,available_from,available_until"
    source = _source(
        tmp_path, {"interactions": "user_id,item_id,value,timestamp\n", "items": f"{header}\n{row}\nj,,,,,\n"}
    )
    rejected: list[str] = []
    items = list(source.items(lambda _file, _row, why, _content=(): rejected.append(why)))
    assert rejected == [reason]
    assert [item.title for _, item in items] == ["j"]


def test_users_are_read_with_their_demographics(tmp_path: Path) -> None:
    users = "user_id,age,gender,country,signed_up_at\nu,34,F,de,2020-01-01\nv,7,,,\nw,1,2,,\nx,1,,,2030-01-01\n"
    source = _source(tmp_path, {"interactions": "user_id,item_id,value,timestamp\n", "users": users})
    rejected: list[tuple[int, str]] = []
    (_, first), (_, second) = source.users(lambda _file, row, why, _content=(): rejected.append((row, why)))
    assert (first.external_id, first.age, first.gender, first.country) == ("u", 34, Gender.FEMALE, "DE")
    assert (second.age, second.gender, second.signed_up_at) == (None, None, None)
    assert [row for row, _ in rejected] == [4, 5]
