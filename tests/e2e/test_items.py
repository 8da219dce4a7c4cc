"""The catalogue: read, written, searched, popular, alike."""

from __future__ import annotations

from itertools import pairwise

import httpx
import pytest

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import PutItem, Recommend

ITEM = {
    "title": "Folding kayak",
    "description": "Fits a rucksack.",
    "category": "Made for tests",
    "tags": ["paddle", "river"],
    "brand": "Driftwood",
    "price": 349.9,
    "available_from": "2020-01-01T00:00:00Z",
    "available_until": None,
}


def test_an_item_is_read_as_the_catalogue_has_it(world: SmallWorld, api: httpx.Client) -> None:
    item, answer = world.items[4], api.get("/items/5").json()
    assert (answer["item_id"], answer["title"], answer["category"]) == (5, item.title, item.category)
    assert (answer["tags"], answer["brand"], answer["price"]) == (list(item.tags), item.brand, item.price)


def test_an_item_is_created_then_replaced_whole(api: httpx.Client, put_item: PutItem) -> None:
    item_id = put_item(**ITEM)
    assert api.get(f"/items/{item_id}").json() == {"item_id": item_id, **ITEM}
    put_item(item_id, title="Kayak", category="Made for tests")
    replaced = api.get(f"/items/{item_id}").json()
    assert replaced["title"] == "Kayak"
    assert (replaced["description"], replaced["tags"], replaced["price"]) == (None, [], None)


def test_a_new_item_is_found_listed_and_alike_at_once(api: httpx.Client, put_item: PutItem) -> None:
    one, two = (put_item(**{**ITEM, "title": title}) for title in ("Zanzibar canoe", "Zanzibar dugout"))
    found = api.get("/search", params={"q": "zanzibar"}).json()
    assert {one, two} == {entry["item_id"] for entry in found["items"]}
    similar = api.get(f"/items/{one}/similar").json()["similar"]
    assert len(similar) == 5


def test_a_category_is_created_by_the_first_item_in_it(
    api: httpx.Client, put_item: PutItem, recommend: Recommend, newcomer: int
) -> None:
    item_id = put_item(category=f"Category {newcomer}")
    answer = recommend(newcomer, filters={"categories": [f"Category {newcomer}"]})
    assert [entry["item_id"] for entry in answer["recommendations"]] == [item_id]


@pytest.mark.parametrize("algorithm", ["content_based", "item_based", "als", "hybrid"])
def test_similar_items_are_exact_ordered_and_without_the_item(api: httpx.Client, algorithm: str) -> None:
    for count in (1, 30):
        answer = api.get("/items/1/similar", params={"algorithm": algorithm, "num_similar": count}).json()
        ids = [entry["item_id"] for entry in answer["similar"]]
        assert len(ids) == len(set(ids)) == count
        assert 1 not in ids
        assert all(first["score"] >= second["score"] for first, second in pairwise(answer["similar"]))
        assert all(entry["title"] for entry in answer["similar"])


def test_five_content_neighbours_by_default(api: httpx.Client) -> None:
    answer = api.get("/items/1/similar").json()
    assert (answer["algorithm"], len(answer["similar"])) == ("content_based", 5)


def test_popular_is_ordered_and_keeps_to_the_category(api: httpx.Client) -> None:
    everywhere = api.get("/popular", params={"num_items": 20}).json()["items"]
    assert len(everywhere) == 20
    assert all(first["score"] >= second["score"] for first, second in pairwise(everywhere))
    category = everywhere[0]["category"]
    within = api.get("/popular", params={"category": category, "num_items": 5}).json()["items"]
    assert {entry["category"] for entry in within} == {category}
    assert within[0]["item_id"] == everywhere[0]["item_id"]


def test_popular_follows_the_events(world: SmallWorld, api: httpx.Client) -> None:
    touched = {item.item_id: 0 for item in world.items}
    for event in world.interactions:
        touched[event.item_id] += 1
    ids = [entry["item_id"] for entry in api.get("/popular", params={"num_items": 500}).json()["items"]]
    known = [item_id for item_id in ids if item_id in touched]
    assert sum(touched[item_id] for item_id in known[:20]) > 2 * sum(touched[item_id] for item_id in known[-20:])


def test_search_finds_titles_tags_brands_and_categories_with_facets(world: SmallWorld, api: httpx.Client) -> None:
    item = world.items[2]
    by_title = api.get("/search", params={"q": item.title}).json()
    assert by_title["items"][0]["item_id"] == item.item_id
    by_brand = api.get("/search", params={"q": item.brand, "num_items": 500}).json()
    assert by_brand["facets"] == {item.category: len(world.items_of(item.category or ""))}
    assert {entry["item_id"] for entry in by_brand["items"]} == set(world.items_of(item.category or ""))


def test_search_within_a_category_keeps_the_facets_of_the_whole(api: httpx.Client, put_item: PutItem) -> None:
    here = put_item(title="Quokka print", category="Made for tests")
    put_item(title="Quokka figure", category="Made for other tests")
    whole = api.get("/search", params={"q": "quokka"}).json()
    narrowed = api.get("/search", params={"q": "quokka", "category": "Made for tests"}).json()
    assert whole["facets"] == narrowed["facets"] == {"Made for tests": 1, "Made for other tests": 1}
    assert [entry["item_id"] for entry in narrowed["items"]] == [here]


@pytest.mark.parametrize("query", ["'; DROP TABLE items; --", "((((", "a & | ! b", "\u0000".join("ab")[:1], "é" * 200])
def test_search_takes_whatever_people_type(api: httpx.Client, query: str) -> None:
    response = api.get("/search", params={"q": query})
    assert response.status_code == httpx.codes.OK
    assert api.get("/items/1").status_code == httpx.codes.OK
