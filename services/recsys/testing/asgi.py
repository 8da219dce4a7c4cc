"""An ASGI application started, spoken to and stopped as a server does it, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@asynccontextmanager
async def speaking_to(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the started application; unexpected errors of the application are raised here."""
    async with _lifespan(app) as state:

        async def with_state(scope: Message, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url="http://api") as client:
            yield client


@asynccontextmanager
async def _lifespan(app: Application) -> AsyncIterator[dict[str, Any]]:
    """Start and stop `app`; yields the state that each request's scope shall hold."""
    state: dict[str, Any] = {}
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    scope: Message = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}
    task = asyncio.ensure_future(app(scope, inbox.get, outbox.put))

    async def step(name: str) -> None:
        await inbox.put({"type": f"lifespan.{name}"})
        message = await outbox.get()
        assert message["type"] == f"lifespan.{name}.complete", message

    await step("startup")
    yield state
    await step("shutdown")
    await task
