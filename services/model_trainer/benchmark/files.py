"""Interactions and pairs from a CSV, TSV or Parquet file with a header; ids are opaque text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv, parquet

from recsys.errors import DataRefused

IDS = ("user_id", "item_id")
DELIMITERS = {".csv": ",", ".tsv": "\t"}
PARQUET = ".parquet"
LONGEST_ID = 256
"""Characters."""
LARGEST_VALUE = 1e9
"""Either side of 0: more would swallow the other rows when weights add up."""
FINER_THAN_SECONDS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From which number on a time is in nano-, micro- or milliseconds, and what to divide it by. As seconds the least of
these numbers is in the year 5138."""
UNREADABLE = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError)


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

    A timestamp is a number, seconds or the finer units that its size tells, or ISO 8601, UTC without an offset.

    Raises:
        DataRefused: no such file, another kind of file, a column or an id is missing, a number is none, not finite or
            too large, or there are no rows
    """
    table = _read(path, dict.fromkeys(IDS, pa.string()) | {"value": pa.float64()})
    _need(table, IDS, path)
    users, items = (_ids(table, name, path) for name in IDS)
    values = _numbers(table, "value", path) if "value" in table.column_names else None
    if values is not None and np.abs(values).max() > LARGEST_VALUE:
        raise DataRefused(f"{path.name} has a value beyond {LARGEST_VALUE:,.0f}.")
    at = _seconds(table, "timestamp", path) if "timestamp" in table.column_names else None
    return Interactions(users, items, values, at)


def read_pairs(path: Path) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """The users and items of candidates `user_id,item_id`, (n,) each. Raises `DataRefused` as `read_interactions`."""
    read = read_interactions(path)
    return read.users, read.items


def read_items(path: Path) -> dict[str, str]:
    """Each item's text: all columns but `item_id`, joined by blanks; of repeated items the last row's.

    Raises `DataRefused` as `read_interactions`.
    """
    table = _read(path, None)
    _need(table, ("item_id",), path)
    ids = _ids(table, "item_id", path).tolist()
    columns = [table[name].to_pylist() for name in table.column_names if name != "item_id"]
    texts = [" ".join(_text(cell) for cell in row) for row in zip(*columns, strict=True)]
    return dict(zip(ids, texts or [""] * len(ids), strict=True))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return " ".join(map(_text, cell)) if isinstance(cell, list) else str(cell)


def _read(path: Path, types: Mapping[str, Any] | None) -> pa.Table:
    """`types` are those of a text file's columns; None: all are text."""
    kind = path.suffix.lower()
    if kind != PARQUET and kind not in DELIMITERS:
        raise DataRefused(f"{path.name} is not a .csv, .tsv or .parquet file.")
    if not path.is_file():
        raise DataRefused(f"There is no file {path.name}.")
    try:
        table = parquet.read_table(path) if kind == PARQUET else _read_text(path, DELIMITERS[kind], types)
    except UNREADABLE as error:
        raise DataRefused(f"{path.name} cannot be read: {str(error).splitlines()[0]}.") from None
    twice = [name for name in table.column_names if table.column_names.count(name) > 1]
    if twice:
        raise DataRefused(f"{path.name} has more than one column {twice[0]}.")
    return table


def _read_text(path: Path, delimiter: str, types: Mapping[str, Any] | None) -> pa.Table:
    """Quoted cells may hold delimiters and line ends."""
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    if types is None:
        with csv.open_csv(path, parse_options=parse) as file:
            types = dict.fromkeys(file.schema.names, pa.string())
    return csv.read_csv(path, parse_options=parse, convert_options=csv.ConvertOptions(column_types=types))


def _need(table: pa.Table, names: Sequence[str], path: Path) -> None:
    absent = [name for name in names if name not in table.column_names]
    if absent:
        found = ", ".join(table.column_names)
        raise DataRefused(f"{path.name} has no column {' and no '.join(absent)}; its header is: {found}.")
    if not table.num_rows:
        raise DataRefused(f"{path.name} has no rows.")


def _ids(table: pa.Table, name: str, path: Path) -> NDArray[np.str_]:
    try:
        column = table[name].cast(pa.string())
    except UNREADABLE:
        raise DataRefused(f"{path.name} has {name} of a kind that is no id: {table[name].type}.") from None
    lengths = pc.utf8_length(column).fill_null(0)
    if column.null_count or not pc.min(lengths).as_py():
        raise DataRefused(f"{path.name} has rows without {name}.")
    if pc.max(lengths).as_py() > LONGEST_ID:
        raise DataRefused(f"{path.name} has a {name} of more than {LONGEST_ID} characters.")
    if pc.any(pc.match_substring_regex(column, r"[\r\n]")).as_py():
        raise DataRefused(f"{path.name} has a {name} with a line end in it: is a quote not closed?")
    result: NDArray[np.str_] = column.to_numpy().astype(np.str_)
    return result


def _numbers(table: pa.Table, name: str, path: Path) -> NDArray[np.float64]:
    try:
        numbers: NDArray[np.float64] = table[name].cast(pa.float64(), safe=False).to_numpy()
    except UNREADABLE:
        raise DataRefused(f"{path.name} has a {name} that is not a number.") from None
    return _finite(numbers, name, path)


def _seconds(table: pa.Table, name: str, path: Path) -> NDArray[np.float64]:
    column = table[name]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _told(column, name, path)
    if not pa.types.is_temporal(column.type):
        numbers = _numbers(pa.table({name: column}), name, path)
        largest = np.abs(numbers).max()
        return numbers / next((divisor for least, divisor in FINER_THAN_SECONDS if largest >= least), 1.0)
    try:
        ticks = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    except UNREADABLE:
        raise DataRefused(f"{path.name} has a {name} that is no point in time but {column.type}.") from None
    return _finite(ticks.cast(pa.float64(), safe=False).to_numpy() / 1e6, name, path)


def _told(column: pa.ChunkedArray, name: str, path: Path) -> pa.ChunkedArray:
    """Text as numbers, or as times with or without an offset."""
    for kind in (pa.float64(), pa.timestamp("us", "UTC"), pa.timestamp("us")):
        with suppress(pa.ArrowInvalid):
            return column.cast(kind)
    raise DataRefused(f"{path.name} has a {name} that is neither a number nor a time in ISO 8601.")


def _finite(numbers: NDArray[np.float64], name: str, path: Path) -> NDArray[np.float64]:
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise DataRefused(f"{path.name} has a {name} that is missing or not finite, first in row {bad[0] + 1:,}.")
    return numbers
