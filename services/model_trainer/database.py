"""How the trainer connects to PostgreSQL: bounded waits, one sentence when it is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from recsys.errors import DataRefused, Unavailable
from recsys.telemetry import DEPENDENCY_ERRORS


@contextmanager
def reaching_postgres() -> Iterator[None]:
    """Turn the client's errors into `Unavailable`, whose detail never holds the password."""
    try:
        yield
    except psycopg.OperationalError as error:
        DEPENDENCY_ERRORS.labels("postgres").inc()
        reason = str(error).split("\n", 1)[0]
        raise Unavailable(f"PostgreSQL cannot be reached: {reason}", dependency="postgres") from error


def connect(database_url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """A connection that gives up on a server that went silent. Raises `psycopg.OperationalError`, and `DataRefused` for
    a URL that libpq cannot read.
    """
    try:
        return psycopg.connect(
            database_url,
            autocommit=autocommit,
            application_name="recstack-trainer",
            connect_timeout=5,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
        )
    except psycopg.ProgrammingError:
        raise DataRefused("RECSTACK_DATABASE_URL is not a PostgreSQL URL that can be used.") from None
