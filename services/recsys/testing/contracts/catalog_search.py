"""`Catalog.search`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from recsys.domain import Item
from recsys.errors import InvalidInput
from recsys.testing.contracts.database import Database

ITEMS = (
    Item(1, "Copper kettle", "Boils water on any stove.", "Kitchen", ("vintage",), "Hearth"),
    Item(2, "Garden shears", "Cuts copper wire too.", "Garden", ("steel",), "Blade"),
    Item(3, "Reading lamp", "Warm light.", "Lighting", ("copper", "vintage"), "Lumen"),
    Item(4, "Kitchen clock", None, "Clocks", (), None),
    Item(5, "The Who", "A record.", "Music", (), None),
)


class CatalogSearchContract:
    @pytest.fixture
    async def shop(self, database: Database) -> Database:
        for item in ITEMS:
            await database.catalog.put(item)
        return database

    async def _found(self, database: Database, query: str, category: str | None = None, limit: int = 10) -> list[int]:
        return [item_id for item_id, _ in (await database.catalog.search(query, category=category, limit=limit)).hits]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("shears", {2}),
            ("SHEARS", {2}),
            ("boils", {1}),
            ("vintage", {1, 3}),
            ("lumen", {3}),
            ("lighting", {3}),
            ("kitchen", {1, 4}),
            ("vintage kettle", {1}),
            ("vintage -kettle", {3}),
            ("vintage shears", set()),
            ("who", {5}),
            ("zeppelin", set()),
            ("-kettle", set()),
            ("", set()),
            ("   ", set()),
        ],
    )
    async def test_every_word_counts_wherever_it_stands(self, shop: Database, query: str, found: set[int]) -> None:
        assert set(await self._found(shop, query)) == found

    @pytest.mark.parametrize(
        "query", ["'", '"', '"zeppelin', "a & | ! b", ":*", "(((", "\\", "%s", "🫖", "-", "--", "or"]
    )
    async def test_odd_words_are_no_error(self, shop: Database, query: str) -> None:
        assert await self._found(shop, query) == []

    @pytest.mark.parametrize("query", ["nul\0", "half \ud83d"])
    async def test_what_is_no_text_is_refused(self, shop: Database, query: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            await shop.catalog.search(query, category=None, limit=5)
        assert caught.value.fields[0].field == "q"

    async def test_a_title_counts_more_than_a_tag_and_a_tag_more_than_the_description(self, shop: Database) -> None:
        result = await shop.catalog.search("copper", category=None, limit=10)
        assert [item_id for item_id, _ in result.hits] == [1, 3, 2]
        scores = [score for _, score in result.hits]
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] > 0

    async def test_facets_count_the_whole_result(self, shop: Database) -> None:
        result = await shop.catalog.search("copper", category="Garden", limit=1)
        assert [item_id for item_id, _ in result.hits] == [2]
        assert result.facets == {"Kitchen": 1, "Garden": 1, "Lighting": 1}
        assert await self._found(shop, "copper", limit=2) == [1, 3]

    async def test_a_category_without_matches_leaves_the_facets(self, shop: Database) -> None:
        result = await shop.catalog.search("copper", category="Music", limit=5)
        assert (list(result.hits), len(result.facets)) == ([], 3)

    async def test_items_without_category_are_found(self, shop: Database) -> None:
        await shop.catalog.put(Item(9, "Copper coin"))
        result = await shop.catalog.search("coin", category=None, limit=5)
        assert ([item_id for item_id, _ in result.hits], result.facets) == ([9], {})

    async def test_only_what_is_available_now_is_found(self, shop: Database) -> None:
        now = shop.clock.now()
        await shop.catalog.put(replace(ITEMS[0], available_until=now))
        await shop.catalog.put(replace(ITEMS[1], available_from=now + timedelta(seconds=1)))
        await shop.catalog.put(replace(ITEMS[2], available_from=now))
        result = await shop.catalog.search("copper", category=None, limit=5)
        assert ([item_id for item_id, _ in result.hits], result.facets) == ([3], {"Lighting": 1})
        shop.clock.advance(1)
        assert set(await self._found(shop, "copper")) == {2, 3}

    async def test_a_changed_item_is_found_by_its_new_words(self, shop: Database) -> None:
        await shop.catalog.put(Item(1, "Tin kettle", category="Antiques"))
        assert await self._found(shop, "antiques tin") == [1]
        assert 1 not in await self._found(shop, "copper")

    async def test_equal_matches_stand_in_the_order_of_their_ids(self, shop: Database) -> None:
        for item_id in (23, 21, 22):
            await shop.catalog.put(Item(item_id, "Brass bell"))
        assert await self._found(shop, "bell") == [21, 22, 23]
