"""Rules of the house: in force in the next answer on every path, within their schedule, and kept to be read."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from recsys.domain import Algorithm
from tests.e2e.conftest import PutItem, Recommend
from tests.e2e.problems import assert_problem
from tests.e2e.stack import Stack

ALL = 500
FOLLOWED_SECONDS = 3.0
"""The time in which every worker reads the catalogue anew, and some."""

Make = Callable[..., dict[str, Any]]


def ids(answer: dict[str, Any], name: str = "recommendations") -> list[int]:
    return [entry["item_id"] for entry in answer[name]]


@pytest.fixture
def make(api: httpx.Client, stack: Stack) -> Iterator[Make]:
    """Makes a rule; all are ended afterwards."""
    made: list[int] = []

    def make_one(action: str, target: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"name": f"Made for a test: {action}", "action": action, "target": target, **more}
        response = api.post("/rules", json=body, headers=stack.admin)
        assert response.status_code == httpx.codes.CREATED, response.text
        rule: dict[str, Any] = response.json()
        made.append(rule["rule_id"])
        return rule

    yield make_one
    for rule_id in made:
        api.delete(f"/rules/{rule_id}", headers=stack.admin).raise_for_status()


@pytest.fixture
def shelf(put_item: PutItem) -> tuple[str, list[int]]:
    """Eight items in a category of their own, which only these tests look at."""
    name = f"Shelf {uuid.uuid4().hex[:8]}"
    return name, [put_item(category=name, brand=f"Brand {number % 2} of {name}") for number in range(8)]


Shelf = tuple[str, list[int]]


def eventually(hold: Callable[[], bool]) -> None:
    deadline = time.monotonic() + FOLLOWED_SECONDS
    while not hold():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_blocked_item_is_in_no_list_and_lists_stay_full(
    *, api: httpx.Client, recommend: Recommend, newcomer: int, shelf: Shelf, make: Make, served: list[Algorithm]
) -> None:
    category, items = shelf
    filters = {"categories": [category]}
    recommend(newcomer, filters=filters)
    rule = make("block", {"item_ids": items[:2]})
    assert (rule["state"], rule["items"], rule["version"]) == ("live", 2, 1)
    eventually(lambda: set(ids(recommend(newcomer, filters=filters))) == set(items[2:]))
    assert ids(recommend(newcomer, num_recommendations=6, filters=filters)) == ids(recommend(newcomer, filters=filters))
    for name in served:
        found = ids(recommend(newcomer, num_recommendations=ALL, algorithm=name))
        assert set(items[2:]) <= set(found)
        assert not set(items[:2]) & set(found), name
    popular = api.get("/popular", params={"category": category}).json()
    assert set(ids(popular, "items")) == set(items[2:])
    for kind in ("content_based", "item_based", "als", "hybrid"):
        alike = api.get(f"/items/{items[2]}/similar?num_similar={ALL}&algorithm={kind}").json()
        assert not set(items[:2]) & set(ids(alike, "similar")), kind
    guest = api.post("/sessions/recommendations", json={"item_ids": [items[2]], "filters": filters}).json()
    assert set(ids(guest)) == set(items[3:])


def test_a_boost_lifts_a_bury_lowers_and_the_explanation_says_by_how_much(
    recommend: Recommend, newcomer: int, shelf: Shelf, make: Make
) -> None:
    category, _ = shelf
    filters = {"categories": [category]}
    before = recommend(newcomer, explain=True, filters=filters)["recommendations"]
    own = {entry["item_id"]: entry["score"] for entry in before}
    last, first = before[-1]["item_id"], before[0]["item_id"]
    lifted = make("boost", {"item_ids": [last]}, factor=50)
    lowered = make("bury", {"item_ids": [first]}, factor=0.02)
    eventually(lambda: ids(recommend(newcomer, filters=filters))[0] == last)
    after = recommend(newcomer, explain=True, filters=filters)["recommendations"]
    assert [after[0]["item_id"], after[-1]["item_id"]] == [last, first]
    for entry, rule, factor in ((after[0], lifted, 50), (after[-1], lowered, 0.02)):
        assert entry["score"] == pytest.approx(factor * own[entry["item_id"]], rel=1e-3)
        named = {name: rule[name] for name in ("rule_id", "version", "name", "action")}
        assert entry["explanation"]["rules"] == [named]
        shares = {part["source"]: part["share"] for part in entry["explanation"]["parts"]}
        assert sum(shares.values()) == pytest.approx(entry["score"], abs=1e-6)
        assert shares[f"rule:{rule['rule_id']}"] == pytest.approx((factor - 1) * own[entry["item_id"]], rel=1e-3)


def test_pinned_items_have_their_places_in_order(recommend: Recommend, newcomer: int, shelf: Shelf, make: Make) -> None:
    category, items = shelf
    filters = {"categories": [category]}
    before = ids(recommend(newcomer, filters=filters))
    make("pin", {"item_ids": [before[7], before[5]]}, position=2)
    wanted = [before[0], before[7], before[5], *before[1:5], before[6]]
    eventually(lambda: ids(recommend(newcomer, filters=filters)) == wanted)
    answer = recommend(newcomer, explain=True, num_recommendations=4, filters=filters)["recommendations"]
    assert [entry["item_id"] for entry in answer] == wanted[:4]
    scores = [entry["score"] for entry in answer]
    assert scores == sorted(scores, reverse=True)
    assert [entry["reason"] for entry in answer].count("Featured") == 2
    page: dict[str, Any] = {}
    shown: list[int] = []
    while len(shown) < len(items):
        part = recommend(newcomer, num_recommendations=3, filters=filters, **page)
        shown += ids(part)
        page = {"page_token": part.get("next_page_token")}
    assert shown == wanted


def test_tags_brands_and_algorithms_narrow_a_rule(
    recommend: Recommend, newcomer: int, shelf: Shelf, make: Make
) -> None:
    category, items = shelf
    filters = {"categories": [category]}
    make("block", {"categories": [category], "brands": [f"Brand 1 of {category}"]}, algorithms=["popularity"])
    even = {item_id for number, item_id in enumerate(items) if number % 2 == 0}
    eventually(lambda: set(ids(recommend(newcomer, algorithm="popularity", filters=filters))) == even)
    assert set(ids(recommend(newcomer, filters=filters))) == set(items)


def test_cached_answers_follow_the_schedule(recommend: Recommend, newcomer: int, shelf: Shelf, make: Make) -> None:
    category, items = shelf
    filters = {"categories": [category]}
    start = datetime.now(UTC) + timedelta(seconds=0.5)
    schedule = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(seconds=0.5)).isoformat()}
    rule = make("block", {"item_ids": items[:1]}, **schedule)
    assert rule["state"] == "scheduled"
    states = []
    while datetime.now(UTC) < start + timedelta(seconds=0.7):
        asked = datetime.now(UTC)
        holds = items[0] not in ids(recommend(newcomer, filters=filters))
        told = datetime.now(UTC)
        if told < start or asked > start + timedelta(seconds=0.5):
            assert not holds
        elif start <= asked and told < start + timedelta(seconds=0.5):
            assert holds
        states.append(holds)
        time.sleep(0.01)
    assert {True, False} == set(states)


def test_every_version_is_kept_and_an_ended_rule_stays_ended(
    *, api: httpx.Client, stack: Stack, recommend: Recommend, newcomer: int, shelf: Shelf, make: Make
) -> None:
    category, items = shelf
    filters = {"categories": [category]}
    rule = make("block", {"item_ids": items[:1]})
    address = f"/rules/{rule['rule_id']}"
    changed = api.patch(address, json={"target": {"item_ids": items[1:2]}}, headers=stack.admin)
    assert changed.json()["version"] == 2
    eventually(lambda: set(ids(recommend(newcomer, filters=filters))) == set(items) - {items[1]})
    assert api.delete(address, headers=stack.admin).json()["state"] == "ended"
    eventually(lambda: set(ids(recommend(newcomer, filters=filters))) == set(items))
    history = api.get(address, headers=stack.admin).json()["versions"]
    assert [(each["version"], each["ended"], each["target"]["item_ids"]) for each in history] == [
        (3, True, items[1:2]),
        (2, False, items[1:2]),
        (1, False, items[:1]),
    ]
    assert_problem(api.patch(address, json={"name": "Again"}, headers=stack.admin), 409)
    live = api.get("/rules", headers=stack.admin).json()["rules"]
    assert rule["rule_id"] not in [each["rule_id"] for each in live]
    past = api.get("/rules", params={"include_past": True}, headers=stack.admin).json()["rules"]
    assert rule["rule_id"] in [each["rule_id"] for each in past]


def test_a_preview_shows_before_and_after_and_stores_nothing(
    api: httpx.Client, stack: Stack, recommend: Recommend, newcomer: int, shelf: Shelf
) -> None:
    category, _ = shelf
    filters = {"categories": [category]}
    before = ids(recommend(newcomer, filters=filters))
    rule = {"name": "Tried", "action": "pin", "target": {"item_ids": before[-1:]}, "position": 1}
    body = {"user_id": newcomer, "rule": rule, "filters": filters}
    told = api.post("/rules/preview", json=body, headers=stack.admin).json()
    assert ids(told, "before") == before
    assert ids(told, "after") == [before[-1], *before[:-1]]
    assert told["after"][0]["explanation"]["rules"][0]["action"] == "pin"
    assert ids(recommend(newcomer, use_cache=False, filters=filters)) == before
    names = [each["name"] for each in api.get("/rules?include_past=true", headers=stack.admin).json()["rules"]]
    assert "Tried" not in names


def test_rules_are_the_admin_s_and_make_sense(api: httpx.Client, stack: Stack, shelf: Shelf) -> None:
    rule = {"name": "x", "action": "block", "target": {"item_ids": shelf[1][:1]}}
    assert_problem(api.post("/rules", json=rule), 403)
    assert_problem(api.get("/rules"), 403)
    backwards = {**rule, "starts_at": "2027-01-02T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}
    assert_problem(api.post("/rules", json=backwards, headers=stack.admin), 422, "ends_at")
    assert_problem(api.post("/rules", json={**rule, "target": {}}, headers=stack.admin), 422, "target")
    unknown = {**rule, "target": {"categories": ["No such category"]}}
    assert_problem(api.post("/rules", json=unknown, headers=stack.admin), 422, "target.categories.0")
    assert_problem(api.post("/rules", json={**rule, "factor": 2.0}, headers=stack.admin), 422, "factor")
