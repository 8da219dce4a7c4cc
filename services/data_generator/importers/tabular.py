"""CSV, TSV and Parquet files as rows of cells, read in pieces."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
from pyarrow import parquet

from data_generator.importers.rejects import Reject
from recsys.errors import DataRefused

PARQUET_MAGIC = b"PAR1"
BATCH_ROWS = 16_384
DELIMITERS = "\t,;|"

Row = tuple[int, Sequence[object]]


@dataclass(frozen=True, slots=True)
class TextTable:
    """Delimited text. `columns` is its header, or what the format says where `has_header` is false."""

    path: Path
    columns: tuple[str, ...]
    delimiter: str
    has_header: bool = True
    encoding: str = "utf-8-sig"
    quoted: bool = True

    def rows(self, reject: Reject) -> Iterator[Row]:
        """(line number of the row's end, cells). Rows of another width and unreadable ones are rejected."""
        with open_text(self.path, self.encoding) as file:
            reader = csv.reader(
                file, delimiter=self.delimiter, quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
            )
            while True:
                try:
                    for cells in reader:
                        if len(cells) == len(self.columns):
                            if reader.line_num > 1 or not self.has_header:
                                yield reader.line_num, cells
                        elif cells:
                            reject(self.path.name, reader.line_num, _width(self.columns), cells)
                except csv.Error as error:
                    reject(self.path.name, reader.line_num, f"not a row: {error}")
                else:
                    return


@dataclass(frozen=True, slots=True)
class ParquetTable:
    path: Path
    columns: tuple[str, ...]

    def rows(self, reject: Reject) -> Iterator[Row]:
        """(row number from 1, cells as Python values)."""
        del reject
        number = 0
        try:
            for batch in parquet.ParquetFile(self.path).iter_batches(BATCH_ROWS):
                cells = [_python_values(column) for column in batch.columns]
                for row in zip(*cells, strict=True):
                    number += 1
                    yield number, row
        except (pa.ArrowException, OSError) as error:
            raise DataRefused(f"{self.path} breaks off after row {number}: {error}.") from None


Table = TextTable | ParquetTable


def open_text(path: Path, encoding: str) -> IO[str]:
    """Bytes that the encoding does not have become surrogates, and so a reason to reject their row only."""
    return path.open(encoding=encoding, errors="surrogateescape", newline="")


def open_table(path: Path, *, flag: str, delimiter: str | None = None) -> Table:
    """Look at the head of a file. Raises `DataRefused`, naming `flag`, where it cannot be a table."""
    if not path.is_file():
        raise DataRefused(f"{path} is not a file: {flag} takes a CSV, TSV or Parquet file.")
    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
        return _parquet(path) if is_parquet else _text(path, delimiter)
    except pa.ArrowException as error:
        raise DataRefused(f"{path} is not readable as Parquet ({error}): {flag} takes a whole file.") from None
    except OSError as error:
        raise DataRefused(f"{path} cannot be read ({error.strerror}): {flag} takes a readable file.") from None


def _parquet(path: Path) -> ParquetTable:
    return ParquetTable(path, tuple(parquet.ParquetFile(path).schema_arrow.names))


def _text(path: Path, delimiter: str | None) -> TextTable:
    with open_text(path, "utf-8-sig") as file:
        head = file.readline(65_536)
    if not head.strip():
        raise DataRefused(f"{path} is empty: its first line must name the columns.")
    mark = delimiter or max(DELIMITERS, key=head.count)
    try:
        names = next(csv.reader([head], delimiter=mark), [])
    except csv.Error as error:
        raise DataRefused(f"The first line of {path} does not name columns ({error}).") from None
    return TextTable(path, tuple(name.strip() for name in names), mark)


def _python_values(column: pa.Array) -> list[object]:
    """Nanoseconds have no Python type: they are cut to microseconds."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column.to_pylist()  # type: ignore[no-any-return]


def _width(columns: Sequence[str]) -> str:
    return f"the row has not {len(columns)} columns"
