"""Forgetting people and telling them what is kept of them, in this process's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from recsys.adapters.memory import MemoryDatabase
from recsys.adapters.verdicts import erased_user, unknown_user
from recsys.domain import Erasure, Interaction
from recsys.ports import Backlog, KeptList, Tombstones

STEPS = ("redis", "releases", "mlflow")


class MemoryErasures:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def erase(self, user_id: int) -> Erasure:
        database = self._database
        user = database.users.get(user_id)
        if user is None:
            known = database.pseudonyms.user(user_id) in database.tombstones
            raise erased_user(user_id) if known else unknown_user(user_id)
        removed = {"users": 1}
        events = [event.event_id for event in database.events.values() if event.user_id == user_id]
        lists = [kept.recommendation_id for kept in database.lists.values() if kept.user_id == user_id]
        removed |= {"interactions": len(events), "recommendation_lists": len(lists)}
        removed |= {"user_preferences": len(user.preferences), "user_liked_items": len(user.liked_item_ids)}
        removed["hidden_items"] = len(database.hidden.pop(user_id, {}))
        merged = [known for known, owner in database.merged_sessions.items() if owner == user_id]
        removed["merged_sessions"] = len(merged)
        for session_hash in merged:
            del database.merged_sessions[session_hash]
            database.tombstones[session_hash] = len(database.tombstones) + 1
        for event_id in events:
            del database.events[event_id]
        for recommendation_id in lists:
            del database.lists[recommendation_id]
        del database.users[user_id]
        revision = len(database.tombstones) + 1
        database.tombstones[database.pseudonyms.user(user_id)] = revision
        if user.external_id is not None:
            database.tombstones[database.pseudonyms.external(user.external_id)] = revision + 1
        counted = {table: rows for table, rows in sorted(removed.items()) if rows}
        erasure = Erasure(str(uuid4()), database.clock.now(), counted, dict.fromkeys(STEPS))
        database.erasures[erasure.receipt_id] = erasure
        return erasure

    async def find(self, receipt_id: str) -> Erasure | None:
        return self._database.erasures.get(receipt_id)

    async def tombstones(self, since: int) -> Tombstones:
        found = {buried: revision for buried, revision in self._database.tombstones.items() if revision > since}
        return Tombstones(frozenset(found), max(found.values(), default=since))

    async def waiting(self, store: str, limit: int) -> Sequence[str]:
        waiting = [each for each in self._database.erasures.values() if each.done[store] is None]
        waiting.sort(key=lambda each: (each.erased_at, each.receipt_id))
        return [each.receipt_id for each in waiting[:limit]]

    async def settle(self, store: str, receipt_ids: Sequence[str]) -> None:
        erasures = self._database.erasures
        for receipt_id in receipt_ids:
            found = erasures.get(receipt_id)
            if found and found.done[store] is None:
                erasures[receipt_id] = replace(found, done={**found.done, store: self._database.clock.now()})

    async def backlog(self) -> Mapping[str, Backlog]:
        waiting = {
            store: [each.erased_at for each in self._database.erasures.values() if each.done[store] is None]
            for store in STEPS
        }
        return {store: Backlog(len(since), min(since, default=None)) for store, since in waiting.items()}


class MemoryPersonalData:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def interactions(self, user_id: int, after: Interaction | None, limit: int) -> Sequence[Interaction]:
        def position(event: Interaction) -> tuple[object, ...]:
            return event.occurred_at, event.event_id

        events = [event for event in self._database.events.values() if event.user_id == user_id]
        return sorted((each for each in events if not after or position(each) > position(after)), key=position)[:limit]

    async def lists(self, user_id: int, after: KeptList | None, limit: int) -> Sequence[KeptList]:
        def position(kept: KeptList) -> tuple[object, ...]:
            return kept.generated_at, kept.recommendation_id

        lists = [kept for kept in self._database.lists.values() if kept.user_id == user_id]
        return sorted((each for each in lists if not after or position(each) > position(after)), key=position)[:limit]
