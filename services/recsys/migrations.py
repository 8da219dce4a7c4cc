"""Bring a database to the schema of `sql/migrations`: numbered files, each applied once, in order, in a transaction.

`python -m recsys.migrations` applies what is missing and `python -m recsys.migrations status` lists every file. Exit
codes: 0 the schema is current, 1 PostgreSQL is away, 2 refused (the reason is on stderr), wrong usage or setting, 3
`status` found files that are not applied.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.pq import TransactionStatus

from recsys.adapters.job_runs import Job, recorded
from recsys.errors import DataRefused, RecstackError, Unavailable
from recsys.settings import ROOT, Settings

MIGRATIONS = ROOT / "sql" / "migrations"
LOCK_KEY = 0x5EC57AC4
CONNECT_TIMEOUT_SECONDS = 5
LOCK_TIMEOUT_SECONDS = 120
AWAY_EXIT_CODE, REFUSED_EXIT_CODE, PENDING_EXIT_CODE = 1, 2, 3

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    script: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.script).hexdigest()


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    name: str
    applied_at: datetime | None


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """Every file in order, line ends as Unix has them. Raises `DataRefused` for a name, gap or repeat that is off."""
    names = sorted(path.name for path in folder.glob("*.sql"))
    if not names:
        raise DataRefused(f"There are no migrations in {folder}.")
    for expected, name in enumerate(names, start=1):
        match = _FILE_NAME.fullmatch(name)
        if match is None:
            raise DataRefused(f"The migration {name} is not named like 0001_what_it_does.sql.")
        number = int(match[1])
        if number < expected:
            raise DataRefused(f"Two migrations have the number {number:04}: give {name} the next free one.")
        if number > expected:
            raise DataRefused(f"The migration {expected:04} is missing before {name}.")
    return [Migration(name, (folder / name).read_bytes().replace(b"\r\n", b"\n")) for name in names]


def migrate(url: str, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing and return its names; any number of processes may call this at once.

    Raises `DataRefused` when the files do not fit what was applied or a file fails (nothing of it stays), `Unavailable`
    when PostgreSQL does not answer.
    """
    migrations = read_migrations(folder)
    with _connect(url) as connection, _lock(connection):
        connection.execute(_CREATE_TABLE)
        applied = _applied(connection)
        _check(migrations, {name: sha256 for name, (sha256, _) in applied.items()})
        pending = [migration for migration in migrations if migration.name not in applied]
        for migration in pending:
            _apply(connection, migration)
    return [migration.name for migration in pending]


def status(url: str, folder: Path = MIGRATIONS) -> list[MigrationStatus]:
    """Every file and when it was applied; changes nothing. Raises as `migrate` does."""
    migrations = read_migrations(folder)
    with _connect(url) as connection:
        applied = _applied(connection)
    _check(migrations, {name: sha256 for name, (sha256, _) in applied.items()})
    return [
        MigrationStatus(migration.name, applied[migration.name][1] if migration.name in applied else None)
        for migration in migrations
    ]


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS, application_name="recstack-migrations"
        )
    except psycopg.OperationalError as error:
        raise Unavailable(f"PostgreSQL does not answer: {_first_line(error)}.", dependency="postgres") from None
    except psycopg.ProgrammingError:
        raise DataRefused("RECSTACK_DATABASE_URL is not a PostgreSQL URL that can be used.") from None
    with connection:
        try:
            connection.execute("SET statement_timeout = 0")
            yield connection
        except psycopg.Error as error:
            if connection.broken:
                raise Unavailable(f"PostgreSQL went away: {_first_line(error)}.", dependency="postgres") from None
            raise DataRefused(f"PostgreSQL refused to migrate: {_first_line(error)}.") from None


@contextmanager
def _lock(connection: psycopg.Connection) -> Iterator[None]:
    """Held by one process at a time, for as long as its connection lives."""
    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
    except psycopg.errors.LockNotAvailable:
        raise DataRefused(f"Another migration has been running for {LOCK_TIMEOUT_SECONDS} s: wait for it.") from None
    yield
    connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


def _applied(connection: psycopg.Connection) -> dict[str, tuple[str, datetime]]:
    """Checksum and time by name; empty before the first migration."""
    row = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return {}
    rows = connection.execute("SELECT name, sha256, applied_at FROM schema_migrations ORDER BY name").fetchall()
    return {name: (sha256, applied_at) for name, sha256, applied_at in rows}


def _check(migrations: Sequence[Migration], applied: dict[str, str]) -> None:
    files = {migration.name: migration.sha256 for migration in migrations}
    for name, sha256 in applied.items():
        if name not in files:
            raise DataRefused(f"The migration {name} was applied to this database, but its file is missing here.")
        if files[name] != sha256:
            raise DataRefused(
                f"The migration {name} was changed after it was applied: restore it and add a new file instead."
            )
    for earlier in files.keys() - applied.keys():
        if applied and earlier < max(applied):
            raise DataRefused(f"The migration {earlier} was added before {max(applied)}, which is applied already.")


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.script)
            if connection.info.transaction_status != TransactionStatus.INTRANS:
                raise DataRefused(f"The migration {migration.name} ends its own transaction: take its COMMIT out.")
            connection.execute(
                "INSERT INTO schema_migrations (name, sha256) VALUES (%s, %s)", (migration.name, migration.sha256)
            )
    except psycopg.Error as error:
        if connection.broken:
            raise
        raise DataRefused(f"The migration {migration.name} failed: {_first_line(error)}.") from None


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m recsys.migrations", description="Apply or list the migrations.")
    parser.add_argument("command", nargs="?", choices=["migrate", "status"], default="migrate")
    command = parser.parse_args(arguments).command
    url = Settings.load().database_url
    try:
        return _print_status(url) if command == "status" else _print_applied(url)
    except RecstackError as error:
        sys.stderr.write(f"{error.detail}\n")
        return AWAY_EXIT_CODE if isinstance(error, Unavailable) else REFUSED_EXIT_CODE


def _print_applied(url: str) -> int:
    with recorded(url, Job.MIGRATE) as details:
        applied = details["applied"] = migrate(url)
    for name in applied:
        sys.stdout.write(f"applied  {name}\n")
    sys.stdout.write("" if applied else "The schema is current.\n")
    return 0


def _print_status(url: str) -> int:
    found = status(url)
    for entry in found:
        state = f"applied {entry.applied_at:%Y-%m-%d %H:%M:%S%z}" if entry.applied_at else "pending"
        sys.stdout.write(f"{state:<33} {entry.name}\n")
    return 0 if all(entry.applied_at for entry in found) else PENDING_EXIT_CODE


if __name__ == "__main__":
    sys.exit(main())
