"""A small world whose right answers are known, as domain objects: what a database can load and a model can learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from recsys.algorithms.base import ItemContent, TrainingData
from recsys.domain import EVENT_CODES, EventType, Gender, Interaction, Item, User
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights
from recsys.testing.vocabulary import VOCABULARY

END = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAYS = 60
LOVERS = 15
MIXED = 20
PER_CATEGORY, COMMON = 20, 18
"""Lovers choose from the common items of a category; the rare ones have a part of their own."""
LIKED = (
    (EventType.VIEW, EventType.LIKE),
    (EventType.VIEW, EventType.CLICK),
    (EventType.CLICK, EventType.PURCHASE),
    (EventType.VIEW, EventType.RATING),
    (EventType.CART, EventType.PURCHASE, EventType.RATING),
)
"""What somebody does with an item that they like, one way each."""


@dataclass(frozen=True)
class SmallWorld:
    """Ids run from 1 without gaps, for users as for items."""

    users: tuple[User, ...]
    items: tuple[Item, ...]
    interactions: tuple[Interaction, ...]
    categories: tuple[str, ...]
    lovers: dict[str, tuple[int, ...]]
    """Users who touched one category only, by category; each left some of its items untouched."""
    twins: tuple[int, int]
    """Two users who alone share eight items; the first touched `twin_items` too: what the second should get."""
    twin_items: tuple[int, int, int]
    disliker: int
    """Loves `loved_category` and dislikes five items of `disliked_category`."""
    loved_category: str
    disliked_category: str
    untouched_item: int
    """Nobody touched it; its text says that it belongs to `untouched_category`."""
    untouched_category: str
    cold_user: int
    """Has no event; states a preference for `stated_category`."""
    stated_category: str
    end: datetime = END
    """No event is later."""

    def items_of(self, category: str) -> tuple[int, ...]:
        return tuple(item.item_id for item in self.items if item.category == category)

    def touched_by(self, user_id: int) -> set[int]:
        return {event.item_id for event in self.interactions if event.user_id == user_id}


class _Diary:
    """Writes down what users do, times running through the world's days."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.events: list[Interaction] = []

    def likes(self, user_id: int, item_id: int) -> None:
        at = END - timedelta(seconds=int(self.rng.integers(1, DAYS * 86_400)))
        for step, kind in enumerate(LIKED[int(self.rng.integers(len(LIKED)))]):
            self._write(user_id, item_id, kind, min(at + timedelta(minutes=3 * step), END))

    def dislikes(self, user_id: int, item_id: int) -> None:
        self._write(user_id, item_id, EventType.DISLIKE, END - timedelta(hours=int(self.rng.integers(1, DAYS * 24))))

    def _write(self, user_id: int, item_id: int, kind: EventType, at: datetime) -> None:
        value = float(self.rng.choice([4.0, 4.5, 5.0])) if kind is EventType.RATING else None
        event_id = f"world-{len(self.events) + 1:05d}"
        self.events.append(Interaction(event_id, user_id, item_id, kind, at, value))


def small_world(seed: int = 29) -> SmallWorld:
    """114 users, 120 items and some 2,400 events; the same seed gives the same world."""
    rng = np.random.default_rng(seed)
    items = tuple(_items(rng))
    diary, population = _Diary(rng), _Population()
    lovers = {name: tuple(population.more(LOVERS)) for name in VOCABULARY}
    for name, fans in lovers.items():
        for user_id in fans:
            _choose(diary, user_id, _common(items, name), 9)
    for user_id in population.more(MIXED):
        for name in rng.choice(list(VOCABULARY), 2, replace=False):
            _choose(diary, user_id, _common(items, str(name)), 6)
    first, second, disliker, cold = population.more(4)
    *shared, a, b, c, untouched = [item_id for name in VOCABULARY for item_id in _rare(items, name)]
    for twin, touched in ((first, (*shared, a, b, c)), (second, shared)):
        for item_id in touched:
            diary.likes(twin, item_id)
    _choose(diary, disliker, _common(items, "Garden"), 9)
    for item_id in _common(items, "Kitchen")[:5]:
        diary.dislikes(disliker, item_id)
    return SmallWorld(
        users=tuple(_users(population.size, cold, rng)),
        items=items,
        interactions=tuple(sorted(diary.events, key=lambda event: (event.occurred_at, event.event_id))),
        categories=tuple(VOCABULARY),
        lovers=lovers,
        twins=(first, second),
        twin_items=(a, b, c),
        disliker=disliker,
        loved_category="Garden",
        disliked_category="Kitchen",
        untouched_item=untouched,
        untouched_category=items[untouched - 1].category or "",
        cold_user=cold,
        stated_category="Books",
    )


class _Population:
    """Hands out user ids from 1."""

    size = 0

    def more(self, count: int) -> range:
        self.size += count
        return range(self.size - count + 1, self.size + 1)


def _ids(items: tuple[Item, ...], category: str) -> list[int]:
    return [item.item_id for item in items if item.category == category]


def _common(items: tuple[Item, ...], category: str) -> list[int]:
    return _ids(items, category)[:COMMON]


def _rare(items: tuple[Item, ...], category: str) -> list[int]:
    return _ids(items, category)[COMMON:]


def _choose(diary: _Diary, user_id: int, item_ids: list[int], count: int) -> None:
    """Like `count` of the items; the first are the more popular ones."""
    pull = 1 / np.sqrt(1 + np.arange(len(item_ids)))
    for item_id in diary.rng.choice(item_ids, count, replace=False, p=pull / pull.sum()):
        diary.likes(user_id, int(item_id))


def _items(rng: np.random.Generator) -> Iterator[Item]:
    number = 0
    for category, words in VOCABULARY.items():
        for place in range(PER_CATEGORY):
            number += 1
            thing, look = (
                words.things[place % len(words.things)],
                words.looks[(place + place // len(words.things)) % len(words.looks)],
            )
            yield Item(
                item_id=number,
                title=f"{look} {thing} {place + 1}",
                description=f"A {look.lower()} {thing} {words.uses[place % len(words.uses)]}.",
                category=category,
                tags=(words.tags[place % len(words.tags)],),
                brand=words.brand,
                price=round(float(rng.uniform(5, 200)), 2),
                quality=round(float(rng.uniform(2.5, 4.5)), 1),
                published_at=END - timedelta(days=DAYS + 30 + place),
            )


def _users(count: int, cold: int, rng: np.random.Generator) -> Iterator[User]:
    genders, countries = list(Gender), ["DE", "FR", "JP", "BR"]
    for user_id in range(1, count + 1):
        yield User(
            user_id=user_id,
            age=int(rng.integers(18, 70)),
            gender=genders[user_id % len(genders)],
            country=countries[user_id % len(countries)],
            signed_up_at=END - timedelta(days=DAYS + 1),
            preferences={"Books": 1.0} if user_id == cold else {},
        )


def training_data(world: SmallWorld, weights: EventWeights | None = None) -> TrainingData:
    """What a snapshot of the world in a database would give: row and column are id less one."""
    histories = to_histories(
        world_events(world),
        n_users=len(world.users),
        n_items=len(world.items),
        weights=weights if weights is not None else EventWeights(),
    )
    return TrainingData(
        user_ids=np.array([user.user_id for user in world.users], np.int64),
        item_ids=np.array([item.item_id for item in world.items], np.int64),
        histories=histories,
        content=_content(world),
        as_of=world.interactions[-1].occurred_at.timestamp(),
    )


def world_events(world: SmallWorld) -> Events:
    events = world.interactions
    return Events(
        users=np.array([event.user_id - 1 for event in events], np.int32),
        items=np.array([event.item_id - 1 for event in events], np.int32),
        types=np.array([EVENT_CODES[event.type] for event in events], np.int8),
        values=np.array([np.nan if event.value is None else event.value for event in events], np.float32),
        at=np.array([event.occurred_at.timestamp() for event in events], np.float64),
    )


def _content(world: SmallWorld) -> ItemContent:
    place = {name: position for position, name in enumerate(world.categories)}
    return ItemContent(
        titles=[item.title for item in world.items],
        texts=[item.text for item in world.items],
        category=np.array([place[item.category] if item.category else -1 for item in world.items], np.int32),
        category_names=list(world.categories),
        quality=np.array([np.nan if item.quality is None else item.quality for item in world.items], np.float32),
    )
