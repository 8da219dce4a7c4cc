"""Filling PostgreSQL in bulk: one transaction, all or nothing, COPY all the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import errors, sql

from recsys.errors import DataRefused

TABLES = (
    "interactions",
    "recommendation_lists",
    "hidden_items",
    "merged_sessions",
    "new_items",
    "user_liked_items",
    "user_preferences",
    "users",
    "items",
    "categories",
)
"""What a load owns. Releases and deployments are history: they stay."""

BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
BINARY_TRAILER = b"\xff\xff"
LOCK_TIMEOUT = "60s"
IDENTITIES = {"users": "user_id", "items": "item_id", "categories": "category_id"}


class DataPresent(DataRefused):
    """A load into an empty database was asked for, and it is not empty."""


@contextmanager
def bulk_load(database_url: str, *, replace: bool) -> Iterator[psycopg.Connection]:
    """A connection whose transaction commits at the end, or leaves everything as it was.

    Raises:
        DataPresent: there is data and `replace` is false.
        DataRefused: PostgreSQL is away, has no schema or is in use; or its URL is none.
    """
    try:
        connection = psycopg.connect(database_url, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DataRefused(
            f"PostgreSQL does not answer ({_first_line(error)}): start it with ./setup.sh, "
            "or point RECSTACK_DATABASE_URL at yours."
        ) from None
    except psycopg.ProgrammingError:
        raise DataRefused("RECSTACK_DATABASE_URL is not a PostgreSQL URL that can be used.") from None
    with connection:
        _claim(connection, replace=replace)
        yield connection
        _continue_ids(connection)
        connection.execute(sql.SQL("ANALYZE {}").format(_names(TABLES)))


def refuse_unless_empty(connection: psycopg.Connection) -> None:
    """Raises `DataPresent`, naming the flag that replaces what is there."""
    for table in ("users", "items"):
        query = sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(sql.Identifier(table))
        row = connection.execute(query).fetchone()
        if row and row[0]:
            raise DataPresent(f"The database has {table} already: --replace deletes what is there and loads anew.")


def clear(connection: psycopg.Connection) -> None:
    """Empty the tables of a load. The catalogue's revision goes on, so that readers notice."""
    connection.execute(sql.SQL("TRUNCATE {}").format(_names(TABLES)))


def copy_binary(connection: psycopg.Connection, table: str, columns: Sequence[str], blocks: Iterable[bytes]) -> None:
    """COPY rows that are in PostgreSQL's binary format already, a block of them at a time."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(sql.Identifier(table), _names(columns))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(BINARY_HEADER)
        for block in blocks:
            copy.write(block)
        copy.write(BINARY_TRAILER)


def copy_rows(
    connection: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """COPY `rows` (streamed, never held) into `table`; how many there were."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    count = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


@contextmanager
def deferred_checks(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Check foreign keys and build secondary indexes once for all rows at the end, in less than half the time."""
    name = sql.Identifier(table)
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
        (table,),
    ).fetchall()
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i WHERE indrelid = %s::regclass "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        (table,),
    ).fetchall()
    for key, _ in keys:
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, sql.Identifier(key)))
    for index, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(index)))
    yield
    for _, definition in indexes:
        connection.execute(definition)
    for key, definition in keys:
        statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
        connection.execute(statement.format(name, sql.Identifier(key), sql.SQL(definition)))


def _claim(connection: psycopg.Connection, *, replace: bool) -> None:
    """One load at a time, into empty tables."""
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
    try:
        connection.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(_names(TABLES)))
        if not replace:
            refuse_unless_empty(connection)
        clear(connection)
    except errors.UndefinedTable:
        raise DataRefused("The database has no tables yet: run python -m recsys.migrations first.") from None
    except errors.LockNotAvailable:
        raise DataRefused(f"The tables have been in use for {LOCK_TIMEOUT}: let the other job end first.") from None


def _continue_ids(connection: psycopg.Connection) -> None:
    """Let the next id that the database gives follow the loaded ones, and every one that it gave before somebody was
    erased: an erased user's id is given to nobody else.
    """
    for table, column in IDENTITIES.items():
        statement = sql.SQL("SELECT setval(s, greatest(top, given, 1), greatest(top, given) > 0) FROM ({}) ids")
        connection.execute(statement.format(_given_ids(table, column)))


def _given_ids(table: str, column: str) -> sql.Composed:
    query = sql.SQL(
        "SELECT s, (SELECT coalesce(max({column}), 0) FROM {table}) AS top, CASE WHEN EXISTS (SELECT 1 FROM tombstones)"
        " THEN coalesce(pg_sequence_last_value(s), 0) ELSE 0 END AS given"
        " FROM (SELECT pg_get_serial_sequence({named}, {key})::regclass AS s) sequence"
    )
    names = {"column": sql.Identifier(column), "table": sql.Identifier(table)}
    return query.format(**names, named=sql.Literal(table), key=sql.Literal(column))


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
