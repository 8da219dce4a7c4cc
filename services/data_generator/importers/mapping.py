"""Which column of a foreign table is which field of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data_generator.importers.tabular import Table
from recsys.errors import DataRefused

FIELDS: Mapping[str, tuple[str, ...]] = {
    "interactions": ("user_id", "item_id", "type", "value", "timestamp", "event_id"),
    "items": (
        "item_id",
        "title",
        "description",
        "category",
        "genres",
        "tags",
        "brand",
        "price",
        "quality",
        "published_at",
        "available_from",
        "available_until",
    ),
    "users": ("user_id", "age", "gender", "country", "signed_up_at"),
}
REQUIRED = ("user_id", "item_id")


@dataclass(frozen=True, slots=True)
class Mapped:
    """One `--map`. `kind` is None where it speaks of every file that knows the field."""

    kind: str | None
    field: str
    column: str

    @property
    def left(self) -> str:
        return f"{self.kind}.{self.field}" if self.kind else self.field


@dataclass(frozen=True, slots=True)
class MappedTable:
    table: Table
    positions: Mapping[str, int]
    """Where in a row each field stands."""
    explicit: frozenset[str]
    """The fields that a `--map` named; the others are columns of the same name."""

    def cell(self, values: Sequence[object], field: str) -> object:
        position = self.positions.get(field)
        return None if position is None else values[position]


def read_map(options: Sequence[str]) -> list[Mapped]:
    """`user_id=uid` or `interactions.user_id=uid`, each once. Raises `DataRefused`."""
    entries = [_entry(option) for option in options]
    for entry in entries:
        if sum(other.left == entry.left for other in entries) > 1:
            raise DataRefused(f"--map names {entry.left} twice: a field is one column.")
    return entries


def resolve(tables: Mapping[str, Table], entries: Sequence[Mapped]) -> dict[str, MappedTable]:
    """Put fields and columns together for each kind of file. Raises `DataRefused` where a column is missing."""
    for entry in entries:
        if entry.kind and entry.kind not in tables:
            raise DataRefused(f"--map {entry.left} speaks of a file that is not given: add --{entry.kind} FILE.")
        knowing = [table for kind, table in tables.items() if entry.field in FIELDS[kind]]
        if not entry.kind and not any(entry.column in table.columns for table in knowing):
            names = " and ".join(table.path.name for table in knowing) or "any given file"
            raise DataRefused(f"There is no column {entry.column!r} in {names}: --map {entry.left}=COLUMN wants one.")
    return {kind: _resolve(kind, table, entries) for kind, table in tables.items()}


def _entry(option: str) -> Mapped:
    left, equals, column = option.partition("=")
    kind, dot, field = left.strip().rpartition(".")
    if not equals or not column.strip() or (dot and kind not in FIELDS):
        raise DataRefused(f"--map {option!r} is not FIELD=COLUMN or FILE.FIELD=COLUMN (FILE: {', '.join(FIELDS)}).")
    known = FIELDS[kind] if kind else tuple(dict.fromkeys(field for fields in FIELDS.values() for field in fields))
    if field not in known:
        raise DataRefused(f"--map {option!r}: there is no field {field!r}; the fields are {', '.join(known)}.")
    return Mapped(kind or None, field, column.strip())


def _resolve(kind: str, table: Table, entries: Sequence[Mapped]) -> MappedTable:
    wanted = {field: field for field in FIELDS[kind] if field in table.columns}
    general = [entry for entry in entries if entry.kind is None and entry.column in table.columns]
    particular = [entry for entry in entries if entry.kind == kind]
    named = {entry.field: entry.column for entry in [*general, *particular] if entry.field in FIELDS[kind]}
    wanted |= named
    for field in REQUIRED:
        if field in FIELDS[kind] and field not in wanted:
            raise DataRefused(_missing(kind, table, field, field))
    for field, column in wanted.items():
        if column not in table.columns:
            raise DataRefused(_missing(kind, table, field, column))
        if table.columns.count(column) > 1:
            raise DataRefused(f"{table.path} has the column {column!r} twice: name another with --map {kind}.{field}=.")
    return MappedTable(
        table, {field: table.columns.index(column) for field, column in wanted.items()}, frozenset(named)
    )


def _missing(kind: str, table: Table, field: str, column: str) -> str:
    return (
        f"{table.path} has no column {column!r} (its first line: {', '.join(table.columns)[:300]}): "
        f"--map {kind}.{field}=COLUMN names it."
    )
