from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from data_generator.importers.rejects import ignore
from data_generator.importers.tabular import TextTable, open_table
from recsys.errors import DataRefused

Rejections = list[tuple[int, str]]


def _rows(path: Path, delimiter: str | None = None) -> tuple[list[tuple[int, list[object]]], Rejections]:
    rejected: Rejections = []
    table = open_table(path, flag="--interactions", delimiter=delimiter)
    rows = table.rows(lambda _file, row, reason, _content=(): rejected.append((row, reason)))
    return [(row, list(values)) for row, values in rows], rejected


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_the_delimiter_is_seen_in_the_header(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "t.txt"
    path.write_text(f"user{mark}item\n1{mark}2\n")
    assert open_table(path, flag="--interactions").columns == ("user", "item")
    assert _rows(path) == ([(2, ["1", "2"])], [])


def test_quotes_blank_lines_line_ends_and_the_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"user", item\r\n\r\n"a, b","two\r\nlines"\r\n')
    assert open_table(path, flag="--items").columns == ("user", "item")
    assert _rows(path) == ([(4, ["a, b", "two\r\nlines"])], [])


def test_rows_of_another_width_are_rejected_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n1\n1,2,3\n5,6\n")
    rows, rejected = _rows(path)
    assert rows == [(2, ["1", "2"]), (5, ["5", "6"])]
    assert rejected == [(3, "the row has not 2 columns"), (4, "the row has not 2 columns")]


def test_a_cell_without_end_costs_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1," + "x" * 200_000 + "\n3,4\n")
    rows, rejected = _rows(path)
    assert rows == [(3, ["3", "4"])]
    assert [row for row, _ in rejected] == [2]
    assert rejected[0][1].startswith("not a row: ")


def test_bytes_that_are_not_utf_8_do_not_stop_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\ncaf\xe9,1\nx,2\n")
    rows, _ = _rows(path)
    assert rows[0][1] == ["caf\udce9", "1"]
    assert rows[1] == (3, ["x", "2"])


def test_parquet_gives_python_values_and_counts_rows_over_its_pieces(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    at = datetime(2020, 1, 1, tzinfo=UTC)
    table = pa.table(
        {
            "user": pa.array([1, 2, 3]),
            "tags": pa.array([["a"], None, []]),
            "at": pa.array([1_577_836_800_000_000_001] * 3, pa.timestamp("ns", "UTC")),
        }
    )
    parquet.write_table(table, path, row_group_size=2)
    assert _rows(path)[0] == [(1, [1, ["a"], at]), (2, [2, None, at]), (3, [3, [], at])]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is not a file: --items takes"),
        (b"", "is empty: its first line must name the columns"),
        (b"\n\na,b\n", "is empty"),
        (b"PAR1 and nothing else", "is not readable as Parquet"),
    ],
)
def test_a_file_that_cannot_be_a_table_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "t"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataRefused, match=sentence):
        open_table(path, flag="--items")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="is not a file"):
        open_table(tmp_path, flag="--items")


def test_without_a_header_the_first_line_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "u.data"
    path.write_bytes(b'1\t"2\n')
    table = TextTable(path, ("a", "b"), "\t", has_header=False, quoted=False)
    assert list(table.rows(ignore)) == [(1, ["1", '"2'])]
