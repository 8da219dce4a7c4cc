from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recsys.testing.worlds import END, SmallWorld

from ..conftest import Api, is_problem

pytestmark = pytest.mark.anyio

NEW: dict[str, Any] = {
    "title": "A short history of salt",
    "description": "Roads, cities and taxes.",
    "category": "Books",
    "tags": ["history", "food"],
    "brand": "Harbour Press",
    "price": 18.5,
    "available_from": "2026-01-01T00:00:00Z",
    "available_until": "2027-01-01T00:00:00Z",
}


async def test_an_item_is_created_then_replaced_whole(api: Api) -> None:
    created = await api.client.put("/items/5000", json=NEW)
    assert (created.status_code, created.json()) == (201, {"item_id": 5000, **NEW})
    assert (await api.client.get("/items/5000")).json() == {"item_id": 5000, **NEW}
    replaced = await api.client.put("/items/5000", json={"title": "Salt", "category": "Books"})
    assert replaced.status_code == 200
    assert replaced.json() == {
        **dict.fromkeys(NEW),
        "item_id": 5000,
        "title": "Salt",
        "category": "Books",
        "tags": [],
    }


async def test_a_new_item_is_found_at_once(api: Api) -> None:
    await api.client.put("/items/5000", json=NEW)
    found = (await api.client.get("/search", params={"q": "history of salt"})).json()
    assert found["items"][0]["item_id"] == 5000
    similar = await api.client.get("/items/5000/similar")
    assert len(similar.json()["similar"]) == 5


async def test_a_new_category_is_created_and_can_be_asked_for(api: Api) -> None:
    assert "categories" not in (await api.client.put("/items/5000", json={**NEW, "category": "Salt"})).json()
    answer = await api.client.get("/popular", params={"category": "Salt"})
    assert [item["item_id"] for item in answer.json()["items"]] == [5000]


async def test_an_item_that_is_withdrawn_is_in_no_list_from_then_on(api: Api) -> None:
    before = await api.recommended(1)
    gone = {"title": "Gone", "category": "Books", "available_until": (END - timedelta(seconds=1)).isoformat()}
    assert (await api.client.put(f"/items/{before[0]}", json=gone)).status_code == 200
    after = await api.recommended(1)
    assert before[0] not in after
    assert len(after) == len(before)


async def test_a_price_is_kept_in_cents(api: Api) -> None:
    assert (await api.client.put("/items/5000", json={**NEW, "price": 18.999})).json()["price"] == 19.0
    assert (await api.client.put("/items/5000", json={**NEW, "price": 0})).json()["price"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": None}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"description": "x" * 20_001}, "description"),
        ({"category": None}, "category"),
        ({"category": "x" * 101}, "category"),
        ({"category": ["Books"]}, "category"),
        ({"tags": "history"}, "tags"),
        ({"tags": ["x"] * 51}, "tags"),
        ({"tags": ["fine", ""]}, "tags.1"),
        ({"tags": ["fine", 7]}, "tags.1"),
        ({"price": "18.5"}, "price"),
        ({"price": True}, "price"),
        ({"price": -0.01}, "price"),
        ({"price": 1e10}, "price"),
        ({"available_from": "2027-01-01T00:00:00Z"}, "available_until"),
        ({"available_from": "2026-13-01T00:00:00Z"}, "available_from"),
        ({"available_until": "2026-06-01"}, "available_until"),
        ({"item_id": 5000}, "item_id"),
        ({"quality": 5}, "quality"),
    ],
)
async def test_a_refused_item_names_the_field_and_stores_nothing(api: Api, change: dict[str, Any], field: str) -> None:
    is_problem(await api.client.put("/items/5000", json={**NEW, **change}), 422, field)
    is_problem(await api.client.get("/items/5000"), 404, "item_id")


async def test_what_is_needed_is_named(api: Api) -> None:
    is_problem(await api.client.put("/items/5000", json={}), 422, "title", "category")


@pytest.mark.parametrize("algorithm", ["content_based", "item_based", "als", "hybrid"])
async def test_similar_items_come_nearest_first(api: Api, world: SmallWorld, algorithm: str) -> None:
    answer = (await api.client.get(f"/items/1/similar?num_similar=7&algorithm={algorithm}")).json()
    assert (answer["item_id"], answer["algorithm"]) == (1, algorithm)
    ids = [item["item_id"] for item in answer["similar"]]
    scores = [item["score"] for item in answer["similar"]]
    assert len(set(ids)) == 7
    assert 1 not in ids
    assert scores == sorted(scores, reverse=True)
    assert answer["similar"][0]["category"] == world.items[0].category
    assert answer["similar"][0]["title"] == world.items[ids[0] - 1].title


async def test_five_similar_items_by_text_unless_told_otherwise(api: Api) -> None:
    answer = (await api.client.get("/items/1/similar")).json()
    assert (answer["algorithm"], len(answer["similar"])) == ("content_based", 5)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("num_similar=0", "num_similar"),
        ("num_similar=-1", "num_similar"),
        ("num_similar=501", "num_similar"),
        ("num_similar=1000000000", "num_similar"),
        ("num_similar=5.0", "num_similar"),
        ("num_similar=", "num_similar"),
        ("num_similar=true", "num_similar"),
        ("algorithm=popularity", "algorithm"),
        ("algorithm=nonsense", "algorithm"),
        ("num_items=5", "num_items"),
        ("num_similar=5&num_similar=6", "num_similar"),
    ],
)
async def test_a_refused_question_names_the_parameter(api: Api, query: str, field: str) -> None:
    is_problem(await api.client.get(f"/items/1/similar?{query}"), 422, field)


async def test_an_unknown_item_is_not_found(api: Api) -> None:
    is_problem(await api.client.get("/items/999999"), 404, "item_id")
    is_problem(await api.client.get("/items/999999/similar"), 404, "item_id")


async def test_an_item_that_another_worker_wrote_is_known(api: Api, world: SmallWorld) -> None:
    await api.stores.catalog.put(world.items[0].__class__(7000, "Written elsewhere", category="Books"))
    assert (await api.client.get("/items/7000/similar")).status_code == 200
