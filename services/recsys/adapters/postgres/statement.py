"""A query composed with SQLAlchemy Core, compiled once at import, run by psycopg as it is."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class Statement:
    """Parameters are the names given to `bindparam`."""

    def __init__(self, composed: ClauseElement) -> None:
        compiled = composed.compile(dialect=_DIALECT)
        self.sql = str(compiled).encode()
        self._constants = dict(compiled.params)

    async def run(self, connection: psycopg.AsyncConnection[Any], **parameters: object) -> psycopg.AsyncCursor[Any]:
        return await connection.execute(self.sql, {**self._constants, **parameters})

    async def all(self, connection: psycopg.AsyncConnection[Any], **parameters: object) -> list[Any]:
        return await (await self.run(connection, **parameters)).fetchall()

    async def one(self, connection: psycopg.AsyncConnection[Any], **parameters: object) -> Any:
        """The first row, or None."""
        return await (await self.run(connection, **parameters)).fetchone()
