"""Servers that the API does not use itself, asked over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from recommendation_api.probes import other_servers
from recsys.errors import Unavailable
from recsys.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


@asynccontextmanager
async def answering(port: int, status: str, asked: list[str]) -> AsyncIterator[None]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode())
        if status:
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        else:
            await reader.read()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield


async def test_up_is_what_answers_with_a_success_in_time(free_tcp_port: int) -> None:
    address = f"http://127.0.0.1:{free_tcp_port}"
    settings = Settings(
        RECSTACK_JUPYTER_URL=f"{address}/lab",
        RECSTACK_DEPENDENCY_TIMEOUT_SECONDS=0.3,
    )
    servers, asked = other_servers(settings), list[str]()
    async with answering(free_tcp_port, "200 OK", asked):
        for server in servers.values():
            await server.ping()
    assert asked == ["/lab/api"]
    for status in ("408 Request Timeout", "503 Service Unavailable", ""):
        async with answering(free_tcp_port, status, asked):
            for server in servers.values():
                with pytest.raises(Unavailable):
                    await server.ping()
    with pytest.raises(Unavailable):
        await servers["jupyter"].ping()
    for server in servers.values():
        await server.aclose()
