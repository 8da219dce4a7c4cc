from __future__ import annotations

from typing import Any

import pytest
from starlette.exceptions import HTTPException

from recommendation_api.problems import MAX_ERRORS, describe, problem_response
from recsys.adapters.memory import MemoryCatalog
from recsys.errors import (
    ArtifactCorrupt,
    Conflict,
    DataRefused,
    Erased,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotReady,
    Unavailable,
)

from .conftest import Api, Start, is_problem, sample

pytestmark = pytest.mark.anyio

WRONG_BODIES = {
    "nothing": b"",
    "malformed": b'{"user_id": 1',
    "two documents": b"{} {}",
    "invalid UTF-8": b'{"user_id": 1, "type": "\xff\xfe"}',
    "half a character": rb'{"event_id": "\ud800"}',
    "nested": b"[" * 100_000,
    "nested objects": b'{"a":' * 20_000,
    "NaN": b'{"user_id": NaN}',
    "Infinity": b'{"user_id": -Infinity}',
    "a list": b"[1, 2]",
    "a number": b"17",
    "null": b"null",
    "a huge number": b'{"user_id": ' + b"9" * 100_000 + b"}",
    "a byte order mark": b'\xef\xbb\xbf{"user_id": 1}',
}
BATCH = "/interactions/batch"
BODIED = [
    ("POST", "/recommendations"),
    ("POST", "/interactions"),
    ("POST", "/interactions/batch"),
    ("POST", "/users"),
    ("PATCH", "/users/1"),
    ("PUT", "/items/1"),
]


@pytest.mark.parametrize("kind", WRONG_BODIES)
async def test_a_body_that_is_none_is_refused_by_name(api: Api, kind: str) -> None:
    kept = api.database.events, api.database.users, api.database.items
    before = [len(part) for part in kept]
    headers = {"content-type": "application/json"}
    for method, address in BODIED:
        answer = await api.client.request(method, address, content=WRONG_BODIES[kind], headers=headers)
        if (kind, address) == ("a list", BATCH):
            continue
        assert answer.status_code == 422, address
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"]
    assert [len(part) for part in kept] == before


@pytest.mark.parametrize("kind", ["nothing", "malformed", "invalid UTF-8", "nested", "a list", "null"])
async def test_what_is_no_object_names_the_body(api: Api, kind: str) -> None:
    for method, address in BODIED:
        if (kind, address) != ("a list", BATCH):
            is_problem(await api.client.request(method, address, content=WRONG_BODIES[kind]), 422, "body")


async def test_a_batch_may_be_a_list_whose_rows_are_refused_one_by_one(api: Api) -> None:
    answer = await api.client.post(BATCH, content=WRONG_BODIES["a list"])
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(row["status"], row["error"]["errors"][0]["field"]) for row in results] == [(422, "body"), (422, "body")]


async def test_an_unknown_address_is_a_problem_too(api: Api) -> None:
    problem = is_problem(await api.client.get("/nothing/here"), 404)
    assert (problem["title"], problem["instance"], problem["type"]) == ("Not Found", "/nothing/here", "about:blank")
    is_problem(await api.client.get("/popular/"), 404)


async def test_a_wrong_method_is_told_the_right_one(api: Api) -> None:
    answer = await api.client.delete("/popular")
    problem = is_problem(answer, 405)
    assert answer.headers["allow"] == "GET"
    assert "GET" in problem["detail"]
    is_problem(await api.client.get("/recommendations"), 405)


async def test_an_unexpected_error_says_nothing_and_is_counted(start: Start, database: Any) -> None:
    class Broken(MemoryCatalog):
        async def get(self, item_id: int) -> None:
            raise RuntimeError("secret of the house")

    def counted() -> float:
        return sample("recstack_requests_total", route="/items/{item_id}", method="GET", status="500", algorithm="")

    api, before = await start(catalog=Broken(database)), counted()
    answer = await api.client.get("/items/1", headers={"X-Request-ID": "try-1"})
    problem = is_problem(answer, 500)
    assert "secret" not in answer.text
    assert problem["title"] == "Internal Server Error"
    assert answer.headers["x-request-id"] == "try-1"
    assert counted() == before + 1


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (InvalidInput("off"), 422, "urn:recstack:problem:invalid-input"),
        (NotFound("gone"), 404, "urn:recstack:problem:not-found"),
        (Erased("forgotten"), 410, "urn:recstack:problem:erased"),
        (Conflict("taken"), 409, "urn:recstack:problem:conflict"),
        (Forbidden("no"), 403, "urn:recstack:problem:forbidden"),
        (NotReady("soon"), 503, "urn:recstack:problem:not-ready"),
        (Unavailable("away", dependency="postgres"), 503, "urn:recstack:problem:dependency-unavailable"),
        (DataRefused("a path of this machine"), 500, "about:blank"),
        (ArtifactCorrupt("a path of this machine"), 500, "about:blank"),
        (ValueError("a path of this machine"), 500, "about:blank"),
        (HTTPException(418, "short and stout"), 418, "about:blank"),
    ],
)
async def test_every_error_of_the_tree_has_its_status(error: Exception, status: int, type_: str) -> None:
    problem = describe(error, "/somewhere")
    assert (problem.status, problem.type, problem.instance) == (status, type_, "/somewhere")
    assert "machine" not in problem.detail


async def test_whoever_should_come_back_is_told_when() -> None:
    assert problem_response(Unavailable("away", dependency="redis", retry_after=3), "/").headers["retry-after"] == "3"
    assert int(problem_response(NotReady("soon"), "/").headers["retry-after"]) > 0
    assert "retry-after" not in problem_response(NotFound("gone"), "/").headers


async def test_a_flood_of_errors_is_cut(api: Api) -> None:
    problem = describe(InvalidInput("off", fields=(FieldError("x", "bad"),) * 5000), "/")
    assert len(problem.errors or ()) == MAX_ERRORS
    body = {"user_id": 1, "filters": {"exclude_item_ids": [0] * 10_000}}
    answer = await api.client.post("/recommendations", json=body)
    assert answer.status_code == 422
    assert len(answer.content) < 20_000
    assert "and 9997 more" in answer.json()["detail"]


async def test_a_problem_never_repeats_what_was_sent(api: Api) -> None:
    answer = await api.client.post("/users", json={"country": "a secret word", "age": "another secret"})
    assert "secret" not in answer.text


async def test_a_field_that_nobody_knows_is_named_in_short(api: Api) -> None:
    answer = await api.client.post("/users", json={"agee": 30})
    assert answer.json()["errors"] == [{"field": "agee", "message": "This field is not known here"}]
    flood = await api.client.post("/users", json={"x" * 500_000: 30})
    assert flood.status_code == 422
    assert len(flood.content) < 2000
