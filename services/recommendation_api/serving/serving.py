"""The serving layer's face: what the routes ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.catalogue_view import CatalogueMirror
from recsys.domain import Algorithm, CategoryShare
from recsys.errors import NotReady
from recsys.release import Release
from recsys.settings import Settings


@dataclass(frozen=True, slots=True)
class ScoredItem:
    item_id: int
    title: str
    category: str | None
    score: float


@dataclass(frozen=True, slots=True)
class ScoredUser:
    user_id: int
    score: float


@dataclass(frozen=True, slots=True)
class AlgorithmInfo:
    """What can be asked for, as measured on the split before the release was refitted."""

    name: Algorithm
    metrics: Mapping[str, float]
    settings: Mapping[str, Any]


class Serving:
    """Answers from the live release; create with `await Serving.start(...)`, end with `await aclose()`."""

    @classmethod
    async def start(cls, stores: Any, catalogue: CatalogueMirror, settings: Settings) -> Serving:
        """Load the champion (or the last deployed release while the registry is away) and start following the alias.

        Starts without a release too: every answer is then `NotReady`.
        """
        del stores, catalogue, settings
        return cls()

    async def aclose(self) -> None:
        """Stop following the alias, write the lists still waiting, end the computing thread."""

    @property
    def release(self) -> Release | None:
        """The live one; None before the first."""
        return None

    async def recommend(self, request: RecommendationRequest) -> bytes:
        """The answer as JSON bytes. Raises `InvalidInput`, `NotReady`, `Unavailable`."""
        raise NotReady("no release is live yet")

    async def similar(self, item_id: int, algorithm: Algorithm, n: int) -> Sequence[ScoredItem]:
        """Available items nearest to `item_id`, highest first. Raises `NotFound`, `InvalidInput`, `NotReady`."""
        raise NotReady("no release is live yet")

    async def popular(self, category: str | None, n: int) -> Sequence[ScoredItem]:
        """Available items by popularity x quality. Raises `InvalidInput` for an unknown category, `NotReady`."""
        raise NotReady("no release is live yet")

    async def profile_taste(self, user_id: int) -> Sequence[CategoryShare]:
        """Shares of the categories in what the user liked, highest first, summing to 1; empty without events."""
        raise NotReady("no release is live yet")

    async def similar_users(self, user_id: int, n: int) -> Sequence[ScoredUser]:
        """Like-minded users of the release, highest first; empty without events. Raises `NotReady`."""
        raise NotReady("no release is live yet")

    def algorithms(self) -> Sequence[AlgorithmInfo]:
        """Those that the live release holds; empty before the first."""
        return []
