"""What the services ask of the world. Each Protocol has a real and an in-memory adapter and one contract suite over
both.

The API's ports are asynchronous; jobs (generator, trainer) talk to PostgreSQL in bulk and have their own synchronous
code in `adapters/`. Every method that cannot reach its system raises `errors.Unavailable`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recsys.domain import (
    ClosedSession,
    Deployment,
    Erasure,
    GuestHistory,
    HiddenItem,
    Interaction,
    Item,
    ReleaseDecision,
    User,
)
from recsys.rules import Rule, RuleTerms

MAX_HIDDEN = 10_000
"""Items that one user may hide."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, timezone-aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from a fixed, unknown start."""
        ...


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """Items written since a revision, and the revision to ask from next time."""

    items: Sequence[Item]
    revision: int
    whole: bool = False
    """`items` is the whole catalogue, and every other item is gone: the first read, or a load replaced everything."""


class Catalog(Protocol):
    """Items and categories."""

    async def get(self, item_id: int) -> Item | None: ...

    async def existing(self, item_ids: Sequence[int]) -> set[int]:
        """Those of `item_ids` that are items."""
        ...

    async def put(self, item: Item) -> bool:
        """Create or replace the whole item, its category too; True if it was created. Visible to `changed_since` once
        it returns. What no caller states stays as it was where it is None: quality, `published_at`, external id.
        Raises `InvalidInput`, and `Conflict` for an external id that another item has.
        """
        ...

    async def changed_since(self, revision: int) -> CatalogueChange:
        """Every item written after `revision` (0: all of them), oldest write first; none is missed by calls that hand
        on `revision`.
        """
        ...

    async def touch(self) -> None:
        """Move the revision though no item changes: readers of `changed_since` hold a newer one after their next call.
        An empty catalogue keeps its revision.
        """
        ...

    async def categories(self) -> Sequence[str]:
        """All names, sorted."""
        ...

    async def search(
        self, query: str, *, category: str | None, limit: int, left_out: Sequence[int] = ()
    ) -> SearchResult:
        """Full text over title, description, tags, brand and category: best match first, available items only. All
        words must occur, `-word` must not. Where nothing is found so, words may be wrong by a letter or two.
        """
        ...


@dataclass(frozen=True, slots=True)
class SearchResult:
    hits: Sequence[tuple[int, float]]
    """(item_id, score), highest first."""
    facets: Mapping[str, int]
    """Matches per category over the whole result, before `limit` and before the category filter."""


class Users(Protocol):
    """People, their demographics and what they stated."""

    async def get(self, user_id: int) -> User | None: ...

    async def existing(self, user_ids: Sequence[int]) -> set[int]: ...

    async def create(self, user: User, guest: GuestHistory | None = None) -> User:
        """Store with a fresh id (`user.user_id` is ignored). Raises `InvalidInput` for an unknown category or liked
        item, `Conflict` for a known external id.

        With `guest`, its events become the user's in the same transaction; a session that is the user's already adds
        what is new in it. Raises `NotFound` for one that is gone and was never merged, `Conflict` for another user's,
        `Erased` for an erased user's.
        """
        ...

    async def change(self, user_id: int, change: Callable[[User], User], guest: GuestHistory | None = None) -> User:
        """Store what `change` makes of the user's demographics, preferences and liked items; sign-up time and external
        id stay. Nobody else changes the user between `change`'s reading and the commit. Raises `NotFound`,
        `InvalidInput`. `guest` is as in `create`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    event_id: str
    duplicate: bool


class InteractionLog(Protocol):
    """What users did. `record` returns after the commit, never before."""

    async def record(self, interactions: Sequence[Interaction]) -> Sequence[Recorded | Exception]:
        """Store in one transaction, one result each in the same order: `Recorded`, or `NotFound` (unknown user or
        item), `InvalidInput` (a row that can never be stored), `Conflict` (the event id is taken by other content). A
        repeated event id with the same content is a duplicate, also within the batch; a time that the server set does
        not count as content.
        """
        ...

    async def histories(self, user_ids: Sequence[int]) -> Mapping[int, Sequence[Interaction]]:
        """Every event of each user, oldest first; an empty sequence for a user without any."""
        ...

    async def recent(self, user_id: int, limit: int) -> Sequence[Interaction]:
        """Newest first."""
        ...


class HiddenItems(Protocol):
    """What users never want to see again. Every call returns after the commit."""

    async def hide(self, user_id: int, item_id: int) -> bool:
        """True if it was not hidden before. Raises `NotFound` for an unknown user or item, `Conflict` for one beyond
        `MAX_HIDDEN`.
        """
        ...

    async def show(self, user_id: int, item_id: int) -> bool:
        """No longer hide it; True if it was hidden. Raises `NotFound`."""
        ...

    async def of(self, user_ids: Sequence[int]) -> Mapping[int, Sequence[HiddenItem]]:
        """Of each user, oldest first; an empty sequence for a user without any."""
        ...


class Rules(Protocol):
    """Rules over lists, every version of each. A change moves the catalogue's revision with its commit."""

    async def create(self, terms: RuleTerms) -> Rule:
        """Raises `InvalidInput`, and `Conflict` for one beyond `rules.MAX_RULES` that hold or will."""
        ...

    async def change(self, rule_id: int, change: Callable[[RuleTerms], RuleTerms]) -> Rule:
        """Add a version: what `change` makes of the newest one. Raises `NotFound`, `InvalidInput`, and `Conflict` for
        an ended rule too.
        """
        ...

    async def end(self, rule_id: int) -> Rule:
        """For good; an ended one stays as it is. Raises `NotFound`."""
        ...

    async def versions(self, rule_id: int) -> Sequence[Rule]:
        """Newest first; none of an unknown rule."""
        ...

    async def current(self) -> Sequence[Rule]:
        """The newest version of each rule that holds or will hold, oldest rule first."""
        ...

    async def newest(self, limit: int) -> Sequence[Rule]:
        """The last `limit` rules in their newest versions, whether over or not, newest rule first."""
        ...


@dataclass(frozen=True, slots=True)
class KeptList:
    """A computed list, so that later events can name it."""

    recommendation_id: str
    user_id: int
    release: str | None
    algorithm: str
    item_ids: Sequence[int]
    generated_at: datetime
    propensities: Sequence[float] | None = None
    """How likely each item was to stand in this list; None: chance had no part in it."""


class RecommendationLog(Protocol):
    async def keep(self, lists: Sequence[KeptList]) -> None:
        """Those of erased users are left out. Items in them that count as new were shown once more each time."""
        ...

    async def impressions(self, item_ids: Sequence[int], *, below: int) -> Mapping[int, int]:
        """Count these as new from now on, those that are items. How often each item that ever counted as new was shown
        since, for those shown less than `below` times.
        """
        ...

    async def find(self, recommendation_ids: Sequence[str]) -> Mapping[str, KeptList]:
        """Those of the lists that are kept, by id."""
        ...

    async def count_shown(self, since: datetime, at: datetime, *, lists: int) -> int:
        """How many different items that are on offer at `at` stand in the newest `lists` lists generated from `since`
        on.
        """
        ...

    async def forget_before(self, moment: datetime) -> int:
        """Delete older lists; how many went."""
        ...


class Sessions(Protocol):
    """What guests did, by the id of a session that nobody can guess; it ends some time after it was last used.

    Every method raises `NotFound` for a session that has ended or never was, unless it says otherwise.
    """

    async def begin(self) -> str: ...

    async def record(self, session_id: str, event: Interaction) -> Recorded:
        """Keep an event of nobody's (`GUEST`). A repeated event id is what it is in `InteractionLog`. Raises
        `InvalidInput`, and `Conflict` too while the session is closed or where it is full.
        """

    async def events(self, session_id: str) -> Sequence[Interaction]:
        """Oldest first."""

    async def close(self, session_id: str) -> ClosedSession:
        """What is to be merged into an account; no event is taken until it is reopened, or for a while."""

    async def reopen(self, session_id: str, token: str) -> None:
        """Nothing if somebody else closed it meanwhile, or it is gone."""

    async def end(self, session_id: str, token: str) -> None:
        """Forget it, under the same condition."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """Ready-made answer bytes. `version` is the user's event version read before the computation began."""

    body: bytes
    version: str
    epoch: int
    """The catalogue's revision that the computation saw."""
    expires_at: float
    """Unix seconds: the earlier of the TTL and the next availability boundary of an item in the list."""


@dataclass(frozen=True, slots=True)
class CacheRead:
    entry: CacheEntry | None
    version: str
    """The user's event version now; hand it to the entry that will be stored."""


class RecommendationCache(Protocol):
    """One hash per user. An entry is returned only if its version is the user's current one and it has not expired;
    the caller compares `epoch`.
    """

    def read(self, user_id: int, key: str) -> Awaitable[CacheRead]: ...

    async def store(self, user_id: int, key: str, entry: CacheEntry) -> None:
        """Keep `entry`, whose version is the one that `read` gave before the computation; one that comes too late is
        never served.
        """
        ...

    async def invalidate(self, user_ids: Sequence[int]) -> None:
        """Drop every entry of these users and move their version, so that a computation that began earlier can no
        longer store.
        """
        ...

    async def sweep(self, is_forgotten: Callable[[int], bool]) -> int:
        """Drop every user's entries for whom that holds; how many users. Takes as long as there are users in it."""
        ...


class ReleaseRegistry(Protocol):
    """Which release should be live. MLflow's alias decides."""

    async def champion(self) -> str | None:
        """Version of the release that the alias points to; None before the first."""
        ...

    async def set_champion(self, version: str) -> None:
        """Point the alias to `version`. Raises `NotFound` for a release that is not registered."""
        ...


class DeploymentLog(Protocol):
    """What was live when."""

    async def append(self, deployment: Deployment) -> None:
        """Recorded once: a repeat of the latest version adds nothing."""
        ...

    async def latest(self) -> Deployment | None: ...

    async def newest(self, limit: int) -> Sequence[Deployment]:
        """The last `limit`, newest first."""
        ...


class DecisionLog(Protocol):
    """Why releases were published or refused; trainings write it."""

    async def of_releases(self, versions: Sequence[str]) -> Mapping[str, ReleaseDecision]:
        """By version, for those that something was decided of."""
        ...

    async def refusals(self, limit: int) -> Sequence[ReleaseDecision]:
        """The last `limit`, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Keyed hashes of users and of external ids, erased since a revision, and the revision to ask from next time."""

    hashes: frozenset[bytes]
    revision: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Erasures that a store has still to follow."""

    count: int
    oldest: datetime | None


class Erasures(Protocol):
    """Forgetting people: what is left of each is a keyed hash and a receipt without a name."""

    async def erase(self, user_id: int) -> Erasure:
        """Take everything of the user's out of this database, all or nothing, and leave the tombstone; nothing of the
        user's that is written at the same time is left behind. Raises `NotFound`, `Erased`.
        """
        ...

    async def find(self, receipt_id: str) -> Erasure | None: ...

    async def tombstones(self, since: int) -> Tombstones:
        """Those after revision `since` (0: all); none is missed by calls that hand on the revision."""
        ...

    async def waiting(self, store: str, limit: int) -> Sequence[str]:
        """Receipts that `store` has still to follow, oldest first."""
        ...

    async def settle(self, store: str, receipt_ids: Sequence[str]) -> None:
        """Those users are gone from `store`; repeats change nothing."""
        ...

    async def backlog(self) -> Mapping[str, Backlog]:
        """By store, each of them."""
        ...


class PersonalData(Protocol):
    """All that is kept of one user, a page at a time: however much it is, a reader holds little of it."""

    async def interactions(self, user_id: int, after: Interaction | None, limit: int) -> Sequence[Interaction]:
        """Oldest first, those that follow `after`."""
        ...

    async def lists(self, user_id: int, after: KeptList | None, limit: int) -> Sequence[KeptList]:
        """Oldest first, those that follow `after`."""
        ...
