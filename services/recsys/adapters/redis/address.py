"""A Redis URL, and how to reach what it names."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hiredis import pack_command
from redis.asyncio.connection import parse_url

from recsys.errors import InvalidInput

DEFAULT_PORT = 6379
Speaker = TypeVar("Speaker", bound=asyncio.Protocol)
Command = tuple[bytes | str | int, ...]
pack: Callable[[Command], bytes] = pack_command  # type: ignore[assignment]
"""A command as it travels."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    path: str | None
    """Of a Unix socket; host and port do not count then."""
    tls: ssl.SSLContext | None
    greeting: tuple[Command, ...]
    """What a new connection says first: the password, the database."""

    def __repr__(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    async def connect(self, speaker: Callable[[], Speaker]) -> Speaker:
        """Raises `OSError`."""
        loop = asyncio.get_running_loop()
        if self.path is not None:
            return (await loop.create_unix_connection(speaker, self.path))[1]
        return (await loop.create_connection(speaker, self.host, self.port, ssl=self.tls))[1]


def read_address(url: str) -> Address:
    """Of `redis://`, `rediss://` (TLS) or `unix://`, as redis-py reads it. Raises `InvalidInput`."""
    try:
        parts = parse_url(url)
        port = int(parts.get("port") or DEFAULT_PORT)
        tls = _tls(dict(parts)) if url.startswith("rediss://") else None
    except (ValueError, OSError):
        raise InvalidInput("RECSTACK_REDIS_URL is not a Redis URL that can be used.") from None
    greeting: list[Command] = []
    if password := parts.get("password"):
        user = parts.get("username")
        greeting.append(("AUTH", user, password) if user else ("AUTH", password))
    if database := parts.get("db"):
        greeting.append(("SELECT", int(database)))
    return Address(parts.get("host") or "127.0.0.1", port, parts.get("path"), tls, tuple(greeting))


def _tls(parts: dict[str, object]) -> ssl.SSLContext:
    """Verified, unless the URL says `ssl_cert_reqs=none`."""
    authority = parts.get("ssl_ca_certs")
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    if parts.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
