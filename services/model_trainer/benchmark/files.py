"""Interactions and pairs from a CSV, TSV or Parquet file with a header; ids are opaque text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from recsys.errors import DataRefused

IDS = ("user_id", "item_id")
NUMBERS = ("value", "timestamp")
DELIMITERS = {".csv": ",", ".tsv": "\t"}
PARQUET = ".parquet"


@dataclass(frozen=True, slots=True)
class Interactions:
    """The rows of a file in its order, (n,) each."""

    users: NDArray[np.str_]
    items: NDArray[np.str_]
    values: NDArray[np.float64] | None
    """None without such a column."""
    at: NDArray[np.float64] | None
    """Unix seconds; None without such a column."""

    def __len__(self) -> int:
        return len(self.users)


def read_interactions(path: Path) -> Interactions:
    """Read `user_id,item_id[,value][,timestamp]`; further columns are left alone.

    Raises:
        DataRefused: no such file, another kind of file, a column or an id is missing, a number is none or not
            finite, or there are no rows
    """
    table = _read(path)
    _need(table, IDS, path)
    if not table.num_rows:
        raise DataRefused(f"{path.name} has no rows.")
    users, items = (_ids(table, name, path) for name in IDS)
    values, at = (_numbers(table, name, path) if name in table.column_names else None for name in NUMBERS)
    return Interactions(users, items, values, at)


def read_pairs(path: Path) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """The users and items of candidates `user_id,item_id`, (n,) each. Raises `DataRefused` as `read_interactions`."""
    read = read_interactions(path)
    return read.users, read.items


def read_items(path: Path) -> dict[str, str]:
    """Each item's text: all columns but `item_id`, joined by blanks. Raises `DataRefused` as `read_interactions`."""
    table = _read(path)
    _need(table, ("item_id",), path)
    columns = [table[name].cast(pa.string()).to_pylist() for name in table.column_names if name != "item_id"]
    texts = [" ".join(cell or "" for cell in row) for row in zip(*columns, strict=True)]
    ids = _ids(table, "item_id", path).tolist()
    return dict(zip(ids, texts or [""] * len(ids), strict=True))


def _read(path: Path) -> pa.Table:
    kind = path.suffix.lower()
    if kind != PARQUET and kind not in DELIMITERS:
        raise DataRefused(f"{path.name} is not a .csv, .tsv or .parquet file.")
    if not path.is_file():
        raise DataRefused(f"There is no file {path.name}.")
    try:
        return parquet.read_table(path) if kind == PARQUET else _read_text(path, DELIMITERS[kind])
    except (pa.ArrowInvalid, OSError) as error:
        raise DataRefused(f"{path.name} cannot be read: {str(error).splitlines()[0]}.") from None


def _read_text(path: Path, delimiter: str) -> pa.Table:
    types = {**dict.fromkeys(IDS, pa.string()), **dict.fromkeys(NUMBERS, pa.float64())}
    return csv.read_csv(
        path,
        parse_options=csv.ParseOptions(delimiter=delimiter),
        convert_options=csv.ConvertOptions(column_types=types),
    )


def _need(table: pa.Table, names: Sequence[str], path: Path) -> None:
    absent = [name for name in names if name not in table.column_names]
    if absent:
        found = ", ".join(table.column_names)
        raise DataRefused(f"{path.name} has no column {' and no '.join(absent)}; its header is: {found}.")


def _ids(table: pa.Table, name: str, path: Path) -> NDArray[np.str_]:
    column = table[name].cast(pa.string())
    texts = column.to_numpy()
    if column.null_count or not all(texts):
        raise DataRefused(f"{path.name} has rows without {name}.")
    result: NDArray[np.str_] = texts.astype(np.str_)
    return result


def _numbers(table: pa.Table, name: str, path: Path) -> NDArray[np.float64]:
    try:
        numbers: NDArray[np.float64] = table[name].cast(pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataRefused(f"{path.name} has a {name} that is not a number.") from None
    if not np.isfinite(numbers).all():
        raise DataRefused(f"{path.name} has a {name} that is missing or not finite.")
    return numbers
