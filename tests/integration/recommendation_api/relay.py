"""A server that can go away and come back: its port relays to the real one's, until it is cut."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from native.ports import LOOPBACK, free_port


class Relay:
    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    async def cut(self) -> None:
        """Refuse new connections and break the open ones."""
        if self._server:
            self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, to_behind = await asyncio.open_connection(LOOPBACK, self._target_port)
        self._writers |= {writer, to_behind}
        with suppress(OSError):
            await asyncio.gather(self._pump(reader, to_behind), self._pump(behind, writer))
        self._writers -= {writer, to_behind}

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
        sink.close()
