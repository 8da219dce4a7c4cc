"""Why releases were published or refused, in an append-only table of PostgreSQL that trainings write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Integer, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from recsys.adapters.postgres.engine import Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import release_decisions
from recsys.domain import ReleaseDecision

FIELDS = ("decided_at", "version", "champion", "outcome", "reasons", "figures")

_COLUMNS = [release_decisions.c[name] for name in FIELDS]
_NEWEST_FIRST = select(*_COLUMNS).order_by(release_decisions.c.decision_id.desc())
_REFUSALS = Statement(
    _NEWEST_FIRST.where(release_decisions.c.outcome == "refused").limit(bindparam("at_most", type_=Integer))
)
_OF_RELEASES = Statement(
    select(*_COLUMNS)
    .order_by(release_decisions.c.decision_id)
    .where(release_decisions.c.version == any_(bindparam("versions", type_=ARRAY(release_decisions.c.version.type))))
)


class PostgresDecisionLog:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def of_releases(self, versions: Sequence[str]) -> Mapping[str, ReleaseDecision]:
        rows = await self._postgres.read(partial(_OF_RELEASES.all, versions=list(versions)))
        return {decision.version: decision for decision in map(_decision, rows) if decision.version}

    async def refusals(self, limit: int) -> Sequence[ReleaseDecision]:
        return [_decision(row) for row in await self._postgres.read(partial(_REFUSALS.all, at_most=limit))]


def _decision(row: Sequence[object]) -> ReleaseDecision:
    return ReleaseDecision(**dict(zip(FIELDS, row, strict=True)))  # type: ignore[arg-type]  # as the columns are
