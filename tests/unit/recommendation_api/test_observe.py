from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from recommendation_api.observe import Observe
from recsys import logs
from recsys.adapters.memory import MemoryCatalog
from recsys.settings import Settings

from .conftest import Api, Start, sample

pytestmark = pytest.mark.anyio


def counted(route: str, method: str, status: str) -> float:
    return sample("recstack_requests_total", route=route, method=method, status=status, algorithm="")


async def test_every_answer_carries_the_request_id(api: Api) -> None:
    for address in ("/popular", "/nothing", "/items/x"):
        given = await api.client.get(address, headers={"X-Request-ID": "trace-17.b"})
        assert given.headers["x-request-id"] == "trace-17.b"
    hot = await api.client.post("/recommendations", json={"user_id": 1}, headers={"X-Request-ID": "trace-18"})
    assert hot.headers["x-request-id"] == "trace-18"


@pytest.mark.parametrize("given", [b"", b"a b", b"x" * 65, b"<script>", b"\xff"])
async def test_an_id_that_could_spoil_the_log_is_replaced(api: Api, given: bytes) -> None:
    answer = await api.client.get("/popular", headers={b"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{8}", answer.headers["x-request-id"])


async def test_two_requests_have_two_ids(api: Api) -> None:
    first, second = [(await api.client.get("/popular")).headers["x-request-id"] for _ in range(2)]
    assert first != second


async def test_every_status_is_counted(api: Api) -> None:
    cases = [
        ("GET", "/items/1", "/items/{item_id}", 200),
        ("GET", "/items/x", "/items/{item_id}", 422),
        ("GET", "/items/999999", "/items/{item_id}", 404),
        ("DELETE", "/items/1", "/items/{item_id}", 405),
        ("POST", "/recommendations", "/recommendations", 422),
        ("GET", "/../etc/passwd", "unknown", 404),
    ]
    for method, address, route, status in cases:
        before = counted(route, method, str(status))
        assert (await api.client.request(method, address)).status_code == status
        assert counted(route, method, str(status)) == before + 1


async def test_an_invented_method_has_no_label_of_its_own(api: Api) -> None:
    before = counted("/popular", "unknown", "405")
    await api.client.request("BREW", "/popular")
    assert counted("/popular", "unknown", "405") == before + 1


async def test_a_caller_who_left_is_counted_as_such() -> None:
    async def leaves() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        from recommendation_api.limits import read_body

        await read_body(scope, receive)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    before = counted("/x", "POST", "499")
    scope = {"type": "http", "method": "POST", "path": "/x", "headers": []}
    await Observe(app, frozenset({"/x"}))(scope, leaves, send)
    assert counted("/x", "POST", "499") == before + 1


@pytest.fixture
def as_in_production() -> Iterator[None]:
    root, before = logging.getLogger(), structlog.get_config()
    level, handlers = root.level, root.handlers
    yield
    root.setLevel(level)
    root.handlers = handlers
    structlog.configure(**before)


@pytest.mark.usefixtures("as_in_production")
async def test_the_log_names_the_request_and_nobody(
    start: Start, database: Any, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(MemoryCatalog):
        async def get(self, item_id: int) -> None:
            cause = KeyError(f"Key (user_id)=({item_id}) is not present")
            raise RuntimeError(f"item {item_id} cannot be read") from cause

    logs.configure(settings.model_copy(update={"log_json": True}))
    api = await start(catalog=Broken(database))
    await api.client.get("/items/8675309", headers={"X-Request-ID": "trace-19"})
    written = capsys.readouterr().err
    line = json.loads(next(line for line in written.splitlines() if "unexpected error" in line))
    assert (line["request_id"], line["route"], line["level"]) == ("trace-19", "/items/{item_id}", "error")
    assert "RuntimeError: item # cannot be read" in line["exception"]
    assert "Key (user_id)=(#)" in line["exception"]
    assert "8675309" not in written


@pytest.mark.usefixtures("as_in_production")
def test_other_libraries_write_into_the_same_log(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings.model_copy(update={"log_json": True}))
    logging.getLogger("uvicorn.error").warning("the pool is empty")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"]) == ("the pool is empty", "warning")
