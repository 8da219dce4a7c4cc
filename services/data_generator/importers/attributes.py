"""Users and items as a mapped table tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from data_generator.importers import cells
from data_generator.importers.cells import BadRow
from data_generator.importers.mapping import MappedTable
from data_generator.importers.source import NO_ID_YET
from recsys.domain import Item, User

MAX_PRICE = 10.0**10 - 1


def read_user(table: MappedTable, row: int, values: Sequence[object], *, now: datetime) -> tuple[int, User]:
    """Raises `BadRow`."""

    def cell(field: str) -> tuple[object, str]:
        return table.cell(values, field), field

    user = User(
        NO_ID_YET,
        external_id=cells.required_id(*cell("user_id")),
        age=cells.age(*cell("age")),
        gender=cells.gender(*cell("gender")),
        country=cells.country(*cell("country")),
        signed_up_at=cells.past_moment(*cell("signed_up_at"), now),
    )
    return row, user


def read_item(table: MappedTable, row: int, values: Sequence[object]) -> tuple[int, Item]:
    """Without a title it is its id. Of `genres` the first is the category and all are tags. Raises `BadRow`."""

    def cell(field: str) -> tuple[object, str]:
        return table.cell(values, field), field

    external_id = cells.required_id(*cell("item_id"))
    genres = cells.words(*cell("genres"))
    starts, ends = cells.moment(*cell("available_from")), cells.moment(*cell("available_until"))
    if starts and ends and starts >= ends:
        raise BadRow("available_from is not before available_until")
    item = Item(
        NO_ID_YET,
        cells.text(*cell("title"), longest=500) or external_id,
        description=cells.text(*cell("description"), longest=20_000),
        category=cells.text(*cell("category"), longest=100) or next(iter(genres), None),
        tags=tuple(dict.fromkeys([*genres, *cells.words(*cell("tags"))])),
        brand=cells.text(*cell("brand"), longest=200),
        price=cells.number(*cell("price"), lowest=0, highest=MAX_PRICE),
        quality=cells.number(*cell("quality"), lowest=0, highest=5),
        published_at=cells.moment(*cell("published_at")),
        available_from=starts,
        available_until=ends,
        external_id=external_id,
    )
    if len(item.tags) > cells.MOST_WORDS:
        raise BadRow(f"tags and genres are more than {cells.MOST_WORDS} words")
    return row, item
