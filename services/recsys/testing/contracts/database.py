"""The ports that share one database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from recsys.domain import EventType, Interaction, Item, ReleaseDecision, User
from recsys.ports import (
    Catalog,
    DecisionLog,
    DeploymentLog,
    Erasures,
    HiddenItems,
    InteractionLog,
    PersonalData,
    RecommendationLog,
    Rules,
    Users,
)
from recsys.pseudonyms import Pseudonyms
from recsys.testing.clock import ManualClock


@dataclass(frozen=True, slots=True)
class Database:
    """Empty when a test begins."""

    catalog: Catalog
    users: Users
    interactions: InteractionLog
    hidden_items: HiddenItems
    rules: Rules
    lists: RecommendationLog
    deployments: DeploymentLog
    decisions: DecisionLog
    decide: Callable[[ReleaseDecision], Awaitable[None]]
    """What a training writes."""
    clock: ManualClock
    erasures: Erasures
    personal_data: PersonalData
    pseudonyms: Pseudonyms

    async def user(self) -> int:
        """A new one's id."""
        return (await self.users.create(User(0))).user_id

    async def item(self, item_id: int) -> int:
        await self.catalog.put(Item(item_id, f"Item {item_id}"))
        return item_id

    def event(
        self, user_id: int, item_id: int, event_id: str | None = None, kind: EventType = EventType.VIEW
    ) -> Interaction:
        """At the clock's time."""
        return Interaction(event_id or str(uuid4()), user_id, item_id, kind, self.clock.now())
