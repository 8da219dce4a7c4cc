from __future__ import annotations

from pathlib import Path

import pytest

from data_generator.importers.mapping import read_map, resolve
from data_generator.importers.tabular import TextTable
from recsys.errors import DataRefused


def _table(kind: str, *columns: str) -> TextTable:
    return TextTable(Path(f"{kind}.csv"), columns, ",")


EVENTS = _table("events", "uid", "item_id", "when", "item_id_2")
GOODS = _table("goods", "item_id", "name", "uid")


def test_columns_of_the_same_name_need_no_flag() -> None:
    mapped = resolve({"interactions": _table("e", "item_id", "user_id", "value")}, [])["interactions"]
    assert mapped.positions == {"user_id": 1, "item_id": 0, "value": 2}
    assert mapped.cell(["i", "u", "4"], "user_id") == "u"
    assert mapped.cell(["i", "u", "4"], "timestamp") is None


def test_a_flag_without_a_file_speaks_of_every_file_that_knows_field_and_column() -> None:
    people = _table("people", "uid", "age")
    mapped = resolve({"interactions": EVENTS, "users": people, "items": GOODS}, read_map(["user_id=uid"]))
    assert mapped["interactions"].positions["user_id"] == 0
    assert mapped["users"].positions["user_id"] == 0
    assert "user_id" not in mapped["items"].positions


def test_a_flag_with_a_file_wins_over_one_without() -> None:
    entries = read_map(["interactions.item_id=item_id_2", "item_id=item_id", "user_id=uid", "items.title=name"])
    mapped = resolve({"interactions": EVENTS, "items": GOODS}, entries)
    assert mapped["interactions"].positions["item_id"] == 3
    assert mapped["items"].positions == {"item_id": 0, "title": 1}
    assert mapped["interactions"].explicit == {"item_id", "user_id"}


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("user_id", "is not FIELD=COLUMN"),
        ("user_id=", "is not FIELD=COLUMN"),
        ("people.user_id=a", "is not FIELD=COLUMN"),
        ("name=a", "there is no field 'name'; the fields are user_id"),
        ("items.age=a", "there is no field 'age'; the fields are item_id"),
    ],
)
def test_a_flag_that_says_nothing_is_refused(option: str, sentence: str) -> None:
    with pytest.raises(DataRefused, match=sentence):
        read_map([option])


def test_a_field_is_named_once() -> None:
    with pytest.raises(DataRefused, match=r"--map names items.title twice"):
        read_map(["items.title=a", "items.title=b"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "no column 'user_id' .*uid, item_id.*--map interactions.user_id=COLUMN names it"),
        (["interactions.user_id=nobody"], "no column 'nobody' .*--map interactions.user_id=COLUMN"),
        (["user_id=nobody"], "no column 'nobody' in events.csv: --map user_id=COLUMN"),
        (["user_id=uid", "users.age=a"], "add --users FILE"),
        (["user_id=uid", "age=a"], "no column 'a' in any given file"),
    ],
)
def test_a_missing_column_is_refused_with_the_flag_that_mends_it(options: list[str], sentence: str) -> None:
    with pytest.raises(DataRefused, match=sentence):
        resolve({"interactions": EVENTS}, read_map(options))


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(DataRefused, match="has the column 'user_id' twice"):
        resolve({"interactions": _table("e", "user_id", "user_id", "item_id")}, [])
