"""What a person may ask: everything that is kept of them, and its end in every store."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import Recommend
from tests.e2e.problems import assert_problem
from tests.e2e.releases import PROMISED_SECONDS
from tests.e2e.stack import Stack
from tests.e2e.traces import Traces

ALWAYS_DONE = {"postgresql", "memory", "redis", "logs"}


@pytest.fixture
def somebody(api: httpx.Client, world: SmallWorld) -> int:
    """With events, preferences, an external id and a hidden item."""
    said = {"age": 41, "external_id": f"crm-{uuid.uuid4()}", "preferences": {"categories": {"Books": 0.9}}}
    user_id = int(api.post("/users", json=said).json()["user_id"])
    for item_id in world.items_of("Books")[:5]:
        api.post("/interactions", json={"user_id": user_id, "item_id": item_id, "type": "like"})
    assert api.put(f"/users/{user_id}/hidden_items/{world.items_of('Music')[0]}").is_success
    return user_id


def erase(api: httpx.Client, user_id: int) -> dict[str, Any]:
    answer = api.delete(f"/users/{user_id}")
    assert answer.status_code == httpx.codes.OK, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def states(receipt: dict[str, Any]) -> dict[str, str]:
    return {each["store"]: each["state"] for each in receipt["stores"]}


def test_an_export_holds_everything_and_can_be_taken_in_again(
    api: httpx.Client, recommend: Recommend, somebody: int
) -> None:
    listed = recommend(somebody)["recommendation_id"]
    event = {"user_id": somebody, "item_id": 1, "type": "rating", "value": 4.5, "recommendation_id": listed}
    api.post("/interactions", json=event)
    deadline = time.monotonic() + PROMISED_SECONDS
    while not (exported := api.get(f"/users/{somebody}/export").json())["lists"]:
        assert time.monotonic() < deadline, "the list is not kept"
        time.sleep(0.1)
    assert list(exported) == ["user", "preferences", "interactions", "hidden_items", "lists"]
    assert (exported["user"]["user_id"], exported["user"]["age"]) == (somebody, 41)
    assert exported["preferences"]["categories"].keys() == {"Books"}
    assert len(exported["interactions"]) == 6
    assert len(exported["hidden_items"]) == 1
    assert [each["recommendation_id"] for each in exported["lists"]] == [listed]
    again = api.post("/interactions/batch", json={"interactions": exported["interactions"]}).json()
    assert {row["status"] for row in again["results"]} == {200}


def counted(api: httpx.Client, series: str) -> float:
    found = re.search(rf"^{re.escape(series)} (\S+)$", api.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_an_event_counts_for_the_list_that_it_names_if_that_is_the_users_own(
    api: httpx.Client, recommend: Recommend, somebody: int, newcomer: int
) -> None:
    """Whatever it names, it is stored as it was said."""
    answer = recommend(somebody)
    event = {
        "user_id": somebody,
        "item_id": answer["recommendations"][0]["item_id"],
        "type": "cart",
        "recommendation_id": answer["recommendation_id"],
    }
    own = 'recstack_attributed_events_total{algorithm="hybrid",type="cart"}'
    others = 'recstack_unattributed_events_total{reason="other_user"}'
    before = counted(api, own), counted(api, others)
    for named in ({}, {"user_id": newcomer}, {"recommendation_id": str(uuid.uuid4())}):
        assert api.post("/interactions", json={**event, **named}).status_code == httpx.codes.CREATED
    deadline = time.monotonic() + PROMISED_SECONDS
    while (counted(api, own), counted(api, others)) != (before[0] + 1, before[1] + 1):
        assert time.monotonic() < deadline, "the events are not attributed"
        time.sleep(0.1)
    exported = api.get(f"/users/{newcomer}/export").json()["interactions"]
    assert exported[0]["recommendation_id"] == answer["recommendation_id"]


def test_an_erased_user_answers_410_everywhere_at_once(api: httpx.Client, recommend: Recommend, somebody: int) -> None:
    recommend(somebody)
    receipt = erase(api, somebody)
    assert receipt["stores"][0]["removed"]["interactions"] == 5
    assert {store for store, state in states(receipt).items() if state == "done"} == ALWAYS_DONE
    event = {"user_id": somebody, "item_id": 1, "type": "view"}
    for method, address, body in (
        ("GET", f"/users/{somebody}/profile", None),
        ("GET", f"/users/{somebody}/similar", None),
        ("GET", f"/users/{somebody}/export", None),
        ("PATCH", f"/users/{somebody}", {"age": 20}),
        ("PUT", f"/users/{somebody}/hidden_items/1", None),
        ("DELETE", f"/users/{somebody}/hidden_items/1", None),
        ("DELETE", f"/users/{somebody}", None),
        ("POST", "/interactions", event),
        ("POST", "/recommendations", {"user_id": somebody}),
        ("POST", "/recommendations", {"user_id": somebody, "use_cache": False}),
    ):
        assert_problem(api.request(method, address, json=body), 410, "user_id")
    rows = api.post("/interactions/batch", json=[event, {**event, "user_id": 1}]).json()["results"]
    assert [row["status"] for row in rows] == [410, 201]
    assert api.get(f"/erasures/{receipt['receipt_id']}").json() == receipt


def test_the_id_of_another_system_brings_nobody_back(api: httpx.Client, somebody: int) -> None:
    external_id = api.get(f"/users/{somebody}/profile").json()["external_id"]
    erase(api, somebody)
    assert_problem(api.post("/users", json={"external_id": external_id}), 410, "external_id")


@pytest.mark.late(2)
def test_somebody_of_the_live_release_is_nobodys_neighbour_any_more(
    api: httpx.Client, world: SmallWorld, stack: Stack
) -> None:
    """Before any training: the row in the release is unusable at once."""

    def alike(user_id: int) -> list[int]:
        answer = api.get(f"/users/{user_id}/similar", params={"num_users": 500})
        return [user["user_id"] for user in answer.json()["users"]]

    doomed = len(world.users) - 3
    other = alike(doomed)[0]
    assert doomed in alike(other)
    erase(api, doomed)
    assert doomed not in alike(other)


def test_what_is_written_during_the_erasure_is_not_left_behind(
    api: httpx.Client, stack: Stack, world: SmallWorld, somebody: int
) -> None:
    def write(number: int) -> int:
        body = {"user_id": somebody, "item_id": 1 + number, "type": "view"}
        api.post("/recommendations", json={"user_id": somebody, "num_recommendations": 1 + number})
        return api.post("/interactions", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(write, number) for number in range(24)]
        receipt = erase(api, somebody)
        statuses = [each.result() for each in writes]
    assert set(statuses) <= {201, 410}
    assert receipt["stores"][0]["removed"]["interactions"] == 5 + statuses.count(201)
    time.sleep(0.5)
    with psycopg.connect(stack.database_url) as connection:
        for table in ("users", "interactions", "recommendation_lists", "hidden_items"):
            query = f"SELECT count(*) FROM {table} WHERE user_id = %s"  # noqa: S608 - names of ours
            assert connection.execute(query, (somebody,)).fetchone() == (0,), table


@pytest.fixture
def known_to_the_models(api: httpx.Client, stack: Stack, world: SmallWorld) -> Iterator[Traces]:
    """Somebody whose ids can be nothing else, with enough events to have a row in the next release."""
    traces = Traces(stack, 7_000_000_000_000_000_000 + uuid.uuid4().int % 10**15, f"crm-{uuid.uuid4()}")
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(
            "INSERT INTO users (user_id, external_id) VALUES (%s, %s)", (traces.user_id, traces.external_id)
        )
    for item_id in world.items_of("Garden")[:6]:
        event = {"user_id": traces.user_id, "item_id": item_id, "type": "like"}
        assert api.post("/interactions", json=event).status_code == httpx.codes.CREATED
    yield traces
    api.delete(f"/users/{traces.user_id}")


def train_and_wait(stack: Stack, api: httpx.Client) -> None:
    before = api.get("/health").json()["release"]
    stack.train()
    deadline = time.monotonic() + PROMISED_SECONDS
    while api.get("/health").json()["release"] == before:
        assert time.monotonic() < deadline, "the new release is not live"
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.late(1)
def test_after_the_next_training_nothing_but_the_keyed_hash_is_left(
    api: httpx.Client, stack: Stack, recommend: Recommend, known_to_the_models: Traces
) -> None:
    traces = known_to_the_models
    train_and_wait(stack, api)
    recommend(traces.user_id)
    assert_problem(api.post("/users", json={"external_id": traces.external_id}), 409, "external_id")
    time.sleep(0.5)
    assert traces.found().keys() == {"postgres", "redis", "releases", "mlflow"}, "the scan sees what is there"

    receipt = erase(api, traces.user_id)
    assert list(traces.in_postgres()) == []
    assert list(traces.in_redis()) == []
    late = {"user_id": traces.user_id, "item_id": 1, "type": "view"}
    assert_problem(api.post("/interactions", json=late), 410, "user_id")

    train_and_wait(stack, api)
    assert traces.found() == {}
    after = api.get(f"/erasures/{receipt['receipt_id']}").json()
    assert (after["state"], set(states(after).values())) == ("done", {"done"})
    key = stack.environment["RECSTACK_ERASURE_KEY"].encode()
    expected = hmac.new(key, b"user:%d" % traces.user_id, hashlib.sha256).digest()
    with psycopg.connect(stack.database_url) as connection:
        query = "SELECT count(*) FROM tombstones JOIN erasures ON user_hash = hash WHERE hash = %s"
        assert connection.execute(query, (expected,)).fetchone() == (1,)
    assert_problem(api.get(f"/users/{traces.user_id}/profile"), 410, "user_id")
