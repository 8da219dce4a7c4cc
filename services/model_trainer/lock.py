"""One training at a time, whoever starts it: a lock of PostgreSQL's that goes with the connection, also on a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from model_trainer.database import connect, reaching_postgres
from recsys.errors import Conflict, Unavailable

LOCK_KEY = 0x7265_6373_7472_6169
"""`recstrai` in ASCII: one number for every trainer of this database."""


@contextmanager
def training_lock(database_url: str) -> Iterator[Callable[[], None]]:
    """Hold the lock; the yielded call raises `Unavailable` if it has been lost since.

    Raises:
        Conflict: another training runs.
        Unavailable: PostgreSQL cannot be reached.
    """
    with reaching_postgres():
        connection = connect(database_url, autocommit=True)
    with connection:
        with reaching_postgres():
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
        if row is None or not row[0]:
            raise Conflict("Another training of this database is running; wait for it to end.")
        yield lambda: _ensure_alive(connection)


def _ensure_alive(connection: psycopg.Connection) -> None:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        raise Unavailable(
            "PostgreSQL went away during the training, and with it the lock; nothing was published. Start it again.",
            dependency="postgres",
        ) from None
