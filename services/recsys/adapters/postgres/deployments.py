"""What was live when, in an append-only table of PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Integer, bindparam, insert, literal, not_, select

from recsys.adapters.postgres.engine import Connection, Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import deployments
from recsys.domain import Deployment

FIELDS = ("version", "action", "live_from", "reason")

_COLUMNS = [deployments.c[name] for name in FIELDS]
_NEWEST_FIRST = select(*_COLUMNS).order_by(deployments.c.deployment_id.desc())
_NEWEST = Statement(_NEWEST_FIRST.limit(bindparam("at_most", type_=Integer)))


def _append() -> Statement:
    newest = select(deployments.c.version).order_by(deployments.c.deployment_id.desc()).limit(1).subquery()
    given = {name: bindparam(name, type_=deployments.c[name].type) for name in FIELDS}
    known = select(literal(1)).select_from(newest).where(newest.c.version == given["version"]).exists()
    return Statement(insert(deployments).from_select(FIELDS, select(*given.values()).where(not_(known))))


_APPEND = _append()


class PostgresDeploymentLog:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def append(self, deployment: Deployment) -> None:
        """Every worker sees the same change and appends it: they take turns, and the first one's row stands."""

        async def append_once(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute("LOCK TABLE deployments IN SHARE ROW EXCLUSIVE MODE")
                await _APPEND.run(connection, **{name: getattr(deployment, name) for name in FIELDS})

        await self._postgres.run(append_once)

    async def latest(self) -> Deployment | None:
        found = await self.newest(1)
        return found[0] if found else None

    async def newest(self, limit: int) -> Sequence[Deployment]:
        rows = await self._postgres.read(partial(_NEWEST.all, at_most=limit))
        return [Deployment(*row) for row in rows]
