"""What users never want to see again, in this process's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from recsys.adapters.memory import MemoryDatabase
from recsys.adapters.verdicts import hides_too_many, unknown_item, unknown_user
from recsys.domain import HiddenItem
from recsys.ports import MAX_HIDDEN


class MemoryHiddenItems:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def hide(self, user_id: int, item_id: int) -> bool:
        hidden = self._of(user_id, item_id)
        if item_id in hidden:
            return False
        if len(hidden) >= MAX_HIDDEN:
            raise hides_too_many(MAX_HIDDEN)
        hidden[item_id] = self._database.clock.now()
        return True

    async def show(self, user_id: int, item_id: int) -> bool:
        return self._of(user_id, item_id).pop(item_id, None) is not None

    async def of(self, user_ids: Sequence[int]) -> Mapping[int, Sequence[HiddenItem]]:
        return {
            user_id: sorted(
                (HiddenItem(item_id, at) for item_id, at in self._database.hidden.get(user_id, {}).items()),
                key=lambda hidden: (hidden.hidden_at, hidden.item_id),
            )
            for user_id in user_ids
        }

    def _of(self, user_id: int, item_id: int) -> dict[int, datetime]:
        if user_id not in self._database.users:
            raise unknown_user(user_id)
        if item_id not in self._database.items:
            raise unknown_item(item_id)
        return self._database.hidden.setdefault(user_id, {})
