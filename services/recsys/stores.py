"""Which adapter serves a URL: the one place that knows the ports and the systems behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from recsys.adapters import memory
from recsys.adapters.clock import SystemClock
from recsys.adapters.elasticsearch import ElasticsearchConnection, ElasticsearchIndex
from recsys.adapters.memory_hidden_items import MemoryHiddenItems
from recsys.adapters.memory_privacy import MemoryErasures, MemoryPersonalData
from recsys.adapters.memory_rules import MemoryRules
from recsys.adapters.memory_sessions import MemorySessions
from recsys.adapters.mlflow import MlflowRegistry
from recsys.adapters.postgres import (
    Postgres,
    PostgresCatalog,
    PostgresDecisionLog,
    PostgresDeploymentLog,
    PostgresErasures,
    PostgresHiddenItems,
    PostgresInteractionLog,
    PostgresPersonalData,
    PostgresRecommendationLog,
    PostgresRules,
    PostgresUsers,
)
from recsys.adapters.redis import (
    RedisConnection,
    RedisRecommendationCache,
    RedisSessions,
    new_generation,
    read_address,
)
from recsys.ports import (
    Catalog,
    Clock,
    DecisionLog,
    DeploymentLog,
    Erasures,
    HiddenItems,
    InteractionLog,
    PersonalData,
    RecommendationCache,
    RecommendationLog,
    ReleaseRegistry,
    Rules,
    Sessions,
    Users,
)
from recsys.pseudonyms import Pseudonyms
from recsys.settings import Settings

Ping = Callable[[], Awaitable[None]]
"""Returns when the system answers; raises `Unavailable` when it does not, within the dependency timeout."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that the API asks of the world, opened together."""

    catalog: Catalog
    users: Users
    interactions: InteractionLog
    hidden_items: HiddenItems
    rules: Rules
    lists: RecommendationLog
    cache: RecommendationCache
    sessions: Sessions
    registry: ReleaseRegistry
    deployments: DeploymentLog
    decisions: DecisionLog
    erasures: Erasures
    personal_data: PersonalData
    pseudonyms: Pseudonyms
    clock: Clock
    pings: Mapping[str, Ping]
    """By dependency: postgres, redis, mlflow, and elasticsearch where there is one."""
    search_index: ElasticsearchIndex | None = None
    """None where no address is set."""


@asynccontextmanager
async def open_stores(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Stores]:
    """Open an adapter for each URL; nothing need answer yet, calls raise `Unavailable` until it does.

    Raises `InvalidInput` for a URL that its adapter cannot read.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        database = await _open_database(settings, clock, stack)
        cache, sessions, ping_cache = await _open_cache(settings, clock, stack)
        registry, ping_registry = await _open_registry(settings, stack)
        search_index, ping_index = await _open_index(settings, clock, stack)
        yield Stores(
            catalog=database.catalog,
            users=database.users,
            interactions=database.interactions,
            hidden_items=database.hidden_items,
            rules=database.rules,
            lists=database.lists,
            deployments=database.deployments,
            decisions=database.decisions,
            erasures=database.erasures,
            personal_data=database.personal_data,
            pseudonyms=database.pseudonyms,
            cache=cache,
            sessions=sessions,
            registry=registry,
            clock=clock,
            pings={"postgres": database.ping, "redis": ping_cache, "mlflow": ping_registry, **ping_index},
            search_index=search_index,
        )


def check_urls(settings: Settings) -> None:
    """Raises `InvalidInput` where `open_stores` would; opens nothing. The settings know the schemes and the hosts."""
    if not _in_memory(settings.redis_url):
        read_address(settings.redis_url)


def _in_memory(url: str) -> bool:
    return urlsplit(url).scheme == "memory"


@dataclass(frozen=True, slots=True)
class _Database:
    catalog: Catalog
    users: Users
    interactions: InteractionLog
    hidden_items: HiddenItems
    rules: Rules
    lists: RecommendationLog
    deployments: DeploymentLog
    decisions: DecisionLog
    erasures: Erasures
    personal_data: PersonalData
    pseudonyms: Pseudonyms
    ping: Ping


async def _always_up() -> None:
    return


async def _open_database(settings: Settings, clock: Clock, stack: AsyncExitStack) -> _Database:
    if _in_memory(settings.database_url):
        world = memory.MemoryDatabase(clock)
        return _Database(
            memory.MemoryCatalog(world),
            memory.MemoryUsers(world),
            memory.MemoryInteractionLog(world),
            MemoryHiddenItems(world),
            MemoryRules(world),
            memory.MemoryRecommendationLog(world),
            memory.MemoryDeploymentLog(world),
            memory.MemoryDecisionLog(world),
            MemoryErasures(world),
            MemoryPersonalData(world),
            world.pseudonyms,
            _always_up,
        )
    pseudonyms = Pseudonyms.of(settings)
    opened = Postgres(settings.database_url, clock=clock, timeout_seconds=settings.dependency_timeout_seconds)
    server = await stack.enter_async_context(opened)
    return _Database(
        PostgresCatalog(server, clock),
        PostgresUsers(server, clock),
        PostgresInteractionLog(server),
        PostgresHiddenItems(server, clock),
        PostgresRules(server, clock),
        PostgresRecommendationLog(server, pseudonyms),
        PostgresDeploymentLog(server),
        PostgresDecisionLog(server),
        PostgresErasures(server, pseudonyms, clock),
        PostgresPersonalData(server),
        pseudonyms,
        server.ping,
    )


async def _open_cache(
    settings: Settings, clock: Clock, stack: AsyncExitStack
) -> tuple[RecommendationCache, Sessions, Ping]:
    session_ttl = settings.session_ttl_seconds
    if _in_memory(settings.redis_url):
        sessions = MemorySessions(clock, ttl_seconds=session_ttl)
        return memory.MemoryRecommendationCache(clock), sessions, _always_up
    connection = await stack.enter_async_context(
        RedisConnection(
            settings.redis_url,
            clock=clock,
            timeout_seconds=settings.dependency_timeout_seconds,
            greet=new_generation,
        )
    )
    cache = RedisRecommendationCache(connection, clock, ttl_seconds=settings.cache_ttl_seconds)
    return cache, RedisSessions(connection, clock, ttl_seconds=session_ttl), connection.ping


async def _open_index(
    settings: Settings, clock: Clock, stack: AsyncExitStack
) -> tuple[ElasticsearchIndex | None, Mapping[str, Ping]]:
    if settings.elasticsearch_url is None:
        return None, {}
    opened = ElasticsearchConnection(
        settings.elasticsearch_url, clock=clock, timeout_seconds=settings.dependency_timeout_seconds
    )
    connection = await stack.enter_async_context(opened)
    return ElasticsearchIndex(connection, clock, settings.elasticsearch_index), {"elasticsearch": connection.ping}


async def _open_registry(settings: Settings, stack: AsyncExitStack) -> tuple[ReleaseRegistry, Ping]:
    if _in_memory(settings.mlflow_url):
        return memory.MemoryReleaseRegistry(), _always_up
    registry = await stack.enter_async_context(
        MlflowRegistry(settings.mlflow_url, timeout=settings.dependency_timeout_seconds)
    )

    async def ping() -> None:
        await registry.champion()

    return registry, ping
