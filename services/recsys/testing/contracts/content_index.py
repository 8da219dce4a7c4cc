"""`ContentIndex`: the same words find the same items, whoever answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from recsys.content_index import ContentIndex, Search
from recsys.domain import Item
from recsys.errors import InvalidInput, NotFound
from recsys.testing.clock import ManualClock

ITEMS = (
    Item(1, "Copper kettle", "Boils water on any stove.", "Kitchen", ("vintage",), "Hearth"),
    Item(2, "Garden shears", "Cuts copper wire too.", "Garden", ("steel",), "Blade"),
    Item(3, "Reading lamp", "Warm light.", "Lighting", ("copper", "vintage"), "Lumen"),
    Item(4, "Kitchen clock", None, "Clocks", (), None),
    Item(5, "The Who", "A record.", "Music", (), None),
    Item(6, "Tin kettle", "Boils milk on a stove.", "Kitchen", ("cheap",), "Hearth"),
    Item(7, "Lantern", "Warm light for the evening.", "Lighting", ("camping",), "Lumen"),
)


@dataclass(frozen=True, slots=True)
class Shop:
    """`ITEMS`, indexed, and what may be done to them."""

    index: ContentIndex
    clock: ManualClock
    put: Callable[[Item], Awaitable[None]]
    """Into the catalogue, and whatever an adapter needs beside that; returns when the item can be found."""

    async def found(self, words: str, **more: object) -> list[int]:
        result = await self.index.search(Search(words, **more))  # type: ignore[arg-type]
        return [item_id for item_id, _ in result.hits]

    async def near(self, item_id: int, limit: int = 10, left_out: Sequence[int] = ()) -> list[int]:
        return [other for other, _ in await self.index.similar(item_id, limit, left_out)]


class ContentIndexContract:
    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("shears", {2}),
            ("SHEARS", {2}),
            ("boils", {1, 6}),
            ("vintage", {1, 3}),
            ("lumen", {3, 7}),
            ("lighting", {3, 7}),
            ("kitchen", {1, 4, 6}),
            ("vintage kettle", {1}),
            ("kettle -tin", {1}),
            ('"tin kettle"', {6}),
            ('"kettle tin"', set()),
            ("shears or clock", {2, 4}),
            ("vintage shears", set()),
            ("who", {5}),
            ("zeppelin", set()),
            ("-kettle", set()),
            ("", set()),
            ("   ", set()),
        ],
    )
    async def test_every_word_counts_wherever_it_stands(self, shop: Shop, words: str, found: set[int]) -> None:
        assert set(await shop.found(words)) == found

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("shaers", {2}),
            ("coper", {1, 2, 3}),
            ("kettel tin", {6}),
            ("lightning", {3, 7}),
            ("lentern", {7}),
            ("zlock", {4}),
            ("vintage ketle -tin", {1}),
            ("coper-ketle", {1}),
            ("copper-kettle", {1}),
            ("hearht or lanten", {1, 6, 7}),
            ("tun", {6}),
            ("ti", set()),
            ("kxttxx", set()),
        ],
    )
    async def test_a_misspelt_word_is_taken_for_its_neighbours(self, shop: Shop, words: str, found: set[int]) -> None:
        assert set(await shop.found(words)) == found

    async def test_what_is_spelt_right_is_not_guessed_at(self, shop: Shop) -> None:
        await shop.put(Item(20, "Camping lamb", category="Toys"))
        assert await shop.found("lamb") == [20]
        assert await shop.found("lamp") == [3]

    @pytest.mark.parametrize(
        "words", ["'", '"', '"zeppelin', "a & | ! b", ":*", "(((", "\\", "%s", "🫖", "-", "or", "*"]
    )
    async def test_odd_words_are_no_error(self, shop: Shop, words: str) -> None:
        assert await shop.found(words) == []

    @pytest.mark.parametrize("words", ["nul\0", "half \ud83d"])
    async def test_what_is_no_text_is_refused(self, shop: Shop, words: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            await shop.found(words)
        assert caught.value.fields[0].field == "q"

    async def test_a_title_counts_more_than_a_tag_and_a_tag_more_than_the_description(self, shop: Shop) -> None:
        result = await shop.index.search(Search("copper"))
        assert [item_id for item_id, _ in result.hits] == [1, 3, 2]
        scores = [score for _, score in result.hits]
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] > 0

    async def test_a_title_that_says_it_all_comes_first(self, shop: Shop) -> None:
        said = "Marble mortar. A marble mortar with a pestle: marble, mortar, pestle."
        await shop.put(Item(30, "Pestle mortar", "marble pestle mortar marble", tags=("marble",)))
        await shop.put(Item(31, "The large and heavy marble mortar with its own pestle by Farmer", category="Kitchen"))
        await shop.put(Item(32, "Mortar", said, tags=("marble", "pestle")))
        assert (await shop.found("marble mortar pestle"))[0] == 31

    async def test_facets_count_the_whole_result(self, shop: Shop) -> None:
        result = await shop.index.search(Search("copper", "Garden", 1))
        assert [item_id for item_id, _ in result.hits] == [2]
        assert result.facets == {"Kitchen": 1, "Garden": 1, "Lighting": 1}
        assert await shop.found("copper", limit=2) == [1, 3]
        assert await shop.found("copper", category="Music") == []
        near = await shop.index.search(Search("coper", "Music"))
        assert (list(near.hits), len(near.facets)) == ([], 3)

    async def test_what_is_left_out_is_neither_found_nor_counted(self, shop: Shop) -> None:
        result = await shop.index.search(Search("copper", left_out=[1, 999]))
        assert ([item_id for item_id, _ in result.hits], result.facets) == ([3, 2], {"Garden": 1, "Lighting": 1})

    async def test_items_without_category_are_found(self, shop: Shop) -> None:
        await shop.put(Item(9, "Brass coin"))
        result = await shop.index.search(Search("coin"))
        assert ([item_id for item_id, _ in result.hits], result.facets) == ([9], {})

    async def test_only_what_is_available_now_is_found(self, shop: Shop) -> None:
        now = shop.clock.now()
        await shop.put(replace(ITEMS[0], available_until=now))
        await shop.put(replace(ITEMS[1], available_from=now + timedelta(microseconds=1)))
        await shop.put(replace(ITEMS[2], available_from=now))
        result = await shop.index.search(Search("copper"))
        assert ([item_id for item_id, _ in result.hits], result.facets) == ([3], {"Lighting": 1})
        assert 1 not in await shop.near(6)
        shop.clock.advance(1)
        assert set(await shop.found("copper")) == {2, 3}

    async def test_a_changed_item_is_found_by_its_new_words(self, shop: Shop) -> None:
        await shop.put(Item(1, "Zinc kettle", category="Antiques"))
        assert await shop.found("antiques zinc") == [1]
        assert 1 not in await shop.found("copper")
        assert 1 in await shop.near(6)

    async def test_equal_matches_stand_in_the_order_of_their_ids(self, shop: Shop) -> None:
        for item_id in (23, 21, 22):
            await shop.put(Item(item_id, "Brass bell"))
        assert await shop.found("bell") == [21, 22, 23]

    async def test_similar_items_share_words_and_the_nearest_come_first(self, shop: Shop) -> None:
        near = await shop.index.similar(1, 10)
        assert near[0][0] == 6
        assert {item_id for item_id, _ in near} <= {2, 3, 4, 6}
        scores = [score for _, score in near]
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] > 0
        assert await shop.near(7, 1) == [3]

    async def test_neither_the_item_itself_nor_what_is_left_out_is_similar(self, shop: Shop) -> None:
        assert 1 not in await shop.near(1)
        assert 6 not in await shop.near(1, left_out=[6])

    async def test_an_item_put_a_moment_ago_is_similar_at_once(self, shop: Shop) -> None:
        await shop.put(Item(30, "Copper kettle of old", "Boils water on a stove.", "Kitchen"))
        assert await shop.near(1, 1) == [30]
        assert (await shop.near(30))[0] == 1

    async def test_nothing_is_similar_to_what_is_not_there(self, shop: Shop) -> None:
        with pytest.raises(NotFound):
            await shop.near(999)
