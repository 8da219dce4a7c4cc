"""The catalogue as aligned arrays: what the hot path reads of an item, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from recommendation_api.labels import Labels, joined
from recsys.catalogue_copy import CatalogueCopy
from recsys.domain import Item
from recsys.rules import Rule

T = TypeVar("T", bound=np.generic)

MAX_TEXTS = 10_000
"""Of the items written last: what is newer than the release is among them."""


@dataclass(frozen=True)
class CatalogueArrays:
    """Every item at one revision; position i means the same item in each array. Never written after it is made."""

    revision: int = 0
    item_ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """(n,) ascending"""
    titles: Sequence[str] = ()
    category: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """(n,) position in `category_names`, -1 for none"""
    category_names: Sequence[str] = ()
    category_codes: Mapping[str, int] = field(default_factory=dict)
    price: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))
    """(n,) NaN where there is none"""
    quality: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    """(n,) 0..5, NaN where unknown"""
    available_from: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))
    """(n,) unix seconds, -inf where unbounded"""
    available_until: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))
    """(n,) unix seconds, +inf where unbounded"""
    brands: Sequence[str] = ()
    """(n,) "" where there is none"""
    tags: Sequence[str] = ()
    """(n,) all of an item's as one text, see `labels.joined`"""
    rules: Sequence[Rule] = ()
    """Those that hold or will hold, oldest first."""
    texts: Mapping[int, str] = field(default_factory=dict)
    """By id, what is said of the items that were written last, the last one at the end; see `Item.text`."""

    def __len__(self) -> int:
        return len(self.item_ids)

    def position(self, item_id: int) -> int | None:
        """Where the item stands in every array; None for an id that is no item."""
        at = int(np.searchsorted(self.item_ids, item_id))
        return at if at < len(self.item_ids) and self.item_ids[at] == item_id else None

    def category_of(self, position: int) -> str | None:
        code = int(self.category[position])
        return None if code < 0 else self.category_names[code]

    @cached_property
    def labels(self) -> Labels:
        return Labels(self.brands, self.tags)

    @classmethod
    def of(cls, items: Sequence[Item], revision: int, known_categories: Sequence[str] = ()) -> Self:
        """Items in any order, the last write of an id counts. Categories known already keep their codes."""
        rows = sorted({item.item_id: item for item in items}.values(), key=lambda item: item.item_id)
        names = [*known_categories, *sorted({i.category for i in rows if i.category is not None} - {*known_categories})]
        codes = {name: code for code, name in enumerate(names)}
        return cls(
            revision=revision,
            item_ids=_column(rows, np.int64, lambda item: item.item_id),
            titles=[item.title for item in rows],
            category=_column(rows, np.int32, lambda item: -1 if item.category is None else codes[item.category]),
            category_names=names,
            category_codes=codes,
            price=_column(rows, np.float64, lambda item: np.nan if item.price is None else item.price),
            quality=_column(rows, np.float32, lambda item: np.nan if item.quality is None else item.quality),
            available_from=_column(rows, np.float64, lambda item: _seconds(item.available_from, -np.inf)),
            available_until=_column(rows, np.float64, lambda item: _seconds(item.available_until, np.inf)),
            brands=[item.brand or "" for item in rows],
            tags=[joined(item.tags) for item in rows],
            texts=_texts(items),
        )

    @classmethod
    def copied(cls, item_ids: NDArray[np.int64], copy: CatalogueCopy) -> Self:
        """As a release has it, at revision 0: whatever is read next replaces all of it."""
        return cls(
            item_ids=item_ids,
            titles=copy.titles,
            category=copy.category,
            category_names=copy.category_names,
            category_codes={name: code for code, name in enumerate(copy.category_names)},
            price=copy.price,
            quality=copy.quality,
            available_from=copy.available_from,
            available_until=copy.available_until,
        )

    def updated(self, items: Sequence[Item], revision: int) -> CatalogueArrays:
        """These arrays with `items` put in: a copy, some milliseconds for 50,000 items."""
        if not items:
            return replace(self, revision=revision)
        change = CatalogueArrays.of(items, revision, self.category_names)
        at = np.searchsorted(self.item_ids, change.item_ids)
        known = np.append(self.item_ids, -1)[at] == change.item_ids
        merge = _Merge(at, known)
        return CatalogueArrays(
            revision=revision,
            item_ids=merge.array(self.item_ids, change.item_ids),
            titles=merge.titles(self.titles, change.titles),
            category=merge.array(self.category, change.category),
            category_names=change.category_names,
            category_codes=change.category_codes,
            price=merge.array(self.price, change.price),
            quality=merge.array(self.quality, change.quality),
            available_from=merge.array(self.available_from, change.available_from),
            available_until=merge.array(self.available_until, change.available_until),
            brands=merge.titles(self.brands, change.brands),
            tags=merge.titles(self.tags, change.tags),
            rules=self.rules,
            texts=_newest({**{i: text for i, text in self.texts.items() if i not in change.texts}, **change.texts}),
        )


@dataclass(frozen=True, slots=True)
class _Merge:
    """Where each changed row goes: over the row `at` if `known`, else before it."""

    at: NDArray[np.intp]
    known: NDArray[np.bool_]

    def array(self, old: NDArray[T], new: NDArray[T]) -> NDArray[T]:
        merged = old.copy()
        merged[self.at[self.known]] = new[self.known]
        return merged if self.known.all() else np.insert(merged, self.at[~self.known], new[~self.known])

    def titles(self, old: Sequence[str], new: Sequence[str]) -> list[str]:
        return list(self.array(np.array(old, np.object_), np.array(new, np.object_)))


def _texts(items: Sequence[Item]) -> dict[int, str]:
    """Of the last of `items`, oldest write first."""
    return {item.item_id: item.text for item in items[-MAX_TEXTS:]}


def _newest(texts: dict[int, str]) -> Mapping[int, str]:
    return dict(islice(texts.items(), max(0, len(texts) - MAX_TEXTS), None))


def _column(rows: Sequence[Item], kind: type[T], read: Callable[[Item], float]) -> NDArray[T]:
    return np.fromiter((read(item) for item in rows), kind, count=len(rows))


def _seconds(moment: datetime | None, unbounded: float) -> float:
    return unbounded if moment is None else moment.timestamp()
