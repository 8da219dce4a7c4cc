"""People as callers write and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from recommendation_api.schemas.body import Strict
from recommendation_api.schemas.fields import CategoryName, Country, ExternalId, Id, SessionId
from recsys.domain import MAX_AGE, MIN_AGE, EventType, Gender, User

MAX_CATEGORIES = 100
MAX_LIKED_ITEMS = 200

Age = Annotated[int, Field(ge=MIN_AGE, le=MAX_AGE)]
Liking = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
LikedItems = Annotated[tuple[Id, ...], Field(max_length=MAX_LIKED_ITEMS)]

EXAMPLE: JsonDict = {
    "age": 34,
    "gender": "female",
    "country": "DE",
    "preferences": {"categories": {"Books": 0.9, "Travel": 0.4}},
    "liked_item_ids": [17, 4021],
}


class StatedPreferences(Strict):
    categories: dict[CategoryName, Liking] = Field(default_factory=dict, max_length=MAX_CATEGORIES)
    """Liking by category, 0 (not at all) to 1 (very much)."""


class UserChange(Strict):
    """Fields that are left out stay as they are; null clears. `preferences` and `liked_item_ids` are replaced whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"age": 35, "preferences": None}]})

    age: Age | None = None
    gender: Gender | None = None
    country: Country | None = None
    preferences: StatedPreferences | None = None
    liked_item_ids: LikedItems | None = None
    session_id: SessionId | None = None
    """A guest's, whose events become the user's."""

    def applied_to(self, user: User) -> User:
        said = self.model_fields_set
        return User(
            user_id=user.user_id,
            age=self.age if "age" in said else user.age,
            gender=self.gender if "gender" in said else user.gender,
            country=self.country if "country" in said else user.country,
            signed_up_at=user.signed_up_at,
            external_id=user.external_id,
            preferences=_categories(self.preferences) if "preferences" in said else user.preferences,
            liked_item_ids=(self.liked_item_ids or ()) if "liked_item_ids" in said else user.liked_item_ids,
        )


class NewUser(Strict):
    """Everything is optional; the more is said, the better the first list fits."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    age: Age | None = None
    gender: Gender | None = None
    country: Country | None = None
    preferences: StatedPreferences | None = None
    liked_item_ids: LikedItems | None = None
    external_id: ExternalId | None = None
    """The id that another system knows the person by; unique."""
    session_id: SessionId | None = None
    """A guest's, whose events become the user's."""

    def to_user(self) -> User:
        return User(
            user_id=0,
            age=self.age,
            gender=self.gender,
            country=self.country,
            external_id=self.external_id,
            preferences=_categories(self.preferences),
            liked_item_ids=self.liked_item_ids or (),
        )


class Preferences(BaseModel):
    categories: dict[str, float]


class UserAnswer(BaseModel):
    user_id: int
    age: int | None
    gender: Gender | None
    country: str | None
    signed_up_at: datetime | None
    external_id: str | None
    preferences: Preferences
    liked_item_ids: list[int]

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            user_id=user.user_id,
            age=user.age,
            gender=user.gender,
            country=user.country,
            signed_up_at=user.signed_up_at,
            external_id=user.external_id,
            preferences=Preferences(categories=user.preferences),
            liked_item_ids=list(user.liked_item_ids),
        )


class Demographics(BaseModel):
    age: int | None
    gender: Gender | None
    country: str | None
    signed_up_at: datetime | None


class TasteShare(BaseModel):
    category: str
    share: float
    """Of what the user liked, 0..1."""


class RecentInteraction(BaseModel):
    event_id: str
    item_id: int
    title: str | None
    type: EventType
    value: float | None
    occurred_at: datetime


class ProfileAnswer(BaseModel):
    user_id: int
    external_id: str | None
    demographics: Demographics
    preferences: Preferences
    """As stated."""
    liked_item_ids: list[int]
    """As stated."""
    taste: list[TasteShare]
    """As learned from what the user did: highest share first, summing to 1; empty before the first event."""
    counts: dict[str, int]
    """Events by type, and `total`."""
    recent_interactions: list[RecentInteraction]
    """Newest first."""


class SimilarUser(BaseModel):
    user_id: int
    score: float


class SimilarUsersAnswer(BaseModel):
    user_id: int
    release: str | None
    users: list[SimilarUser]
    """Highest score first."""


def _categories(preferences: StatedPreferences | None) -> dict[str, float]:
    return dict(preferences.categories) if preferences else {}
