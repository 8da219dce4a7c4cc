"""What the benchmark reads, and the sentence for what it cannot."""

from __future__ import annotations

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
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataRefused, match=sentence) as refused:
        read_interactions(_file(tmp_path, text))
    assert "\n" not in refused.value.detail


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


def test_pairs_are_users_and_items(tmp_path: Path) -> None:
    users, items = read_pairs(_file(tmp_path, "user_id,item_id\n1,2\n"))
    assert (users.tolist(), items.tolist()) == (["1"], ["2"])
