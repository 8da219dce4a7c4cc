from __future__ import annotations

from typing import Any

import pytest

from recsys.adapters.memory import MemoryReleaseRegistry
from recsys.domain import Gender
from recsys.testing.worlds import END, SmallWorld

from ..conftest import Api, Start, is_problem

pytestmark = pytest.mark.anyio

NEW = {
    "age": 34,
    "gender": "female",
    "country": "DE",
    "preferences": {"categories": {"Garden": 1.0}},
    "liked_item_ids": [3, 1],
    "external_id": "crm-7",
}


async def test_a_new_user_comes_back_with_an_id(api: Api, world: SmallWorld) -> None:
    answer = await api.client.post("/users", json=NEW)
    user_id = len(world.users) + 1
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/users/{user_id}/profile"
    assert answer.json() == {
        **NEW,
        "liked_item_ids": [1, 3],
        "user_id": user_id,
        "signed_up_at": END.isoformat().replace("+00:00", "Z"),
    }
    assert api.database.users[user_id].gender is Gender.FEMALE


async def test_the_first_list_already_follows_what_was_said(api: Api, world: SmallWorld) -> None:
    user_id = len(world.users) + 1
    cold = await api.recommended(user_id)
    await api.client.post("/users", json={"preferences": {"categories": {"Garden": 1.0}}})
    told = await api.recommended(user_id)
    garden = set(world.items_of("Garden"))
    assert len(garden.intersection(told)) > len(garden.intersection(cold))


async def test_everything_about_a_user_is_optional(api: Api) -> None:
    answer = await api.client.post("/users", json={})
    assert answer.status_code == 201
    assert answer.json()["preferences"] == {"categories": {}}
    assert answer.json()["liked_item_ids"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"age": 12}, "age"),
        ({"age": 121}, "age"),
        ({"age": 30.0}, "age"),
        ({"age": "30"}, "age"),
        ({"age": True}, "age"),
        ({"gender": "f"}, "gender"),
        ({"country": "XX"}, "country"),
        ({"country": "de"}, "country"),
        ({"country": "DEU"}, "country"),
        ({"country": "UK"}, "country"),
        ({"preferences": {"Garden": 1}}, "preferences.Garden"),
        ({"preferences": {"categories": {"Garden": 1.5}}}, "preferences.categories.Garden"),
        ({"preferences": {"categories": {"Garden": True}}}, "preferences.categories.Garden"),
        ({"preferences": {"categories": {"Nonsense": 1}}}, "preferences.categories.Nonsense"),
        ({"liked_item_ids": [999_999]}, "liked_item_ids"),
        ({"liked_item_ids": [1, 0]}, "liked_item_ids.1"),
        ({"liked_item_ids": 1}, "liked_item_ids"),
        ({"liked_item_ids": list(range(1, 202))}, "liked_item_ids"),
        ({"user_id": 5}, "user_id"),
        ({"session_id": 7}, "session_id"),
    ],
)
async def test_a_refused_user_names_the_field_and_stores_nothing(api: Api, change: dict[str, Any], field: str) -> None:
    before = dict(api.database.users)
    is_problem(await api.client.post("/users", json=change), 422, field)
    is_problem(await api.client.patch("/users/1", json=change), 422, field)
    assert api.database.users == before


async def test_an_external_id_is_taken_once(api: Api) -> None:
    await api.client.post("/users", json=NEW)
    taken = await api.client.post("/users", json=NEW)
    assert taken.status_code == 409
    assert "external id" in taken.json()["detail"]
    is_problem(await api.client.post("/users", json={"external_id": "x" * 201}), 422, "external_id")


async def test_a_change_leaves_the_rest_and_null_clears(api: Api) -> None:
    user_id = (await api.client.post("/users", json=NEW)).json()["user_id"]
    before = (await api.client.patch(f"/users/{user_id}", json={})).json()
    assert before["age"] == 34
    changed = (await api.client.patch(f"/users/{user_id}", json={"age": None, "country": "FR"})).json()
    assert changed == {**before, "age": None, "country": "FR"}
    cleared = (await api.client.patch(f"/users/{user_id}", json={"preferences": None, "liked_item_ids": None})).json()
    assert cleared == {**changed, "preferences": {"categories": {}}, "liked_item_ids": []}


async def test_a_change_of_preferences_changes_the_next_list(api: Api, world: SmallWorld) -> None:
    garden = set(world.items_of("Garden"))
    before = await api.recommended(world.cold_user)
    await api.client.patch(f"/users/{world.cold_user}", json={"preferences": {"categories": {"Garden": 1.0}}})
    after = await api.recommended(world.cold_user)
    assert len(garden.intersection(after)) > len(garden.intersection(before))


async def test_a_profile_tells_what_was_said_and_what_was_learned(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    profile = (await api.client.get(f"/users/{user_id}/profile")).json()
    user = world.users[user_id - 1]
    assert profile["demographics"]["age"] == user.age
    assert profile["demographics"]["country"] == user.country
    assert profile["preferences"] == {"categories": user.preferences}
    assert profile["taste"][0]["category"] == "Garden"
    assert sum(each["share"] for each in profile["taste"]) == pytest.approx(1)
    events = [event for event in world.interactions if event.user_id == user_id]
    counts = dict(profile["counts"])
    assert counts.pop("total") == len(events) == sum(counts.values())
    recent = profile["recent_interactions"]
    assert [each["event_id"] for each in recent] == [event.event_id for event in reversed(events[-10:])]
    assert recent[0]["title"] == world.items[recent[0]["item_id"] - 1].title


async def test_a_profile_is_there_before_the_first_release(start: Start) -> None:
    api = await start(registry=MemoryReleaseRegistry(None))
    profile = await api.client.get("/users/1/profile")
    assert (profile.status_code, profile.json()["taste"]) == (200, [])


async def test_like_minded_users_like_the_same(api: Api, world: SmallWorld) -> None:
    first, second = world.twins
    twin = (await api.client.get(f"/users/{first}/similar")).json()
    assert twin["users"][0]["user_id"] == second
    lovers = world.lovers["Garden"]
    answer = (await api.client.get(f"/users/{lovers[0]}/similar?num_users=3")).json()
    assert len(answer["users"]) == 3
    assert lovers[0] not in [each["user_id"] for each in answer["users"]]
    assert answer["users"][0]["user_id"] in lovers
    scores = [each["score"] for each in answer["users"]]
    assert scores == sorted(scores, reverse=True)
    nobody = (await api.client.get(f"/users/{world.cold_user}/similar")).json()
    assert nobody["user_id"] == world.cold_user


@pytest.mark.parametrize("address", ["/users/999999/profile", "/users/999999/similar"])
async def test_an_unknown_user_is_not_found(api: Api, address: str) -> None:
    problem = is_problem(await api.client.get(address), 404, "user_id")
    assert problem["instance"] == address
    is_problem(await api.client.patch("/users/999999", json={}), 404, "user_id")


async def test_an_id_in_the_path_is_a_whole_number_in_range(api: Api) -> None:
    for given in ("0", "-1", "x", "1.0", "+1", "1_0", "01", "9223372036854775808", "9" * 5000, "%20"):
        is_problem(await api.client.get(f"/users/{given}/profile"), 422, "user_id")
        is_problem(await api.client.get(f"/items/{given}"), 422, "item_id")
