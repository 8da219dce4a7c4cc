from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

import psycopg
import pytest
from psycopg.types.json import Jsonb

from native.providers.postgres import PostgresServer
from recsys.adapters import memory, postgres
from recsys.adapters.memory_hidden_items import MemoryHiddenItems
from recsys.adapters.memory_privacy import MemoryErasures, MemoryPersonalData
from recsys.adapters.memory_rules import MemoryRules
from recsys.domain import ReleaseDecision
from recsys.migrations import migrate
from recsys.pseudonyms import Pseudonyms
from recsys.testing.clock import ManualClock

pytest.register_assert_rewrite("recsys.testing.contracts")

from recsys.testing.contracts import Database  # noqa: E402


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def _in_memory(clock: ManualClock) -> Database:
    shared = memory.MemoryDatabase(clock)
    return Database(
        memory.MemoryCatalog(shared),
        memory.MemoryUsers(shared),
        memory.MemoryInteractionLog(shared),
        MemoryHiddenItems(shared),
        MemoryRules(shared),
        memory.MemoryRecommendationLog(shared),
        memory.MemoryDeploymentLog(shared),
        memory.MemoryDecisionLog(shared),
        partial(_remember, shared),
        clock,
        MemoryErasures(shared),
        MemoryPersonalData(shared),
        shared.pseudonyms,
    )


async def _remember(shared: memory.MemoryDatabase, decision: ReleaseDecision) -> None:
    shared.decisions.append(decision)


async def _insert(owner: psycopg.Connection, decision: ReleaseDecision) -> None:
    owner.execute(
        "INSERT INTO release_decisions (decided_at, version, champion, outcome, reasons, figures)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (
            *(decision.decided_at, decision.version, decision.champion, decision.outcome),
            *(Jsonb(decision.reasons), Jsonb(decision.figures)),
        ),
    )


def _in_postgres(server: postgres.Postgres, owner: psycopg.Connection, clock: ManualClock) -> Database:
    pseudonyms = Pseudonyms(b"contract")
    return Database(
        postgres.PostgresCatalog(server, clock),
        postgres.PostgresUsers(server, clock),
        postgres.PostgresInteractionLog(server),
        postgres.PostgresHiddenItems(server, clock),
        postgres.PostgresRules(server, clock),
        postgres.PostgresRecommendationLog(server, pseudonyms),
        postgres.PostgresDeploymentLog(server),
        postgres.PostgresDecisionLog(server),
        partial(_insert, owner),
        clock,
        postgres.PostgresErasures(server, pseudonyms, clock),
        postgres.PostgresPersonalData(server),
        pseudonyms,
    )


APPEND_ONLY = ("deployments", "release_decisions", "tombstones", "erasures", "rule_versions")
CHANGING = ("categories", "users", "items", "interactions", "rules", "recommendation_lists")
EMPTY = "\n".join(
    [
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER;" for table in APPEND_ONLY),
        f"TRUNCATE {', '.join((*CHANGING, *APPEND_ONLY))} CASCADE;",
        *(f"ALTER TABLE {table} ENABLE TRIGGER USER;" for table in APPEND_ONLY),
    ]
).encode()


@pytest.fixture(scope="session")
def shared_database(postgres_server: PostgresServer) -> Iterator[tuple[str, psycopg.Connection]]:
    """One for all contracts, its URL and its owner's connection: emptying it takes a tenth of making another."""
    postgres_server.ensure_database("contracts")
    url = postgres_server.url("contracts")
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        yield url, connection


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
async def database(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Database]:
    """Empty."""
    if request.param == "memory":
        yield _in_memory(clock)
        return
    url, owner = request.getfixturevalue("shared_database")
    owner.execute(EMPTY)
    async with postgres.Postgres(url, clock=clock, timeout_seconds=10) as server:
        yield _in_postgres(server, owner, clock)
