from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from recommendation_api import limits
from recommendation_api.limits import LimitConcurrency

from .conftest import Api, is_problem

pytestmark = pytest.mark.anyio

ADDRESSES = ["/recommendations", "/interactions"]
MIB = 1 << 20


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b" " * size


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_body_of_ten_megabytes_is_refused(api: Api, address: str) -> None:
    is_problem(await api.client.post(address, content=b" " * (10 * MIB)), 413)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_body_that_hides_its_size_is_counted(api: Api, address: str) -> None:
    is_problem(await api.client.post(address, content=chunks(*[MIB // 4] * 5)), 413)
    is_problem(await api.client.post(address, content=chunks(MIB + 1)), 413)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_no_more_is_held_than_it_takes_to_refuse(api: Api, address: str) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(40):
            taken += MIB // 4
            yield b" " * (MIB // 4)

    is_problem(await api.client.post(address, content=endless()), 413)
    assert taken <= 2 * MIB


@pytest.mark.parametrize("address", ADDRESSES)
async def test_one_mebibyte_is_read(api: Api, address: str) -> None:
    body = b'{"user_id": 1, "item_id": 1, "type": "view"}' if address == "/interactions" else b'{"user_id": 1}'
    padded = body + b" " * (MIB - len(body))
    assert (await api.client.post(address, content=padded)).is_success
    is_problem(await api.client.post(address, content=padded + b" "), 413)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_body_in_pieces_is_put_together(api: Api, address: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for byte in (
            b'{"user_id": 1, "item_id": 1, "type": "view"}' if address == "/interactions" else b'{"user_id": 1}'
        ):
            yield bytes([byte])

    assert (await api.client.post(address, content=pieces())).is_success


@pytest.mark.parametrize("address", ADDRESSES)
async def test_only_json_is_read(api: Api, address: str) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        is_problem(await api.client.post(address, content=b"{}", headers={"content-type": kind}), 415)
    for kind in ("application/json", "Application/JSON; charset=utf-8"):
        assert (await api.client.post(address, content=b"{}", headers={"content-type": kind})).status_code == 422


async def test_a_question_without_a_body_may_carry_any_type(api: Api) -> None:
    assert (await api.client.get("/popular", headers={"content-type": "text/plain"})).is_success


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_body_that_does_not_end_is_given_up(api: Api, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY_SECONDS", 0.02)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)
        yield b"}"

    is_problem(await api.client.post(address, content=endless()), 408)


async def test_a_crowd_is_refused_at_once_and_let_in_again_afterwards() -> None:
    doors = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await doors.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app = LimitConcurrency(slow, most=2)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        inside = [asyncio.create_task(client.get("/")) for _ in range(2)]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            refused = await client.get("/")
        is_problem(refused, 503)
        assert refused.headers["retry-after"] == "1"
        doors.set()
        assert [(await task).status_code for task in inside] == [204, 204]
        assert (await client.get("/")).status_code == 204
