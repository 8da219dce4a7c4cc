"""A server that can go away or fall silent and come back: its port relays to the real one's."""

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
        self._serving: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    async def cut(self) -> None:
        """Refuse new connections and break the open ones."""
        if self._server:
            self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Cut, and wait until nothing of it is left."""
        await self.cut()
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    def hush(self) -> None:
        """Take connections and bytes, and answer nothing: a process that was stopped, a network that lost its way."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        self._writers.add(writer)
        with suppress(OSError, asyncio.CancelledError):
            await self._flowing.wait()
            behind, to_behind = await asyncio.open_connection(LOOPBACK, self._target_port)
            self._writers.add(to_behind)
            try:
                await asyncio.gather(self._pump(reader, to_behind), self._pump(behind, writer))
            finally:
                await self._end(to_behind)
        await self._end(writer)
        self._serving.discard(task)

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            await self._flowing.wait()
            sink.write(data)
            await sink.drain()
        sink.close()
