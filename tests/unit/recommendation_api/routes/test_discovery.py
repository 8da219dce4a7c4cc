from __future__ import annotations

import pytest
from pydantic import SecretStr

from recsys.domain import Item
from recsys.settings import Settings
from recsys.testing.releases import VERSION
from recsys.testing.worlds import SmallWorld

from ..conftest import Api, Start, is_problem

pytestmark = pytest.mark.anyio


async def test_popular_items_come_best_first(api: Api, world: SmallWorld) -> None:
    answer = (await api.client.get("/popular", params={"num_items": 20})).json()
    assert (answer["category"], answer["release"], len(answer["items"])) == (None, VERSION, 20)
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)
    touched = {event.item_id for event in world.interactions}
    assert touched.issuperset(item["item_id"] for item in answer["items"])


async def test_popular_items_of_a_category(api: Api, world: SmallWorld) -> None:
    answer = (await api.client.get("/popular", params={"category": "Garden"})).json()
    assert len(answer["items"]) == 10
    assert {item["category"] for item in answer["items"]} == {"Garden"}


async def test_search_finds_words_and_counts_categories(api: Api, world: SmallWorld) -> None:
    word = world.items[0].title.split()[0]
    answer = (await api.client.get("/search", params={"q": word, "num_items": 3})).json()
    assert answer["query"] == word
    assert 1 <= len(answer["items"]) <= 3
    assert all(world.items[item["item_id"] - 1].title == item["title"] for item in answer["items"])
    category = answer["items"][0]["category"]
    narrowed = (await api.client.get("/search", params={"q": word, "category": category})).json()
    assert {item["category"] for item in narrowed["items"]} == {category}
    assert narrowed["facets"] == answer["facets"]


async def test_search_shows_what_another_worker_wrote(api: Api) -> None:
    await api.stores.catalog.put(Item(7000, "Written elsewhere", category="Books"))
    answer = (await api.client.get("/search", params={"q": "elsewhere"})).json()
    assert answer["items"][0]["title"] == "Written elsewhere"


async def test_a_misspelt_word_is_understood_and_what_is_away_is_said(api: Api) -> None:
    await api.stores.catalog.put(Item(7001, "Xylophone of brass", category="Music"))
    answer = (await api.client.get("/search", params={"q": "xilophone"})).json()
    assert [item["item_id"] for item in answer["items"]] == [7001]
    assert (answer["facets"], answer["degraded"], answer["user_id"]) == ({"Music": 1}, ["elasticsearch"], None)


async def test_a_search_for_somebody_puts_what_they_like_first_and_leaves_out_what_they_hide(api: Api) -> None:
    categories = ("Garden", "Kitchen", "Music", "Space")
    for item_id, category in enumerate(categories, 7100):
        await api.stores.catalog.put(Item(item_id, "Quartz thing", category=category))
    everybody = (await api.client.get("/search", params={"q": "quartz"})).json()
    assert [item["item_id"] for item in everybody["items"]] == [7100, 7101, 7102, 7103]
    user_id = (
        await api.client.post("/users", json={"preferences": {"categories": {"Space": 1, "Music": 0.5}}})
    ).json()["user_id"]
    own = (await api.client.get("/search", params={"q": "quartz", "user_id": user_id})).json()
    assert [item["item_id"] for item in own["items"]] == [7103, 7102, 7100, 7101]
    scores = [item["score"] for item in own["items"]]
    assert scores == sorted(scores, reverse=True)
    await api.client.put(f"/users/{user_id}/hidden_items/7103")
    hidden = (await api.client.get("/search", params={"q": "quartz", "user_id": user_id})).json()
    assert [item["item_id"] for item in hidden["items"]] == [7102, 7100, 7101]
    assert "Space" not in hidden["facets"]


async def test_a_search_for_an_unknown_user_is_not_found(api: Api) -> None:
    is_problem(await api.client.get("/search?q=a&user_id=987654"), 404, "user_id")


async def test_what_a_rule_blocks_is_neither_found_nor_alike_nor_popular(start: Start, settings: Settings) -> None:
    key = {"X-API-Key": "the admin's"}
    api = await start(settings.model_copy(update={"admin_key": SecretStr(key["X-API-Key"])}))
    asked = ("/search?q=garden", "/items/1/similar?num_similar=30", "/popular?num_items=30")

    async def listed(address: str) -> tuple[list[int], dict[str, int]]:
        answer = (await api.client.get(address)).json()
        return [entry["item_id"] for entry in answer.get("items") or answer["similar"]], answer.get("facets", {})

    before = [await listed(address) for address in asked]
    blocked = [ids[0] for ids, _ in before]
    rule = {"name": "Recalled", "action": "block", "target": {"item_ids": blocked}}
    assert (await api.client.post("/rules", json=rule, headers=key)).status_code == 201
    for address, (ids, facets) in zip(asked, before, strict=True):
        after, counted = await listed(address)
        assert len(after) == len(ids)
        assert not set(blocked) & set(after)
        assert sum(counted.values()) == sum(facets.values()) - (len({*blocked} & {*ids}) if facets else 0)


async def test_nothing_found_is_an_empty_list(api: Api) -> None:
    answer = await api.client.get("/search", params={"q": "xylophonequarry"})
    assert (answer.status_code, answer.json()["items"], answer.json()["facets"]) == (200, [], {})


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/popular?category=Nonsense", "category"),
        ("/popular?category=", "category"),
        ("/popular?num_items=0", "num_items"),
        ("/popular?limit=5", "limit"),
        ("/search", "q"),
        ("/search?q=", "q"),
        ("/search?q=%20%20", "q"),
        ("/search?q=a%00b", "q"),
        ("/search?q=" + "x" * 201, "q"),
        ("/search?q=a&category=Nonsense", "category"),
        ("/search?q=a&num_items=501", "num_items"),
        ("/search?q=a&user_id=0", "user_id"),
        ("/search?q=a&user_id=x", "user_id"),
    ],
)
async def test_a_refused_question_names_the_parameter(api: Api, address: str, field: str) -> None:
    is_problem(await api.client.get(address), 422, field)


async def test_invalid_utf8_in_a_query_finds_nothing(api: Api) -> None:
    assert (await api.client.get("/search?q=%ff%fe")).status_code == 200


async def test_the_algorithms_of_the_release_are_listed_with_their_quality(api: Api) -> None:
    answer = (await api.client.get("/algorithms")).json()
    assert answer["release"] == VERSION
    assert [each["name"] for each in answer["algorithms"][:2]] == ["hybrid", "als"]
    by_name = {each["name"]: each for each in answer["algorithms"]}
    assert by_name.keys() == {
        "hybrid",
        "als",
        "svd",
        "user_based",
        "item_based",
        "content_based",
        "popularity",
    }
    assert by_name["als"]["metrics"] == {"ndcg@10": 0.25}
    assert by_name["als"]["settings"]["factors"] == 8
