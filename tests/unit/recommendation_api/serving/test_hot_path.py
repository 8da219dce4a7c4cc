"""The handler under the ASGI server, spoken to in ASGI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from recommendation_api.serving import HotPath, Serving
from tests.unit.recommendation_api.serving.running import Running

pytestmark = pytest.mark.anyio

Message = MutableMapping[str, Any]


class Behind:
    """The application that gets everything else."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(f"{scope['type']} {scope.get('method')} {scope.get('path')}")


async def post(app: HotPath, *chunks: bytes, **more: Any) -> tuple[int, dict[bytes, bytes], Any]:
    scope = {"type": "http", "method": "POST", "path": "/recommendations", "headers": [], **more}
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": number + 1 < len(chunks)}
        for number, chunk in enumerate(chunks)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    headers = dict(sent[0]["headers"])
    assert int(headers[b"content-length"]) == len(body)
    return sent[0]["status"], headers, json.loads(body)


@pytest.fixture
def app(running: Running) -> HotPath:
    return HotPath(Behind(), lambda: running.serving)


async def test_an_answer_and_its_repetition(app: HotPath) -> None:
    body = b'{"user_id":1,"num_recommendations":5,"algorithm":"hybrid"}'
    status, headers, first = await post(app, body)
    assert (status, headers[b"content-type"]) == (200, b"application/json")
    assert list(first) == [
        "user_id",
        "algorithm",
        "release",
        "recommendation_id",
        "generated_at",
        "cached",
        "cold_start",
        "degraded",
        "recommendations",
        "next_page_token",
    ]
    assert [list(entry) for entry in first["recommendations"]] == [
        ["rank", "item_id", "title", "category", "score", "reason"]
    ] * 5
    assert (await post(app, body))[2] == {**first, "cached": True}


async def test_a_body_in_pieces(app: HotPath) -> None:
    status, _, answer = await post(app, b'{"user', b'_id":', b"7}")
    assert (status, answer["user_id"], len(answer["recommendations"])) == (200, 7, 10)


async def test_everything_else_goes_on(running: Running) -> None:
    behind = Behind()
    app = HotPath(behind, lambda: running.serving)
    for scope in (
        {"type": "lifespan"},
        {"type": "http", "method": "GET", "path": "/recommendations"},
        {"type": "http", "method": "POST", "path": "/recommendations/"},
        {"type": "http", "method": "POST", "path": "/interactions"},
    ):
        await app(scope, asyncio.Queue().get, asyncio.Queue().put)  # type: ignore[arg-type]
    assert behind.seen == [
        "lifespan None None",
        "http GET /recommendations",
        "http POST /recommendations/",
        "http POST /interactions",
    ]


BAD: list[tuple[bytes, str]] = [
    (b"", "body"),
    (b"{", "body"),
    (b"[]", "body"),
    (b'"text"', "body"),
    (b"\xff\xfe", "body"),
    (b'{"user_id":"\xff"}', "body"),
    (b"{}", "user_id"),
    (b'{"user_id":0}', "user_id"),
    (b'{"user_id":-1}', "user_id"),
    (b'{"user_id":9223372036854775808}', "user_id"),
    (b'{"user_id":1e400}', "user_id"),
    (b'{"user_id":"1"}', "user_id"),
    (b'{"user_id":1.0}', "user_id"),
    (b'{"user_id":true}', "user_id"),
    (b'{"user_id":null}', "user_id"),
    (b'{"user_id":1,"num_recommendations":0}', "num_recommendations"),
    (b'{"user_id":1,"num_recommendations":-1}', "num_recommendations"),
    (b'{"user_id":1,"num_recommendations":1000000000}', "num_recommendations"),
    (b'{"user_id":1,"num_recommendations":2.5}', "num_recommendations"),
    (b'{"user_id":1,"algorithm":"best"}', "algorithm"),
    (b'{"user_id":1,"algorithm":null}', "algorithm"),
    (b'{"user_id":1,"algorithm":"ncf"}', "algorithm"),
    (b'{"user_id":1,"diversity":1.5}', "diversity"),
    (b'{"user_id":1,"diversity":NaN}', "diversity"),
    (b'{"user_id":1,"novelty":null}', "novelty"),
    (b'{"user_id":1,"serendipity":2}', "serendipity"),
    (b'{"user_id":1,"explain":1}', "explain"),
    (b'{"user_id":1,"explain":"all"}', "explain"),
    (b'{"user_id":1,"use_cache":"no"}', "use_cache"),
    (b'{"user_id":1,"page_token":""}', "page_token"),
    (b'{"user_id":1,"page_token":"eAE"}', "page_token"),
    (b'{"user_id":1,"session_id":"a"}', "session_id"),
    (b'{"user_id":1,"filters":[]}', "filters"),
    (b'{"user_id":1,"filters":{"colour":"red"}}', "filters.colour"),
    (b'{"user_id":1,"filters":{"categories":[]}}', "filters.categories"),
    (b'{"user_id":1,"filters":{"categories":"Books"}}', "filters.categories"),
    (b'{"user_id":1,"filters":{"categories":["No such"]}}', "filters.categories"),
    (b'{"user_id":1,"filters":{"exclude_categories":["No such"]}}', "filters.exclude_categories"),
    (b'{"user_id":1,"filters":{"categories":["Books"],"exclude_categories":["Books"]}}', "filters.exclude_categories"),
    (b'{"user_id":1,"filters":{"exclude_item_ids":[1,"2"]}}', "filters.exclude_item_ids.1"),
    (b'{"user_id":1,"filters":{"exclude_item_ids":[%s]}}' % b",".join([b"1"] * 10_001), "filters.exclude_item_ids"),
    (b'{"user_id":1,"filters":{"min_price":2,"max_price":1}}', "filters.min_price"),
    (b'{"user_id":1,"filters":{"min_price":-1}}', "filters.min_price"),
    (b'{"user_id":1,"filters":{"max_price":Infinity}}', "filters.max_price"),
]


@pytest.mark.parametrize(("body", "field"), BAD, ids=[body[:60].decode(errors="replace") for body, _ in BAD])
async def test_bad_input_is_a_problem_that_names_the_field(app: HotPath, body: bytes, field: str) -> None:
    status, headers, problem = await post(app, body)
    assert (status, headers[b"content-type"]) == (422, b"application/problem+json")
    assert [each["field"] for each in problem["errors"]] == [field]
    assert problem["instance"] == "/recommendations"


async def test_a_body_beyond_a_mebibyte_is_refused_unread(app: HotPath) -> None:
    status, _, problem = await post(app, b"{}", headers=[(b"content-length", b"10485760")])
    assert (status, problem["status"]) == (413, 413)
    assert (await post(app, *[b" " * 100_000] * 11))[0] == 413


async def test_before_the_lifespan_the_service_is_starting() -> None:
    def nothing() -> Serving | None:
        return None

    status, headers, problem = await post(HotPath(Behind(), nothing), b'{"user_id":1}')
    assert (status, problem["title"]) == (503, "Not ready")
    assert b"retry-after" in headers
