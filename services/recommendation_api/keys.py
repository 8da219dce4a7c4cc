"""Who may call: everybody, unless a key is configured."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from recommendation_api.problems import problem_response
from recsys.errors import Forbidden

HEADER = "X-API-Key"
HEADERS = {b"x-api-key": b"", b"authorization": b"Bearer "}
"""Where a key may stand, and what stands before it: Prometheus can send the second alone."""
MOST_SENT = 4
OPEN = frozenset({"/", "/health", "/ready", "/docs", "/openapi.json"})
"""Probes and the description of the API: they say nothing of anybody, and no browser could send a key for the page."""
OPEN_FOLDER = "/docs/"


class RequireKey:
    """Plain ASGI: lets a request through that carries one of `keys`."""

    def __init__(self, app: ASGIApp, keys: tuple[SecretStr, ...]) -> None:
        self._app = app
        self._keys = [key.get_secret_value().encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope["path"]) or self._admits(scope):
            await self._app(scope, receive, send)
            return
        refused = Forbidden(f"This API needs a key in the {HEADER} header; it is missing or wrong.")
        await problem_response(refused, scope["path"])(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        return _carries(scope, self._keys)


def require_admin(scope: Scope, key: SecretStr | None) -> None:
    """Raises `Forbidden` for a request without the admin's key; without such a key nobody may."""
    if key is None:
        raise Forbidden("Nobody may do this: no RECSTACK_ADMIN_KEY is configured.")
    if not _carries(scope, [key.get_secret_value().encode()]):
        raise Forbidden(f"This call needs the admin's key in the {HEADER} header; it is missing or wrong.")


def _carries(scope: Scope, keys: Sequence[bytes]) -> bool:
    """Every key is compared in full, whatever it shares with the one that was sent."""
    sent = [
        value.removeprefix(HEADERS[name])
        for name, value in scope["headers"]
        if name in HEADERS and value.startswith(HEADERS[name])
    ]
    matches = [hmac.compare_digest(value, key) for value in sent[:MOST_SENT] for key in keys]
    return True in matches


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_FOLDER)
