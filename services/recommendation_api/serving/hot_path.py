"""`POST /recommendations`, answered directly under the ASGI server; everything else goes on to the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pydantic import SecretStr

from recommendation_api.serving.serving import Serving

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class HotPath:
    """Plain ASGI: `app` is the FastAPI application, `serving` gives the one that the lifespan opened, or None."""

    def __init__(self, app: Application, serving: Callable[[], Serving | None], api_key: SecretStr | None) -> None:
        self._app = app
        self._serving = serving
        self._api_key = api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
