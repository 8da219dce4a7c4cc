"""A door in front of a server: open, shut (connections break and are refused) or silent (nothing passes)."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

CHUNK = 1 << 16


class Gate:
    """Listens on `port` of loopback while open and passes everything on to the server at `target_port`."""

    def __init__(self, port: int, target_port: int) -> None:
        self.port = port
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._speaking = asyncio.Event()
        self._speaking.set()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.speak()
        await self.shut()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)

    async def shut(self) -> None:
        """As if the server had died: its data stays."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def fall_silent(self) -> None:
        """As if the server had been stopped: what is sent arrives when it speaks again."""
        self._speaking.clear()

    def speak(self) -> None:
        self._speaking.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)
        there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        writer.transport.abort()
        back.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                await self._speaking.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
