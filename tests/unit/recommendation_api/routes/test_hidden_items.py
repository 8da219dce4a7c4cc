from __future__ import annotations

import pytest

from recsys.domain import MAX_ID
from recsys.testing.worlds import SmallWorld

from ..conftest import Api, is_problem, sample

pytestmark = pytest.mark.anyio

ALL = 500


async def test_a_hidden_item_is_in_no_list_of_any_algorithm(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    first, second = (await api.recommended(user_id))[:2]
    assert (await api.client.put(f"/users/{user_id}/hidden_items/{first}")).status_code == 204
    for name in ("hybrid", "als", "item_based", "content_based", "popularity"):
        for include_seen in (False, True):
            found = await api.recommended(user_id, ALL, algorithm=name, filters={"include_seen": include_seen})
            assert first not in found
            assert second in found


async def test_cached_lists_lose_it_at_once_and_win_it_back(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][1]
    before = await api.recommended(user_id)
    await api.client.put(f"/users/{user_id}/hidden_items/{before[0]}")
    after = await api.recommended(user_id)
    assert len(after) == len(before)
    assert before[0] not in after
    assert (await api.client.delete(f"/users/{user_id}/hidden_items/{before[0]}")).status_code == 204
    assert await api.recommended(user_id) == before


async def test_what_somebody_hides_others_go_on_seeing(api: Api, world: SmallWorld) -> None:
    user_id, other = world.lovers["Garden"][:2]
    before = await api.recommended(other)
    await api.client.put(f"/users/{user_id}/hidden_items/{before[0]}")
    assert await api.recommended(other) == before


async def test_a_newcomer_s_refilled_list_is_without_it(api: Api) -> None:
    user_id = (await api.client.post("/users", json={})).json()["user_id"]
    before = await api.recommended(user_id)
    await api.client.put(f"/users/{user_id}/hidden_items/{before[0]}")
    assert before[0] not in await api.recommended(user_id, ALL)


async def test_later_pages_are_without_what_was_hidden_meanwhile(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Space"][0]
    whole = await api.recommended(user_id, 30)
    body = {"user_id": user_id, "num_recommendations": 10}
    first = (await api.client.post("/recommendations", json=body)).json()
    await api.client.put(f"/users/{user_id}/hidden_items/{whole[12]}")
    body["page_token"] = first["next_page_token"]
    second = (await api.client.post("/recommendations", json=body)).json()
    ids = [entry["item_id"] for entry in second["recommendations"]]
    assert len(ids) == 10
    assert whole[12] not in ids
    assert not set(ids) & set(whole[:10])


async def test_only_users_hide_and_only_items(api: Api) -> None:
    for method in ("PUT", "DELETE"):
        is_problem(await api.client.request(method, f"/users/{MAX_ID}/hidden_items/1"), 404, "user_id")
        is_problem(await api.client.request(method, f"/users/1/hidden_items/{MAX_ID}"), 404, "item_id")
        is_problem(await api.client.request(method, "/users/1/hidden_items/0"), 422, "item_id")
        is_problem(await api.client.request(method, "/users/1/hidden_items/1", json={}), 422, "body")


async def test_calls_are_counted_by_what_they_changed(api: Api) -> None:
    outcomes = ("hidden", "unchanged", "shown")
    before = [sample("recstack_hidden_items_total", outcome=outcome) for outcome in outcomes]
    for method in ("PUT", "PUT", "DELETE"):
        await api.client.request(method, "/users/1/hidden_items/7")
    after = [sample("recstack_hidden_items_total", outcome=outcome) for outcome in outcomes]
    assert [late - early for late, early in zip(after, before, strict=True)] == [1, 1, 1]
