"""Whatever arrives, the answer is one that the API describes: never a 500, never a problem without its document."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from .conftest import Api

pytestmark = pytest.mark.anyio

FIELDS = {
    "/recommendations": (
        "user_id num_recommendations algorithm filters diversity novelty serendipity explain use_cache page_token "
        "categories min_price"
    ),
    "/interactions": "user_id item_id type value occurred_at event_id recommendation_id",
    "/interactions/batch": "interactions user_id item_id type",
    "/users": "age gender country preferences categories liked_item_ids external_id",
    "/users/1": "age gender country preferences categories liked_item_ids",
    "/items/1": "title description category tags brand price available_from available_until",
}
METHODS = {"/users/1": "PATCH", "/items/1": "PUT"}
WORDS = ["view", "rating", "hybrid", "als", "Garden", "Books", "DE", "female", "2026-01-01T00:00:00Z", "", "\0", "1"]
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-2, 130)
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=20)
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
)
FUZZ = hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def bodies(address: str) -> st.SearchStrategy[Any]:
    names = st.sampled_from(FIELDS[address].split()) | st.text(max_size=5)
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5), max_leaves=12
    )
    return st.dictionaries(names, values, max_size=8) | values


def check(answer: Any) -> None:
    assert answer.status_code in {200, 201, 404, 409, 413, 422}, (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


questions = st.sampled_from(list(FIELDS)).flatmap(lambda address: st.tuples(st.just(address), bodies(address)))


@FUZZ
@given(question=questions)
async def test_any_json_is_answered(api: Api, question: tuple[str, Any]) -> None:
    address, body = question
    check(await api.client.request(METHODS.get(address, "POST"), address, content=json.dumps(body).encode()))


@FUZZ
@given(content=st.binary(max_size=200), address=st.sampled_from(list(FIELDS)))
async def test_any_bytes_are_answered(api: Api, content: bytes, address: str) -> None:
    check(await api.client.request(METHODS.get(address, "POST"), address, content=content))


names = st.sampled_from(["q", "category", "num_items", "num_similar", "algorithm", "num_users"]) | st.text(max_size=5)
addresses = st.sampled_from(
    ["/popular", "/search", "/items/1/similar", "/users/1/similar", "/users/1/profile", "/health"]
) | st.text(st.characters(codec="utf-8"), max_size=10).map(lambda text: f"/items/{quote(text)}")


@FUZZ
@given(parameters=st.dictionaries(names, leaves.map(str), max_size=4), address=addresses)
async def test_any_parameter_is_answered(api: Api, parameters: dict[str, str], address: str) -> None:
    answer = await api.client.get(f"{address}?{urlencode(parameters, errors='replace')}")
    assert answer.status_code in {200, 404, 422}, answer.text
    if answer.is_error:
        assert answer.headers["content-type"] == "application/problem+json"
