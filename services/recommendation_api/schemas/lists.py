"""Lists of items: popular, similar, found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from recsys.domain import Algorithm


class ListedItem(BaseModel):
    item_id: int
    title: str
    category: str | None
    score: float


class SimilarItemsAnswer(BaseModel):
    item_id: int
    algorithm: Algorithm
    release: str | None
    similar: list[ListedItem]
    """Nearest first."""
    degraded: list[str] = Field(examples=[[]])
    """What was away: without `elasticsearch` the release's vectors tell what is near."""


class AudienceUser(BaseModel):
    user_id: int
    score: float = Field(examples=[0.41])
    """0..1: the share of what the user liked that is like the item."""
    reason: str = Field(examples=["Chose Walnut desk 3, which is like it"])


class AudienceAnswer(BaseModel):
    item_id: int
    release: str | None
    users: list[AudienceUser]
    """Best first."""


class PopularAnswer(BaseModel):
    category: str | None
    release: str | None
    items: list[ListedItem]
    """Highest score first."""


class SearchAnswer(BaseModel):
    query: str
    category: str | None
    user_id: int | None
    """Whose taste had a say in the order."""
    items: list[ListedItem]
    """Best match first."""
    facets: dict[str, int] = Field(examples=[{"Books": 12, "Travel": 3}])
    """Matches by category, over everything that was found and whatever category was asked for."""
    degraded: list[str] = Field(examples=[[]])
    """What was away: without `elasticsearch` PostgreSQL's full text finds, and misspelt words too."""


class AlgorithmAnswer(BaseModel):
    name: Algorithm
    metrics: Mapping[str, float] = Field(examples=[{"ndcg@10": 0.08, "recall@10": 0.11}])
    """Measured on the newest events, held out, before the release was fitted on everything."""
    settings: Mapping[str, Any]


class AlgorithmsAnswer(BaseModel):
    release: str | None
    algorithms: list[AlgorithmAnswer]
