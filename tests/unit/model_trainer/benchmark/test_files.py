"""What the benchmark reads, and the sentence for what it cannot."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from model_trainer.benchmark.files import read_interactions, read_items, read_pairs
from recsys.errors import DataRefused


def _file(folder: Path, text: str, name: str = "train.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_ids_stay_text_and_rows_stay_in_order(tmp_path: Path) -> None:
    read = read_interactions(_file(tmp_path, "user_id,item_id,value\n007,b,1\n7,a,-2\n007,b,1\n"))
    assert read.users.tolist() == ["007", "7", "007"]
    assert read.items.tolist() == ["b", "a", "b"]
    assert read.values is not None
    assert read.values.tolist() == [1, -2, 1]
    assert read.at is None


def test_tsv_and_parquet_say_the_same(tmp_path: Path) -> None:
    tsv = read_interactions(_file(tmp_path, "user_id\titem_id\ttimestamp\n1\t2\t30\n", "train.tsv"))
    table = pa.table({"user_id": [1], "item_id": [2], "timestamp": [30]})
    parquet.write_table(table, tmp_path / "train.parquet")
    other = read_interactions(tmp_path / "train.parquet")
    assert tsv.users.tolist() == other.users.tolist() == ["1"]
    assert tsv.items.tolist() == other.items.tolist() == ["2"]
    assert tsv.at is not None
    assert other.at is not None
    assert np.array_equal(tsv.at, other.at)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read"),
        ("user_id,item_id\n", "has no rows"),
        ("user,item_id\n1,2\n", "no column user_id; its header is: user, item_id"),
        ("user_id,item_id,value\n1,2,NaN\n", "value that is missing or not finite"),
        ("user_id,item_id,value\n1,2,inf\n", "value that is missing or not finite"),
        ("user_id,item_id,value\n1,2,many\n", "cannot be read"),
        ("user_id,item_id\n1,\n", "rows without item_id"),
        ("user_id,item_id\n1,2,3\n", "cannot be read"),
        ("user_id,item_id,item_id\n1,2,3\n", "more than one column item_id"),
        ("item_id;user_id\n1;2\n", "no column user_id and no item_id; its header is: item_id;user_id"),
        ('user_id,item_id\n1,"2\n3,4\n', "item_id with a line end in it: is a quote not closed"),
        ("user_id,item_id,value\n1,2,1\n1,3,\n", "value that is missing or not finite, first in row 2"),
        ("user_id,item_id,value\n1,2,-1e10\n", "value beyond 1,000,000,000"),
        ("user_id,item_id,timestamp\n1,2,7\n1,3,\n", "timestamp that is missing or not finite, first in row 2"),
        ("user_id,item_id,timestamp\n1,2,\n", "timestamp that is missing or not finite, first in row 1"),
        ("user_id,item_id,timestamp\n1,2,2020-01-01\n1,3,\n", "timestamp that is missing or not finite"),
        ("user_id,item_id,timestamp\n1,2,1/2/2020\n", "neither a number nor a time in ISO 8601"),
        ("user_id,item_id,timestamp\n1,2,12:00:00\n", "timestamp that is no point in time"),
        (f"user_id,item_id\n{'u' * 257},1\n", "user_id of more than 256 characters"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataRefused, match=sentence) as refused:
        read_interactions(_file(tmp_path, text))
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize(
    ("text", "users", "items"),
    [
        ("\ufeffuser_id,item_id\n1,2\n", ["1"], ["2"]),
        ("user_id,item_id\r\n1,2\r\n3,4\r\n", ["1", "3"], ["2", "4"]),
        ("user_id,item_id\n1,2", ["1"], ["2"]),
        ("user_id,item_id\n\n1,2\n\n", ["1"], ["2"]),
        ('user_id,"item_id"\n"a,b","c ""d"""\n', ["a,b"], ['c "d"']),
        ("user_id,item_id\n a,a \n", [" a"], ["a "]),
        ("user_id,item_id\né,☃\n", ["é"], ["☃"]),
        ("user_id,item_id\n007,1.0\n7,1\n", ["007", "7"], ["1.0", "1"]),
        ("user_id,item_id\n99999999999999999999999999,1e3\n", ["9" * 26], ["1e3"]),
        ("user_id,item_id\nNA,null\n", ["NA"], ["null"]),
        ("item_id,more,user_id\n1,x,2\n", ["2"], ["1"]),
    ],
)
def test_ids_are_opaque_text(tmp_path: Path, text: str, users: list[str], items: list[str]) -> None:
    read = read_interactions(_file(tmp_path, text))
    assert (read.users.tolist(), read.items.tolist()) == (users, items)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1262304000", 1262304000),
        ("-5", -5),
        ("0.25", 0.25),
        ("1262304000123", 1262304000.123),
        ("1262304000123456", 1262304000.123456),
        ("1262304000000000001", 1262304000),
        ("2010-01-01", 1262304000),
        ("2010-01-01T00:00:00", 1262304000),
        ("2010-01-01 00:00:00.5", 1262304000.5),
        ("2010-01-01T02:00:00+02:00", 1262304000),
        ("2010-01-01T00:00:00.123456Z", 1262304000.123456),
    ],
)
def test_times_are_seconds_whatever_they_are_written_in(tmp_path: Path, text: str, seconds: float) -> None:
    read = read_interactions(_file(tmp_path, f"user_id,item_id,timestamp\n1,2,{text}\n"))
    assert read.at is not None
    assert read.at.tolist() == pytest.approx([seconds], abs=1e-5, rel=0)
    parquet.write_table(pa.table({"user_id": [1], "item_id": [2], "timestamp": [text]}), tmp_path / "text.parquet")
    told = read_interactions(tmp_path / "text.parquet").at
    assert told is not None
    assert told.tolist() == read.at.tolist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_parquet_come_in_any_unit(tmp_path: Path, unit: str) -> None:
    moments = pa.array([datetime(2010, 1, 1, tzinfo=UTC)], pa.timestamp(unit, "UTC"))
    parquet.write_table(pa.table({"user_id": [1], "item_id": [2], "timestamp": moments}), tmp_path / "t.parquet")
    read = read_interactions(tmp_path / "t.parquet").at
    assert read is not None
    assert read.tolist() == [1262304000]


def test_ids_of_parquet_are_numbers_texts_or_categories_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "ids.parquet"
    for ids in (pa.array([7]), pa.array(["7"], pa.large_string()), pa.array(["7"]).dictionary_encode()):
        parquet.write_table(pa.table({"user_id": ids, "item_id": ids}), path)
        assert read_interactions(path).users.tolist() == ["7"]
    parquet.write_table(pa.table({"user_id": [[7]], "item_id": [7]}), path)
    with pytest.raises(DataRefused, match=r"user_id of a kind that is no id: list"):
        read_interactions(path)
    parquet.write_table(pa.table({"user_id": [None, "7"], "item_id": ["1", "2"]}), path)
    with pytest.raises(DataRefused, match="rows without user_id"):
        read_interactions(path)


def test_a_missing_file_and_another_kind_of_file(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match=r"There is no file absent\.csv"):
        read_interactions(tmp_path / "absent.csv")
    with pytest.raises(DataRefused, match=r"not a \.csv, \.tsv or \.parquet file"):
        read_interactions(_file(tmp_path, "x", "train.txt"))


def test_a_parquet_file_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="cannot be read"):
        read_interactions(_file(tmp_path, "not parquet", "train.parquet"))
    table = pa.table({"user_id": [1], "item_id": [2], "value": ["much"]})
    parquet.write_table(table, tmp_path / "words.parquet")
    with pytest.raises(DataRefused, match="value that is not a number"):
        read_interactions(tmp_path / "words.parquet")


def test_an_items_text_is_all_its_columns(tmp_path: Path) -> None:
    path = _file(tmp_path, "item_id,title,tags\n01,Red shoe,run\n02,,\n", "items.csv")
    assert read_items(path) == {"01": "Red shoe run", "02": " "}
    assert read_items(_file(tmp_path, "item_id\n01\n", "bare.csv")) == {"01": ""}


def test_texts_keep_zeros_line_ends_and_lists(tmp_path: Path) -> None:
    path = _file(tmp_path, 'item_id,code,text\n1,007,"two\nlines"\n1,008,later\n2,,null\n', "items.csv")
    assert read_items(path) == {"1": "008 later", "2": " null"}
    table = pa.table({"item_id": [1, 2], "tags": [["red", "shoe"], None], "year": [1999, None]})
    parquet.write_table(table, tmp_path / "items.parquet")
    assert read_items(tmp_path / "items.parquet") == {"1": "red shoe 1999", "2": " "}
    with pytest.raises(DataRefused, match="no column item_id; its header is: id"):
        read_items(_file(tmp_path, "id\n1\n", "wrong.csv"))
    with pytest.raises(DataRefused, match=r"nothing\.csv has no rows"):
        read_items(_file(tmp_path, "item_id,title\n", "nothing.csv"))


def test_pairs_are_users_and_items(tmp_path: Path) -> None:
    users, items = read_pairs(_file(tmp_path, "user_id,item_id\n1,2\n"))
    assert (users.tolist(), items.tolist()) == (["1"], ["2"])
