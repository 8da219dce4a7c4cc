from __future__ import annotations

import csv
from pathlib import Path

from data_generator.importers.rejects import rejects_file


def test_rows_are_written_with_file_number_reason_and_content(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with rejects_file(path) as rejects:
        rejects("a.csv", 3, "value is empty", ["u", None, 'x "y"'])
        rejects("a.csv", 9, "value is empty", ["caf\udce9"])
        rejects("b.csv", 1, "item_id is empty")
    assert list(csv.reader(path.read_text(encoding="utf-8").splitlines())) == [
        ["file", "row", "reason", "content"],
        ["a.csv", "3", "value is empty", 'u\t\tx "y"'],
        ["a.csv", "9", "value is empty", "caf\\udce9"],
        ["b.csv", "1", "item_id is empty", ""],
    ]
    assert rejects.reasons == {("a.csv", "value is empty"): 2, ("b.csv", "item_id is empty"): 1}
    assert rejects.count("a.csv") == 2


def test_no_reject_leaves_no_file(tmp_path: Path) -> None:
    with rejects_file(tmp_path / "rejects.csv"):
        pass
    assert list(tmp_path.iterdir()) == []
