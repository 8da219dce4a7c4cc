"""What one caller may cost: the size and the patience of a body, and how many requests are in flight."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recommendation_api.problems import problem_response

MAX_BODY_BYTES = 1 << 20
MAX_BODY_SECONDS = 30.0
MAX_IN_FLIGHT = 1000
JSON_TYPES = (b"application/json", b"application/merge-patch+json")
_READ_HEADERS = frozenset({b"content-length", b"content-type"})


class LimitBodies:
    """Reads each body whole before `app` is called, so that nothing behind it has to count."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive)
        except HTTPException as error:
            await problem_response(error, scope["path"])(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)


class LimitConcurrency:
    """Beyond `most` requests in flight a worker refuses at once, instead of answering everybody late."""

    def __init__(self, app: ASGIApp, most: int = MAX_IN_FLIGHT) -> None:
        self._app = app
        self._free = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._free <= 0:
            busy = HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests at once.", {"Retry-After": "1"})
            await problem_response(busy, scope["path"])(scope, receive, send)
            return
        self._free -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._free += 1


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body, JSON by its declared type. Raises `HTTPException`: 413 beyond 1 MiB, declared or not, 415 for
    another type, 408 for a body that does not end; `ClientDisconnect` if the caller left.
    """
    declared = {name: value for name, value in scope["headers"] if name in _READ_HEADERS}
    if int(declared.get(b"content-length", b"0")) > MAX_BODY_BYTES:
        raise _too_large()
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body = bytes(message.get("body", b""))
    else:
        body = await _read_rest(message, receive)
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    if body and declared.get(b"content-type", b"application/json").partition(b";")[0].strip().lower() not in JSON_TYPES:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
    return body


async def _read_rest(message: Message, receive: Receive) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(MAX_BODY_SECONDS):
            while message["type"] == "http.request":
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
                if not message.get("more_body"):
                    return bytes(body)
                message = await receive()
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time.") from None
    raise ClientDisconnect


def _too_large() -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body holds at most {MAX_BODY_BYTES} bytes.")


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
