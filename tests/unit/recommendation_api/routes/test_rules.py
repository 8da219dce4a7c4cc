from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from recsys.domain import MAX_ID
from recsys.settings import Settings
from recsys.testing.clock import ManualClock
from recsys.testing.worlds import END, SmallWorld

from ..conftest import Api, Start, is_problem, sample

pytestmark = pytest.mark.anyio

KEY = {"X-API-Key": "the admin's"}
ALL = 500


@pytest.fixture
async def api(start: Start, settings: Settings) -> Api:
    return await start(settings.model_copy(update={"admin_key": SecretStr(KEY["X-API-Key"])}))


async def make(api: Api, **rule: Any) -> dict[str, Any]:
    answer = await api.client.post("/rules", json={"name": "A rule", **rule}, headers=KEY)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/rules/{made['rule_id']}"
    return made


def turn(api: Api, **by: float) -> None:
    clock = api.stores.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(**by).total_seconds())


async def entries(api: Api, user_id: int, **more: Any) -> list[dict[str, Any]]:
    answer = await api.client.post("/recommendations", json={"user_id": user_id, "explain": True, **more})
    found: list[dict[str, Any]] = answer.json()["recommendations"]
    return found


async def test_a_block_takes_effect_in_the_next_answer_and_ends_with_the_rule(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    before = await api.recommended(user_id)
    made = await make(api, action="block", target={"item_ids": before[:2]})
    assert (made["version"], made["state"], made["items"]) == (1, "live", 2)
    after = await api.recommended(user_id)
    assert len(after) == len(before)
    assert not set(after) & set(before[:2])
    ended = await api.client.delete(f"/rules/{made['rule_id']}", headers=KEY)
    assert (ended.json()["state"], ended.json()["version"]) == ("ended", 2)
    assert await api.recommended(user_id) == before


async def test_a_change_is_a_version_that_the_history_keeps(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    made = await make(api, action="bury", target={"categories": ["Garden"]}, factor=0.9)
    changed = await api.client.patch(f"/rules/{made['rule_id']}", json={"factor": 0.01, "name": "Less"}, headers=KEY)
    assert (changed.json()["version"], changed.json()["factor"], changed.json()["name"]) == (2, 0.01, "Less")
    for entry in await entries(api, user_id, filters={"categories": ["Garden"]}):
        (rule,) = entry["explanation"]["rules"]
        assert rule == {"rule_id": made["rule_id"], "version": 2, "name": "Less", "action": "bury"}
        shares = {part["source"]: part["share"] for part in entry["explanation"]["parts"]}
        assert sum(shares.values()) == pytest.approx(entry["score"], abs=1e-6)
        own = entry["score"] - shares[f"rule:{made['rule_id']}"]
        assert entry["score"] == pytest.approx(0.01 * own, abs=1e-5)
    told = (await api.client.get(f"/rules/{made['rule_id']}", headers=KEY)).json()
    assert [(version["version"], version["factor"]) for version in told["versions"]] == [(2, 0.01), (1, 0.9)]


async def test_a_pinned_item_has_its_place_and_says_so(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    wanted = [entry["item_id"] for entry in await entries(api, user_id, num_recommendations=60)][40:42]
    made = await make(api, action="pin", target={"item_ids": wanted}, position=2)
    found = await entries(api, user_id)
    assert [entry["item_id"] for entry in found[1:3]] == wanted
    assert [entry["reason"] for entry in found[1:3]] == ["Featured"] * 2
    scores = [entry["score"] for entry in found]
    assert scores == sorted(scores, reverse=True)
    for entry in found[1:3]:
        assert entry["explanation"]["rules"][0]["rule_id"] == made["rule_id"]
        shares = {part["source"]: part["share"] for part in entry["explanation"]["parts"]}
        assert shares[f"rule:{made['rule_id']}"] > 0
        assert sum(shares.values()) == pytest.approx(entry["score"], abs=1e-6)
    assert all(entry["explanation"]["rules"] == [] for entry in (found[0], *found[3:]))


async def test_a_cached_answer_knows_when_a_rule_starts_and_ends(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    first = (await api.recommended(user_id))[0]
    moments = {"starts_at": END + timedelta(minutes=1), "ends_at": END + timedelta(minutes=2)}
    schedule = {name: moment.isoformat() for name, moment in moments.items()}
    made = await make(api, action="block", target={"item_ids": [first]}, **schedule)
    assert made["state"] == "scheduled"
    assert first in await api.recommended(user_id)
    turn(api, seconds=61)
    assert first not in await api.recommended(user_id)
    turn(api, seconds=61)
    assert first in await api.recommended(user_id)
    assert (await api.client.get("/rules", headers=KEY)).json()["rules"] == []
    past = (await api.client.get("/rules?include_past=true", headers=KEY)).json()["rules"]
    assert [(rule["rule_id"], rule["state"]) for rule in past] == [(made["rule_id"], "over")]


async def test_a_preview_tells_before_and_after_and_stores_nothing(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    before = await api.recommended(user_id)
    rule = {"name": "x", "action": "block", "target": {"item_ids": before[:1]}}
    later = {**rule, "starts_at": (END + timedelta(days=1)).isoformat()}
    for tried in (rule, later):
        body = {"user_id": user_id, "rule": tried, "num_recommendations": 10}
        told = (await api.client.post("/rules/preview", json=body, headers=KEY)).json()
        assert [entry["item_id"] for entry in told["before"]] == before
        assert [entry["item_id"] for entry in told["after"]][:9] == before[1:]
        assert told["items"] == 1
    now = {"user_id": user_id, "rule": later, "at": END.isoformat()}
    told = (await api.client.post("/rules/preview", json=now, headers=KEY)).json()
    assert told["before"] == told["after"]
    assert await api.recommended(user_id) == before
    assert (await api.client.get("/rules?include_past=true", headers=KEY)).json() == {"rules": []}
    assert [kept.user_id for kept in api.database.lists.values() if kept.user_id != user_id] == []


async def test_a_preview_of_a_change_stands_in_for_the_rule(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    before = await api.recommended(user_id)
    made = await make(api, action="block", target={"item_ids": before[:1]})
    rule = {"name": "x", "action": "pin", "target": {"item_ids": before[:1]}, "position": 1}
    body = {"user_id": user_id, "rule": rule, "instead_of": made["rule_id"]}
    told = (await api.client.post("/rules/preview", json=body, headers=KEY)).json()
    assert before[0] not in [entry["item_id"] for entry in told["before"]]
    assert told["after"][0]["item_id"] == before[0]
    assert told["after"][0]["explanation"]["rules"][0] == {
        "rule_id": made["rule_id"],
        "version": 2,
        "name": "x",
        "action": "pin",
    }
    body["instead_of"] = MAX_ID
    is_problem(await api.client.post("/rules/preview", json=body, headers=KEY), 404, "rule_id")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"target": {}}, "target"),
        ({"target": {"item_ids": [MAX_ID]}}, "target.item_ids.0"),
        ({"target": {"categories": ["Books", "No such"]}}, "target.categories.1"),
        ({"factor": None}, "factor"),
        ({"factor": 0.5}, "factor"),
        ({"factor": 101}, "factor"),
        ({"position": 1}, "position"),
        ({"action": "promote"}, "action"),
        ({"algorithms": []}, "algorithms"),
        ({"name": " "}, "name"),
        ({"color": "red"}, "color"),
        ({"starts_at": "2026-03-02T00:00:00"}, "starts_at"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused(api: Api, change: dict[str, Any], field: str) -> None:
    rule = {"name": "x", "action": "boost", "target": {"categories": ["Books"]}, "factor": 2.0, **change}
    is_problem(await api.client.post("/rules", json=rule, headers=KEY), 422, field)
    body = {"user_id": 1, "rule": rule}
    refused = await api.client.post("/rules/preview", json=body, headers=KEY)
    assert refused.status_code == 422
    assert (await api.client.get("/rules?include_past=true", headers=KEY)).json() == {"rules": []}


async def test_a_change_that_cannot_be_is_refused(api: Api) -> None:
    made = await make(api, action="boost", target={"categories": ["Books"]}, factor=2.0)
    address = f"/rules/{made['rule_id']}"
    for change, field in (({"factor": None}, "factor"), ({"target": None}, "target"), ({"name": None}, "name")):
        is_problem(await api.client.patch(address, json=change, headers=KEY), 422, field)
    is_problem(await api.client.patch(address, json={"action": "bury"}, headers=KEY), 422, "action")
    assert (await api.client.get(address, headers=KEY)).json()["version"] == 1
    await api.client.delete(address, headers=KEY)
    is_problem(await api.client.patch(address, json={"factor": 3.0}, headers=KEY), 409)
    unknown = f"/rules/{MAX_ID}"
    is_problem(await api.client.get(unknown, headers=KEY), 404, "rule_id")
    is_problem(await api.client.delete(unknown, headers=KEY), 404, "rule_id")
    is_problem(await api.client.patch(unknown, json={"factor": 3.0}, headers=KEY), 404, "rule_id")


async def test_rules_are_the_admin_s(api: Api) -> None:
    rule = {"name": "x", "action": "block", "target": {"item_ids": [1]}}
    for method, address, body in (
        ("POST", "/rules", rule),
        ("GET", "/rules", None),
        ("GET", "/rules/1", None),
        ("PATCH", "/rules/1", {"name": "y"}),
        ("DELETE", "/rules/1", None),
        ("POST", "/rules/preview", {"user_id": 1, "rule": rule}),
    ):
        for headers in ({}, {"X-API-Key": "a guess"}):
            is_problem(await api.client.request(method, address, json=body, headers=headers), 403)


async def test_what_rules_move_is_counted_and_a_preview_is_not(api: Api, world: SmallWorld) -> None:
    def counted() -> dict[str, float]:
        return {action: sample("recstack_ruled_items_total", action=action) for action in ("boost", "bury", "pin")}

    user_id = world.lovers["Garden"][0]
    first = (await api.recommended(user_id))[0]
    before = counted()
    rule = {"name": "x", "action": "pin", "target": {"item_ids": [first]}, "position": 1}
    await api.client.post("/rules/preview", json={"user_id": user_id, "rule": rule}, headers=KEY)
    assert counted() == before
    await make(api, action="pin", target={"item_ids": [first]}, position=1)
    await make(api, action="boost", target={"item_ids": [first]}, factor=2.0)
    assert sample("recstack_rules") == 2
    await api.recommended(user_id)
    assert counted() == {"boost": before["boost"] + 1, "bury": before["bury"], "pin": before["pin"] + 1}
