"""`Catalog`, but for search."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recsys.domain import MAX_ID, Item
from recsys.errors import Conflict, InvalidInput
from recsys.testing.contracts.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHOLE = Item(
    item_id=7,
    title="A blue lamp",
    description="It gives light.",
    category="Lamps",
    tags=("blue", "small"),
    brand="Lumen",
    price=19.99,
    quality=4.5,
    published_at=NOON - timedelta(days=9),
    available_from=NOON,
    available_until=NOON + timedelta(days=9),
    external_id="lamp-7",
)
PLAIN = Item(7, "A lamp")

BAD_ITEMS = {
    "item_id": replace(PLAIN, item_id=0),
    "item_id ": replace(PLAIN, item_id=MAX_ID + 1),
    "title": replace(PLAIN, title=" "),
    "title ": replace(PLAIN, title="x" * 501),
    "title  ": replace(PLAIN, title="nul\0"),
    "title   ": replace(PLAIN, title="half a pair \ud83d"),
    "title    ": replace(PLAIN, title=" padded"),
    "description": replace(PLAIN, description="x" * 20_001),
    "category": replace(PLAIN, category=""),
    "category ": replace(PLAIN, category="x" * 101),
    "tags": replace(PLAIN, tags=("x",) * 51),
    "tags.1": replace(PLAIN, tags=("x", "")),
    "brand": replace(PLAIN, brand=""),
    "price": replace(PLAIN, price=-0.01),
    "price ": replace(PLAIN, price=float("nan")),
    "price  ": replace(PLAIN, price=float("inf")),
    "price   ": replace(PLAIN, price=9_999_999_999.996),
    "quality": replace(PLAIN, quality=float("nan")),
    "quality ": replace(PLAIN, quality=5.01),
    "published_at": replace(PLAIN, published_at=NOON.replace(tzinfo=None)),
    "available_until": replace(PLAIN, available_from=NOON, available_until=NOON),
    "external_id": replace(PLAIN, external_id=""),
}


class CatalogContract:
    async def test_an_item_comes_back_as_it_was_put(self, database: Database) -> None:
        assert await database.catalog.put(WHOLE)
        assert await database.catalog.get(7) == WHOLE

    async def test_an_item_that_is_not_there_is_none(self, database: Database) -> None:
        assert await database.catalog.get(7) is None

    async def test_a_second_put_replaces_the_whole_item(self, database: Database) -> None:
        await database.catalog.put(WHOLE)
        assert not await database.catalog.put(PLAIN)
        kept = replace(PLAIN, quality=WHOLE.quality, published_at=WHOLE.published_at, external_id=WHOLE.external_id)
        assert await database.catalog.get(7) == kept

    async def test_what_nobody_states_can_be_stated_anew(self, database: Database) -> None:
        await database.catalog.put(WHOLE)
        other = replace(WHOLE, quality=1.5, published_at=NOON, external_id="lamp-8")
        await database.catalog.put(other)
        assert await database.catalog.get(7) == other

    async def test_an_item_is_published_when_it_is_first_put(self, database: Database) -> None:
        await database.catalog.put(PLAIN)
        assert await database.catalog.get(7) == replace(PLAIN, published_at=database.clock.now())

    @pytest.mark.parametrize(("price", "stored"), [(19.995, 20.0), (0.0, 0.0), (0.125, 0.13), (1e9, 1e9)])
    async def test_a_price_is_kept_in_cents(self, database: Database, price: float, stored: float) -> None:
        await database.catalog.put(replace(PLAIN, price=price))
        item = await database.catalog.get(7)
        assert item is not None
        assert item.price == stored

    async def test_an_empty_description_is_none(self, database: Database) -> None:
        await database.catalog.put(replace(PLAIN, description="  "))
        item = await database.catalog.get(7)
        assert item is not None
        assert item.description is None

    @pytest.mark.parametrize("field", BAD_ITEMS)
    async def test_an_item_that_cannot_be_is_refused_by_field(self, database: Database, field: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            await database.catalog.put(BAD_ITEMS[field])
        assert [problem.field for problem in caught.value.fields] == [field.strip()]
        assert (await database.catalog.changed_since(0)).items == []

    async def test_an_external_id_belongs_to_one_item(self, database: Database) -> None:
        await database.catalog.put(WHOLE)
        with pytest.raises(Conflict, match="lamp-7"):
            await database.catalog.put(replace(WHOLE, item_id=8))
        assert await database.catalog.get(8) is None
        assert not await database.catalog.put(WHOLE)

    async def test_existing_leaves_out_what_is_not_there(self, database: Database) -> None:
        await database.item(1)
        await database.item(3)
        assert await database.catalog.existing([3, 2, 1, 3, MAX_ID]) == {1, 3}
        assert await database.catalog.existing([]) == set()

    async def test_categories_come_with_their_items_sorted(self, database: Database) -> None:
        for item_id, category in enumerate(("Lamps", "Books", "Äpfel", "Lamps"), 1):
            await database.catalog.put(Item(item_id, "x", category=category))
        assert list(await database.catalog.categories()) == ["Books", "Lamps", "Äpfel"]

    async def test_the_first_read_is_the_whole_catalogue(self, database: Database) -> None:
        empty = await database.catalog.changed_since(0)
        assert (empty.items, empty.whole) == ([], True)
        for item_id in (3, 1, 2):
            await database.item(item_id)
        change = await database.catalog.changed_since(0)
        assert [item.item_id for item in change.items] == [3, 1, 2]
        assert change.whole

    async def test_changes_are_what_was_written_since(self, database: Database) -> None:
        await database.item(1)
        await database.item(2)
        first = await database.catalog.changed_since(0)
        nothing = await database.catalog.changed_since(first.revision)
        assert (nothing.items, nothing.revision, nothing.whole) == ([], first.revision, False)
        await database.catalog.put(Item(1, "Again"))
        await database.catalog.put(Item(1, "And again"))
        second = await database.catalog.changed_since(first.revision)
        assert [(item.item_id, item.title) for item in second.items] == [(1, "And again")]
        assert not second.whole
        assert (await database.catalog.changed_since(second.revision)).items == []

    async def test_a_touch_moves_the_revision_and_changes_no_item(self, database: Database) -> None:
        await database.catalog.put(WHOLE)
        await database.item(9)
        before = await database.catalog.changed_since(0)
        await database.catalog.touch()
        after = await database.catalog.changed_since(before.revision)
        assert after.revision > before.revision
        assert not after.whole
        whole = await database.catalog.changed_since(0)
        assert {item.item_id: item for item in whole.items} == {item.item_id: item for item in before.items}
        assert whole.revision == after.revision

    async def test_an_empty_catalogue_can_be_touched(self, database: Database) -> None:
        await database.catalog.touch()
        assert (await database.catalog.changed_since(0)).items == []

    async def test_touches_at_once_all_count(self, database: Database) -> None:
        await database.item(1)
        revision = (await database.catalog.changed_since(0)).revision
        await asyncio.gather(*(database.catalog.touch() for _ in range(5)))
        assert (await database.catalog.changed_since(0)).revision == revision + 5

    async def test_a_reader_misses_no_write_of_many_at_once(self, database: Database) -> None:
        seen: set[int] = set()
        revision = 0
        writes = asyncio.gather(*(database.item(item_id) for item_id in range(1, 41)))
        while not writes.done():
            change = await database.catalog.changed_since(revision)
            revision = change.revision
            seen |= {item.item_id for item in change.items}
            await asyncio.sleep(0)
        await writes
        seen |= {item.item_id for item in (await database.catalog.changed_since(revision)).items}
        assert seen == set(range(1, 41))

    async def test_one_category_put_by_many_at_once_is_one(self, database: Database) -> None:
        puts = [database.catalog.put(Item(item_id, "x", category="New")) for item_id in range(1, 9)]
        assert await asyncio.gather(*puts) == [True] * 8
        assert list(await database.catalog.categories()) == ["New"]
