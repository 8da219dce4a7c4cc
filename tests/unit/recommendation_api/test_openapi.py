from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import SecretStr

from recsys.settings import Settings

from .conftest import Api, Start, is_problem

pytestmark = pytest.mark.anyio

KEY = {"X-API-Key": "the admin's"}
EXPECTED = {
    "/recommendations": {"post"},
    "/algorithms": {"get"},
    "/interactions": {"post"},
    "/interactions/batch": {"post"},
    "/users": {"post"},
    "/users/{user_id}": {"patch", "delete"},
    "/users/{user_id}/export": {"get"},
    "/erasures/{receipt_id}": {"get"},
    "/users/{user_id}/profile": {"get"},
    "/users/{user_id}/similar": {"get"},
    "/users/{user_id}/hidden_items/{item_id}": {"put", "delete"},
    "/sessions": {"post"},
    "/sessions/{session_id}/interactions": {"post"},
    "/sessions/recommendations": {"post"},
    "/items/{item_id}": {"get", "put"},
    "/items/{item_id}/similar": {"get"},
    "/items/{item_id}/audience": {"get"},
    "/popular": {"get"},
    "/search": {"get"},
    "/rules": {"get", "post"},
    "/rules/preview": {"post"},
    "/rules/{rule_id}": {"get", "patch", "delete"},
    "/releases": {"get"},
    "/releases/{version}/report": {"get"},
    "/releases/{version}/promote": {"post"},
    "/releases/rollback": {"post"},
    "/health": {"get"},
    "/ready": {"get"},
    "/metrics": {"get"},
}


@pytest.fixture
async def api(start: Start, settings: Settings) -> Api:
    """With a key for the admin, which `KEY` is."""
    return await start(settings.model_copy(update={"admin_key": SecretStr(KEY["X-API-Key"])}))


@pytest.fixture
async def schema(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = (await api.client.get("/openapi.json")).json()
    return document


async def test_every_address_is_described(schema: dict[str, Any]) -> None:
    assert {path: set(operations) for path, operations in schema["paths"].items()} == EXPECTED
    for operations in schema["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["tags"][0] in {tag["name"] for tag in schema["tags"]}


async def test_problems_are_described_in_their_own_media_type(schema: dict[str, Any]) -> None:
    seen = 0
    for operations in schema["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    seen += 1
                    assert list(response["content"]) == ["application/problem+json"]
    assert seen > 20
    assert schema["components"]["schemas"]["Problem"]["properties"]["errors"]
    assert "HTTPValidationError" not in str(schema)


async def test_every_body_has_an_example_that_is_accepted(api: Api, schema: dict[str, Any]) -> None:
    checked = 0
    session_id = (await api.client.post("/sessions")).json()["session_id"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation:
                continue
            (media,) = operation["requestBody"]["content"].values()
            (example,) = schema["components"]["schemas"][media["schema"]["$ref"].rpartition("/")[2]]["examples"]
            address = path.replace("{user_id}", "1").replace("{item_id}", "1").replace("{session_id}", session_id)
            address = address.replace("{rule_id}", "1")
            known = str(example).replace("Travel", "Kitchen").replace("4021", "21")
            answer = await api.client.request(method, address, json=eval(known), headers=KEY)  # noqa: S307 - our own document
            assert answer.is_success, answer.text
            checked += 1
    assert checked == 12


async def test_a_batch_is_described_in_both_its_shapes(schema: dict[str, Any]) -> None:
    as_object, bare = schema["components"]["schemas"]["NewBatch"]["anyOf"]
    rows = as_object["properties"]["interactions"]
    assert as_object["required"] == ["interactions"]
    assert bare["type"] == rows["type"] == "array"
    for limit in ("minItems", "maxItems", "items"):
        assert bare[limit] == rows[limit]
    assert rows["items"]["title"] == "NewInteraction"


async def test_what_needs_the_admins_key_says_so(schema: dict[str, Any]) -> None:
    for address in ("/releases/{version}/promote", "/releases/rollback"):
        operation = schema["paths"][address]["post"]
        assert operation["security"] == [{"key": []}]
        assert {"403", "409", "503"} <= operation["responses"].keys()


async def test_references_lead_somewhere(schema: dict[str, Any]) -> None:
    named = set(re.findall(r"'\$ref': '([^']+)'", str(schema)))
    assert named
    assert named <= {f"#/components/schemas/{name}" for name in schema["components"]["schemas"]}


async def test_the_page_loads_everything_from_here(api: Api) -> None:
    page = (await api.client.get("/docs")).text
    assert "http" not in re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) == 3
    for address in assets:
        answer = await api.client.get(address)
        assert (answer.status_code, len(answer.content) > 1000) == (200, True)
    is_problem(await api.client.get("/docs/core.py"), 422, "name")
