"""Elasticsearch's own client with a deadline and a circuit breaker: what goes wrong becomes `Unavailable`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

import httpx
from elastic_transport import HttpxAsyncHttpNode, NodeConfig, TransportError
from elasticsearch import ApiError, AsyncElasticsearch
from elasticsearch.helpers import BulkIndexError

from recsys.breaker import Breaker
from recsys.errors import NotFound, Unavailable
from recsys.ports import Clock

NAME = "elasticsearch"
GRACE_SECONDS = 0.25
"""What the last deadline leaves to the client's own, which gives a better reason."""
MAX_CONNECTIONS = 10
STANDARD_PORTS = {"http": 80, "https": 443}
HTTP_NOT_FOUND = 404

Result = TypeVar("Result")
Ask = Callable[[AsyncElasticsearch], Awaitable[Result]]


class DirectNode(HttpxAsyncHttpNode):
    """Goes to the server itself, whatever proxy the environment names."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        if config.scheme == "http":
            self.client = httpx.AsyncClient(
                base_url=self.base_url,
                limits=httpx.Limits(max_connections=config.connections_per_node),
                timeout=config.request_timeout,
                trust_env=False,
            )


class ElasticsearchConnection:
    """Open it with `async with`; Elasticsearch need not answer yet."""

    def __init__(self, url: str, *, clock: Clock, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        credentials = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        node = NodeConfig(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or STANDARD_PORTS[parts.scheme],
            path_prefix=parts.path.rstrip("/"),
            connections_per_node=MAX_CONNECTIONS,
        )
        self._client = AsyncElasticsearch(
            [node],
            basic_auth=credentials,
            node_class=DirectNode,
            request_timeout=timeout_seconds,
            max_retries=0,
        )
        self._timeout = timeout_seconds
        self._breaker = Breaker(NAME, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def ask(self, question: Ask[Result], *, seconds: float | None = None) -> Result:
        """Within the deadline, or within `seconds`. Raises `NotFound` for an index or document that is not there,
        `Unavailable`.
        """
        self._breaker.check()
        limit = seconds or self._timeout
        client = self._client.options(request_timeout=limit) if seconds else self._client
        try:
            async with asyncio.timeout(limit + GRACE_SECONDS):
                answer = await question(client)
        except ApiError as error:
            if error.status_code == HTTP_NOT_FOUND:
                self._breaker.succeeded()
                raise NotFound("it is not in Elasticsearch") from error
            self._breaker.failed()
            raise _away(f"status {error.status_code}") from error
        except (TransportError, BulkIndexError, TimeoutError) as error:
            self._breaker.failed()
            raise _away(type(error).__name__) from error
        self._breaker.succeeded()
        return answer

    async def ping(self) -> None:
        """Raises `Unavailable` until the indices of an earlier run are open too."""

        async def look(client: AsyncElasticsearch) -> Any:
            return await client.cluster.health(wait_for_status="yellow", timeout="1s")

        await self.ask(look)


def _away(reason: str) -> Unavailable:
    return Unavailable(f"Elasticsearch does not answer: {reason}", dependency=NAME)
