"""All that is kept of a user as one JSON object, written page by page: its size never stands in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from recommendation_api.schemas.privacy import ExportedHiddenItem, ExportedInteraction, ExportedList, ExportedUser
from recommendation_api.schemas.users import Preferences
from recsys.adapters.verdicts import erased_user, unknown_user
from recsys.domain import Interaction
from recsys.ports import KeptList
from recsys.stores import Stores

PAGE = 1000

Row = TypeVar("Row", Interaction, KeptList)


async def export(stores: Stores, user_id: int) -> AsyncIterator[bytes]:
    """Pieces of the object, the first page of events read already. Raises `NotFound`, `Unavailable`; the pieces raise
    too, so that half an export never looks like a whole one.
    """
    user = await stores.users.get(user_id)
    if user is None:
        raise unknown_user(user_id)
    first = await stores.personal_data.interactions(user_id, None, PAGE)
    preferences = Preferences(categories=user.preferences)

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"user":' + _json(ExportedUser.of(user)) + b',"preferences":' + _json(preferences)
        yield b',"interactions":['
        async for piece in _rows(first, stores.personal_data.interactions, user_id, ExportedInteraction.of):
            yield piece
        hidden = (await stores.hidden_items.of([user_id]))[user_id]
        yield b'],"hidden_items":[' + b",".join(_json(ExportedHiddenItem.of(each)) for each in hidden)
        yield b'],"lists":['
        lists = await stores.personal_data.lists(user_id, None, PAGE)
        async for piece in _rows(lists, stores.personal_data.lists, user_id, ExportedList.of):
            yield piece
        if not await stores.users.existing([user_id]):
            raise erased_user(user_id)
        yield b"]}"

    return pieces()


async def _rows(
    page: Sequence[Row],
    more: Callable[[int, Row | None, int], Awaitable[Sequence[Row]]],
    user_id: int,
    of: Callable[[Row], BaseModel],
) -> AsyncIterator[bytes]:
    comma = b""
    while page:
        yield comma + b",".join(_json(of(row)) for row in page)
        comma = b","
        page = await more(user_id, page[-1], PAGE) if len(page) == PAGE else ()


def _json(value: BaseModel) -> bytes:
    """Of rows, without what has no value, as the calls that take them in want it."""
    leave_out = isinstance(value, ExportedInteraction)
    return value.model_dump_json(exclude_none=leave_out).encode()
