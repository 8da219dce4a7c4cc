"""Which dependencies answer, asked every few seconds whether anybody needs them or not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import structlog

from recommendation_api.background import Follower
from recsys.errors import Unavailable
from recsys.logs import masked
from recsys.settings import Settings
from recsys.stores import Ping
from recsys.telemetry import BACKGROUND_ERRORS, DEPENDENCY_ERRORS, DEPENDENCY_UP

TASK = "probes"
EVERY_SECONDS = 5.0
PATIENCE_SECONDS = 5.0
"""A ping has a deadline of its own; this one holds whatever the ping does."""

logger = structlog.get_logger(__name__)


class Probes:
    """Sets `recstack_dependency_up`, for a dependency that has no circuit breaker too."""

    def __init__(
        self,
        pings: Mapping[str, Ping],
        servers: Mapping[str, Server] | None = None,
        *,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._servers, self._every_seconds = servers or {}, every_seconds
        self._pings = {**pings, **{name: server.ping for name, server in self._servers.items()}}
        self._follower = Follower(self._follow, TASK)

    def start(self) -> None:
        self._follower.start()

    async def aclose(self) -> None:
        await self._follower.aclose()
        for server in self._servers.values():
            await server.aclose()

    async def _follow(self) -> None:
        while True:
            await asyncio.gather(*(_probe(name, ping) for name, ping in self._pings.items()))
            await asyncio.sleep(self._every_seconds)


async def _probe(dependency: str, ping: Ping) -> None:
    is_up = False
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ping()
        is_up = True
    except (Unavailable, TimeoutError):
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
        BACKGROUND_ERRORS.labels(TASK).inc()
        logger.warning("a dependency cannot be probed", task=TASK, dependency=dependency, error=masked(error))
    DEPENDENCY_UP.labels(dependency).set(is_up)


class Server:
    """One that the API does not use itself: up while its address answers with a success."""

    def __init__(self, dependency: str, address: str, *, timeout_seconds: float) -> None:
        self._dependency, self._address = dependency, address
        self._client = httpx.AsyncClient(
            timeout=timeout_seconds, limits=httpx.Limits(max_connections=1), trust_env=False
        )

    async def ping(self) -> None:
        """Raises `Unavailable`."""
        try:
            (await self._client.get(self._address)).raise_for_status()
        except httpx.HTTPError as error:
            DEPENDENCY_ERRORS.labels(self._dependency).inc()
            raise Unavailable(f"{self._dependency} does not answer", dependency=self._dependency) from error

    async def aclose(self) -> None:
        await self._client.aclose()


def other_servers(settings: Settings) -> dict[str, Server]:
    """By name, where an address is set."""
    known = {"jupyter": (settings.jupyter_url, "/api")}
    seconds = settings.dependency_timeout_seconds
    given = {name: url.rstrip("/") + path for name, (url, path) in known.items() if url}
    return {name: Server(name, address, timeout_seconds=seconds) for name, address in given.items()}
