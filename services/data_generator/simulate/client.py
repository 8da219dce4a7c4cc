"""The API as a shop window calls it: every call timed, counted and bounded in time."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

import httpx

from data_generator.simulate.tally import Tally
from recsys.errors import DataRefused

KEY_HEADER = "X-API-Key"
CALL_SECONDS = 5.0
CONNECT_SECONDS = 2.0
MAX_CONNECTIONS = 256
AWAY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class Refused(Exception):
    """The API answered, but not with what was asked for."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Away(Exception):
    """Nobody answered, or only to say that nobody can."""


class Client:
    """Ids go into paths and bodies, never into what is counted."""

    def __init__(self, url: str, key: str | None, tally: Tally) -> None:
        """Raises `DataRefused` for an address that is none."""
        self._tally = tally
        self.url = url
        if not _is_address(url):
            raise DataRefused(f"--api {url} is not an address: write for example http://127.0.0.1:8000.")
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={KEY_HEADER: key} if key else {},
            timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,  # a proxy for the world is none for a neighbour
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
        )

    async def call(self, method: str, template: str, *, number: int | None = None, **how: Any) -> Any:
        """The JSON of the answer to `template`, whose `{id}` is `number`.

        Raises:
            Refused: any status but success.
            Away: no answer in time, or one that says that the service cannot answer now.
        """
        began = time.perf_counter()
        error: str | None = None
        try:
            response = await self._http.request(method, template.replace("{id}", str(number)), **how)
            if not response.is_success:
                error = str(response.status_code)
                raise Away if response.status_code in AWAY else Refused(response.status_code)
            return response.json()
        except (httpx.TransportError, ValueError) as problem:
            error = type(problem).__name__
            raise Away from problem
        finally:
            self._tally.request(f"{method} {template}", time.perf_counter() - began, error)

    async def readiness(self) -> int | None:
        """What `GET /ready` answers with, None where nobody answers; not counted."""
        try:
            return (await self._http.get("/ready")).status_code
        except httpx.TransportError:
            return None

    async def aclose(self) -> None:
        await self._http.aclose()


def _is_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme in {"http", "https"} and bool(parsed.host)
