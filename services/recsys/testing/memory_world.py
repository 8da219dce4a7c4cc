"""A small world in the in-memory stores."""

from __future__ import annotations

from recsys.adapters import memory
from recsys.adapters.memory_hidden_items import MemoryHiddenItems
from recsys.adapters.memory_privacy import MemoryErasures, MemoryPersonalData
from recsys.adapters.memory_rules import MemoryRules
from recsys.adapters.memory_sessions import MemorySessions
from recsys.ports import Clock
from recsys.stores import Stores
from recsys.testing.worlds import SmallWorld


async def _always_up() -> None:
    return


def memory_database(world: SmallWorld, clock: Clock) -> memory.MemoryDatabase:
    """With the ids that the world gave."""
    return memory.MemoryDatabase(
        clock,
        items={item.item_id: (item, revision) for revision, item in enumerate(world.items, 1)},
        revision=len(world.items),
        categories=set(world.categories),
        users={user.user_id: user for user in world.users},
        events={event.event_id: event for event in world.interactions},
    )


def memory_stores(database: memory.MemoryDatabase, champion: str | None = None) -> Stores:
    """Every port over `database`; the registry's alias points to `champion`."""
    return Stores(
        catalog=memory.MemoryCatalog(database),
        users=memory.MemoryUsers(database),
        interactions=memory.MemoryInteractionLog(database),
        hidden_items=MemoryHiddenItems(database),
        rules=MemoryRules(database),
        lists=memory.MemoryRecommendationLog(database),
        cache=memory.MemoryRecommendationCache(database.clock),
        sessions=MemorySessions(database.clock, ttl_seconds=600),
        registry=memory.MemoryReleaseRegistry(champion),
        deployments=memory.MemoryDeploymentLog(database),
        decisions=memory.MemoryDecisionLog(database),
        erasures=MemoryErasures(database),
        personal_data=MemoryPersonalData(database),
        pseudonyms=database.pseudonyms,
        clock=database.clock,
        pings=dict.fromkeys(("postgres", "redis", "mlflow"), _always_up),
    )
