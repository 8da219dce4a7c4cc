"""Every port in this process's memory, with the semantics of the real ones: for tests and for trying things out."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from recsys.adapters.acceptance import accept_interaction, accept_item, accept_user
from recsys.adapters.search_words import Alternative, read
from recsys.adapters.sessions import merged_elsewhere, second_id, unknown
from recsys.adapters.typos import near_words
from recsys.adapters.verdicts import (
    erased_session,
    not_registered,
    refuse_unknown,
    repeated,
    taken,
    unknown_item,
    unknown_user,
)
from recsys.domain import Deployment, Erasure, GuestHistory, Interaction, Item, ReleaseDecision, User
from recsys.errors import Conflict, InvalidInput, RecstackError
from recsys.ports import CacheEntry, CacheRead, CatalogueChange, Clock, KeptList, Recorded, SearchResult
from recsys.pseudonyms import Pseudonyms
from recsys.rules import Rule

MAX_CACHED_LISTS = 32
_WORD = re.compile(r"\w+")
_TITLE_WEIGHT, _LABEL_WEIGHT, _DESCRIPTION_WEIGHT = 1.0, 0.4, 0.2


@dataclass(slots=True)
class MemoryDatabase:
    """What the adapters of one database share."""

    clock: Clock
    items: dict[int, tuple[Item, int]] = field(default_factory=dict)
    """Item and revision by id."""
    revision: int = 0
    categories: set[str] = field(default_factory=set)
    users: dict[int, User] = field(default_factory=dict)
    merged_sessions: dict[bytes, int] = field(default_factory=dict)
    """User by the session's hash."""
    events: dict[str, Interaction] = field(default_factory=dict)
    hidden: dict[int, dict[int, datetime]] = field(default_factory=dict)
    """When each user hid each item."""
    rules: dict[int, list[Rule]] = field(default_factory=dict)
    """Every version by id, oldest first."""
    lists: dict[str, KeptList] = field(default_factory=dict)
    impressions: dict[int, int] = field(default_factory=dict)
    """Of items that are new."""
    deployments: list[Deployment] = field(default_factory=list)
    decisions: list[ReleaseDecision] = field(default_factory=list)
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(secrets.token_bytes(32)))
    tombstones: dict[bytes, int] = field(default_factory=dict)
    """Revision by keyed hash."""
    erasures: dict[str, Erasure] = field(default_factory=dict)


class MemoryCatalog:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, item_id: int) -> Item | None:
        found = self._database.items.get(item_id)
        return found[0] if found else None

    async def existing(self, item_ids: Sequence[int]) -> set[int]:
        return {item_id for item_id in item_ids if item_id in self._database.items}

    async def put(self, item: Item) -> bool:
        item = accept_item(item)
        items = self._database.items
        if item.external_id is not None and any(
            other.external_id == item.external_id for other, _ in items.values() if other.item_id != item.item_id
        ):
            raise taken("item", item.external_id)
        before = items.get(item.item_id)
        if before:
            item = replace(
                item,
                quality=before[0].quality if item.quality is None else item.quality,
                published_at=item.published_at or before[0].published_at,
                external_id=item.external_id or before[0].external_id,
            )
        if item.category is not None:
            self._database.categories.add(item.category)
        self._database.revision += 1
        published = replace(item, published_at=item.published_at or self._database.clock.now())
        items[item.item_id] = (published, self._database.revision)
        return before is None

    async def changed_since(self, revision: int) -> CatalogueChange:
        changed = sorted((at, item) for item, at in self._database.items.values() if at > revision)
        newest = changed[-1][0] if changed else revision
        return CatalogueChange([item for _, item in changed], newest, whole=revision == 0)

    async def touch(self) -> None:
        items = self._database.items
        if items:
            self._database.revision += 1
            last = max(items)
            items[last] = (items[last][0], self._database.revision)

    async def categories(self) -> Sequence[str]:
        return sorted(self._database.categories)

    async def search(
        self, query: str, *, category: str | None, limit: int, left_out: Sequence[int] = ()
    ) -> SearchResult:
        alternatives, now, hidden = read(query), self._database.clock.now(), {*left_out}
        shelf = [item for item, _ in self._database.items.values() if item.item_id not in hidden]
        weights = {item.item_id: _weights(item) for item in shelf if item.is_available(now)}
        vocabulary = sorted({word for known in weights.values() for word in known})
        for near in (lambda word: [word], partial(_meant, vocabulary)):
            scores = {
                item.item_id: _score(item.text, weights[item.item_id], alternatives, near)
                for item in shelf
                if item.item_id in weights
            }
            if any(scores.values()):
                break
        found = [item for item in shelf if scores.get(item.item_id)]
        hits = [(each.item_id, scores[each.item_id]) for each in found if category is None or each.category == category]
        hits.sort(key=lambda hit: (-hit[1], hit[0]))
        facets = Counter(item.category for item in found if item.category is not None)
        return SearchResult(hits[:limit], dict(facets))


def _meant(vocabulary: Sequence[str], word: str) -> Sequence[str]:
    return [word, *near_words(word, vocabulary)]


def _weights(item: Item) -> dict[str, float]:
    """By word."""
    labels = " ".join((*item.tags, item.brand or "", item.category or ""))
    weights = dict.fromkeys(_words(item.description or ""), _DESCRIPTION_WEIGHT)
    weights |= dict.fromkeys(_words(labels), _LABEL_WEIGHT)
    return weights | dict.fromkeys(_words(item.title), _TITLE_WEIGHT)


def _score(
    text: str,
    weights: Mapping[str, float],
    alternatives: Sequence[Alternative],
    near: Callable[[str], Sequence[str]],
) -> float:
    """Of the alternative that matches best; 0 where none does."""
    best, written = 0.0, _side_by_side(text)
    for each in alternatives:
        found = [max(weights.get(other, 0.0) for other in near(word)) for word in _words(" ".join(each.guessed))]
        found += [weights.get(word, 0.0) for phrase in each.phrases for word in _words(phrase)]
        broken = any(_side_by_side(phrase) not in written for phrase in each.phrases)
        unwanted = any(all(word in weights for word in _words(words)) for words in each.without)
        if all(found) and not broken and not unwanted:
            best = max(best, sum(found))
    return best


def _side_by_side(text: str) -> str:
    return f" {' '.join(_words(text))} "


def _words(text: str) -> Iterator[str]:
    return (word.casefold() for word in _WORD.findall(text))


class MemoryUsers:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, user_id: int) -> User | None:
        return self._database.users.get(user_id)

    async def existing(self, user_ids: Sequence[int]) -> set[int]:
        return {user_id for user_id in user_ids if user_id in self._database.users}

    async def create(self, user: User, guest: GuestHistory | None = None) -> User:
        user = self._accept(user)
        users = self._database.users
        if user.external_id is not None and any(other.external_id == user.external_id for other in users.values()):
            raise taken("user", user.external_id)
        self._refuse(guest, None)
        signed_up_at = user.signed_up_at or self._database.clock.now()
        user_id = max(users, default=0) + 1
        while self._database.pseudonyms.user(user_id) in self._database.tombstones:
            user_id += 1
        stored = replace(user, user_id=user_id, signed_up_at=signed_up_at)
        users[stored.user_id] = stored
        self._merge(guest, stored.user_id)
        return stored

    async def change(self, user_id: int, change: Callable[[User], User], guest: GuestHistory | None = None) -> User:
        before = self._database.users.get(user_id)
        if before is None:
            raise unknown_user(user_id)
        user = self._accept(change(before))
        self._refuse(guest, user_id)
        stored = replace(user, user_id=user_id, signed_up_at=before.signed_up_at, external_id=before.external_id)
        self._database.users[user_id] = stored
        self._merge(guest, user_id)
        return stored

    def _refuse(self, guest: GuestHistory | None, user_id: int | None) -> None:
        if guest and guest.session_hash in self._database.tombstones:
            raise erased_session()
        owner = self._database.merged_sessions.get(guest.session_hash) if guest else None
        if owner is not None and owner != user_id:
            raise merged_elsewhere()
        if guest and owner is None and guest.events is None:
            raise unknown()

    def _merge(self, guest: GuestHistory | None, user_id: int) -> None:
        if guest is None:
            return
        self._database.merged_sessions[guest.session_hash] = user_id
        log = MemoryInteractionLog(self._database)
        for event in guest.events or ():
            mine = replace(event, user_id=user_id)
            if isinstance(log.store(mine), Conflict):
                log.store(second_id(mine, guest.session_hash))

    def _accept(self, user: User) -> User:
        user = accept_user(user)
        refuse_unknown(
            [name for name in user.preferences if name not in self._database.categories],
            [item_id for item_id in user.liked_item_ids if item_id not in self._database.items],
        )
        return user


class MemoryInteractionLog:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def record(self, interactions: Sequence[Interaction]) -> Sequence[Recorded | Exception]:
        return [self.store(event) for event in interactions]

    async def histories(self, user_ids: Sequence[int]) -> dict[int, list[Interaction]]:
        found: dict[int, list[Interaction]] = {user_id: [] for user_id in user_ids}
        for event in self._database.events.values():
            if event.user_id in found:
                found[event.user_id].append(event)
        for events in found.values():
            events.sort(key=lambda event: (event.occurred_at, event.event_id))
        return found

    async def recent(self, user_id: int, limit: int) -> Sequence[Interaction]:
        return (await self.histories([user_id]))[user_id][::-1][:limit]

    def store(self, event: Interaction) -> Recorded | RecstackError:
        try:
            event = accept_interaction(event)
        except InvalidInput as error:
            return error
        if event.user_id not in self._database.users:
            return unknown_user(event.user_id)
        if event.item_id not in self._database.items:
            return unknown_item(event.item_id)
        before = self._database.events.get(event.event_id)
        if before is not None:
            return repeated(before, event)
        self._database.events[event.event_id] = event
        return Recorded(event.event_id, duplicate=False)


class MemoryRecommendationLog:
    def __init__(self, database: MemoryDatabase) -> None:
        self._lists, self._items = database.lists, database.items
        self._pseudonyms, self._tombstones = database.pseudonyms, database.tombstones
        self._impressions = database.impressions

    async def keep(self, lists: Sequence[KeptList]) -> None:
        for kept in lists:
            if self._pseudonyms.user(kept.user_id) not in self._tombstones:
                self._lists.setdefault(kept.recommendation_id, kept)
            for item_id in self._impressions.keys() & {*kept.item_ids}:
                self._impressions[item_id] += 1

    async def impressions(self, item_ids: Sequence[int], *, below: int) -> Mapping[int, int]:
        for item_id in self._items.keys() & {*item_ids}:
            self._impressions.setdefault(item_id, 0)
        return {item_id: shown for item_id, shown in self._impressions.items() if shown < below}

    async def find(self, recommendation_ids: Sequence[str]) -> Mapping[str, KeptList]:
        return {known: self._lists[known] for known in recommendation_ids if known in self._lists}

    async def count_shown(self, since: datetime, at: datetime, *, lists: int) -> int:
        recent = [kept for kept in self._lists.values() if kept.generated_at >= since]
        newest = sorted(recent, key=lambda kept: kept.generated_at, reverse=True)[:lists]
        shown = {item_id for kept in newest for item_id in kept.item_ids} & self._items.keys()
        return sum(self._items[item_id][0].is_available(at) for item_id in shown)

    async def forget_before(self, moment: datetime) -> int:
        old = [kept.recommendation_id for kept in self._lists.values() if kept.generated_at < moment]
        for recommendation_id in old:
            del self._lists[recommendation_id]
        return len(old)


class MemoryDeploymentLog:
    def __init__(self, database: MemoryDatabase) -> None:
        self._deployments = database.deployments

    async def append(self, deployment: Deployment) -> None:
        if not self._deployments or self._deployments[-1].version != deployment.version:
            self._deployments.append(deployment)

    async def latest(self) -> Deployment | None:
        return self._deployments[-1] if self._deployments else None

    async def newest(self, limit: int) -> Sequence[Deployment]:
        return self._deployments[::-1][:limit]


class MemoryDecisionLog:
    def __init__(self, database: MemoryDatabase) -> None:
        self._decisions = database.decisions

    async def of_releases(self, versions: Sequence[str]) -> Mapping[str, ReleaseDecision]:
        return {each.version: each for each in self._decisions if each.version and each.version in versions}

    async def refusals(self, limit: int) -> Sequence[ReleaseDecision]:
        return [each for each in reversed(self._decisions) if each.outcome == "refused"][:limit]


@dataclass(slots=True)
class _CachedUser:
    version: str = field(default_factory=lambda: secrets.token_hex(16))
    entries: dict[str, CacheEntry] = field(default_factory=dict)


class MemoryRecommendationCache:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._users: dict[int, _CachedUser] = {}

    async def read(self, user_id: int, key: str) -> CacheRead:
        user = self._users.setdefault(user_id, _CachedUser())
        entry = user.entries.get(key)
        if entry and (entry.version != user.version or entry.expires_at <= self._clock.now().timestamp()):
            entry = None
        return CacheRead(entry, user.version)

    async def store(self, user_id: int, key: str, entry: CacheEntry) -> None:
        user = self._users.setdefault(user_id, _CachedUser())
        if len(user.entries.keys() | {key}) > MAX_CACHED_LISTS:
            del self._users[user_id]
        elif entry.version == user.version:
            user.entries[key] = entry

    async def invalidate(self, user_ids: Sequence[int]) -> None:
        for user_id in user_ids:
            self._users.pop(user_id, None)

    async def sweep(self, is_forgotten: Callable[[int], bool]) -> int:
        forgotten = [user_id for user_id in self._users if is_forgotten(user_id)]
        await self.invalidate(forgotten)
        return len(forgotten)


class MemoryReleaseRegistry:
    def __init__(self, champion: str | None = None) -> None:
        self.version = champion
        self.registered = {champion} if champion else set()

    async def champion(self) -> str | None:
        return self.version

    async def set_champion(self, version: str) -> None:
        if version not in self.registered:
            raise not_registered(version)
        self.version = version
