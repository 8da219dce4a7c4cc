from __future__ import annotations

import time
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendation_api.catalogue_arrays import CatalogueArrays
from recsys.domain import Item

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
moments = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
items = st.builds(
    Item,
    item_id=st.integers(1, 12),
    title=st.text(max_size=3),
    category=st.sampled_from([None, "books", "films", "games"]),
    price=st.none() | st.floats(0, 1e9),
    quality=st.none() | st.floats(0, 5, width=32),
    available_from=moments,
    available_until=moments,
)


def described(view: CatalogueArrays, position: int) -> tuple[object, ...]:
    return (
        int(view.item_ids[position]),
        view.titles[position],
        view.category_of(position),
        float(view.price[position]),
        float(view.quality[position]),
        float(view.available_from[position]),
        float(view.available_until[position]),
    )


def expected(item: Item) -> tuple[object, ...]:
    return (
        item.item_id,
        item.title,
        item.category,
        np.nan if item.price is None else item.price,
        np.nan if item.quality is None else item.quality,
        -np.inf if item.available_from is None else item.available_from.timestamp(),
        np.inf if item.available_until is None else item.available_until.timestamp(),
    )


@given(st.lists(st.lists(items, max_size=6), min_size=1, max_size=4))
def test_writes_in_any_order_leave_the_last_one_of_each_item(batches: list[list[Item]]) -> None:
    view = CatalogueArrays.of(batches[0], 1)
    for revision, batch in enumerate(batches[1:], start=2):
        view = view.updated(batch, revision)
    last = {item.item_id: item for batch in batches for item in batch}
    assert view.revision == len(batches)
    assert view.item_ids.tolist() == sorted(last)
    for position, item_id in enumerate(sorted(last)):
        np.testing.assert_equal(described(view, position), expected(last[item_id]))
        assert view.position(item_id) == position


def test_a_category_keeps_its_code_when_others_come() -> None:
    view = CatalogueArrays.of([Item(1, "a", category="games")], 1)
    later = view.updated([Item(2, "b", category="books")], 2)
    assert later.category_codes["games"] == view.category_codes["games"]
    assert later.category_of(1) == "books"


def test_an_update_leaves_the_older_view_alone() -> None:
    view = CatalogueArrays.of([Item(1, "old", price=3.0)], 1)
    view.updated([Item(1, "new", price=9.0), Item(2, "more")], 2)
    assert (view.titles[0], view.price[0], len(view)) == ("old", 3.0, 1)


def test_an_unknown_id_has_no_position() -> None:
    view = CatalogueArrays.of([Item(5, "a")], 1)
    assert [view.position(item_id) for item_id in (4, 5, 6)] == [None, 0, None]
    assert CatalogueArrays().position(1) is None


def test_fifty_thousand_items_are_read_in_a_moment() -> None:
    rows = [Item(i, f"title {i}", category=f"c{i % 20}", price=1.0, available_from=NOON) for i in range(1, 50_001)]
    began = time.perf_counter()
    view = CatalogueArrays.of(rows, 1)
    assert time.perf_counter() - began < 2
    began = time.perf_counter()
    assert len(view.updated([Item(60_000, "one more")], 2)) == 50_001
    assert time.perf_counter() - began < 0.5
