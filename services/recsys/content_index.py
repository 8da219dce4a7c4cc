"""What can be asked of the catalogue's contents: who holds these words, who reads like this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from recsys.domain import Item
from recsys.ports import SearchResult


@dataclass(frozen=True, slots=True)
class Search:
    """A question in a user's words."""

    words: str
    category: str | None = None
    """Only items of this one; the facets count all."""
    limit: int = 10
    left_out: Sequence[int] = ()
    """Items that must not be found nor counted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it stood at a revision of the catalogue: an older one never replaces a newer one."""

    item: Item
    revision: int
    vector: Sequence[float] | None = None
    """Of length one, by the directions of the index's `Vectors`; None where its words say nothing."""


class ContentIndex(Protocol):
    """Full text and likeness over the items that are on offer at the moment of asking."""

    async def search(self, search: Search) -> SearchResult:
        """Best match first, equal ones in the order of their ids. All words must occur in title, description, tags,
        brand or category, `-word` must not, `"two words"` side by side, `or` between alternatives. Where nothing is
        found so, words of three letters or more may differ by one letter from those of the catalogue, of six or more
        by two. Raises `InvalidInput` for what is no text.
        """
        ...

    async def similar(self, item_id: int, limit: int, left_out: Sequence[int] = ()) -> Sequence[tuple[int, float]]:
        """Items whose texts are like this one's: (item_id, score above 0), highest first; fewer than `limit` where no
        more share a word. Raises `NotFound` for an item that is not indexed.
        """
        ...

    async def put(self, entries: Sequence[Entry], release: str | None = None) -> None:
        """Found at once. `release` names the directions of the vectors."""
        ...
