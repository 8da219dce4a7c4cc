"""Counts, times and names every request; the outermost layer, so that nothing is answered unseen."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from functools import lru_cache
from http import HTTPStatus

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recommendation_api.problems import problem_response
from recsys.logs import REQUEST_ID
from recsys.telemetry import REQUEST_SECONDS, REQUESTS

UNKNOWN = "unknown"
CLIENT_LEFT = 499
ALGORITHM = "recstack.algorithm"
"""Where the scope says which one was asked for."""
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

logger = structlog.get_logger(__name__)


class Observe:
    """Plain ASGI. `direct` are the addresses that are answered before FastAPI, so that no route names them."""

    def __init__(self, app: ASGIApp, direct: frozenset[str]) -> None:
        self._app = app
        self._direct = direct
        self._mine = secrets.token_hex(8).encode()
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = self._request_id(scope)
        REQUEST_ID.set(request_id.decode())
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            pass
        except Exception as error:
            logger.exception("unexpected error", route=self._route(scope), method=_method(scope))
            if not status:
                await problem_response(error, scope["path"])(scope, receive, answer)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
        finally:
            route = self._route(scope)
            _requests(route, _method(scope), status or CLIENT_LEFT, scope.get(ALGORITHM, "")).inc()
            _seconds(route).observe(time.perf_counter() - began)

    def _request_id(self, scope: Scope) -> bytes:
        """The caller's own if it can stand in a log, else one that no other request of any worker has."""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return bytes(value)
        return b"%s-%08x" % (self._mine, next(self._numbers))

    def _route(self, scope: Scope) -> str:
        """The template, never the path: that has ids in it."""
        if scope["path"] in self._direct:
            return str(scope["path"])
        return getattr(scope.get("route"), "path", UNKNOWN)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else UNKNOWN


@lru_cache(maxsize=1024)
def _requests(route: str, method: str, status: int, algorithm: str) -> Counter:
    return REQUESTS.labels(route, method, str(status), algorithm)


@lru_cache(maxsize=256)
def _seconds(route: str) -> Histogram:
    return REQUEST_SECONDS.labels(route)
