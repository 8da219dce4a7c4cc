"""What is told to a person of what is kept of them, and of its erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from recommendation_api.schemas.users import Preferences
from recsys.domain import Erasure, EventType, Gender, HiddenItem, Interaction, User
from recsys.ports import KeptList


class ExportedUser(BaseModel):
    """Without `user_id`, `signed_up_at` and with the preferences it is a body of `POST /users`."""

    user_id: int
    external_id: str | None
    age: int | None
    gender: Gender | None
    country: str | None
    signed_up_at: datetime | None
    liked_item_ids: list[int]

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            user_id=user.user_id,
            external_id=user.external_id,
            age=user.age,
            gender=user.gender,
            country=user.country,
            signed_up_at=user.signed_up_at,
            liked_item_ids=list(user.liked_item_ids),
        )


class ExportedInteraction(BaseModel):
    """A body of `POST /interactions` as it is; fields without a value are left out."""

    event_id: str
    user_id: int
    item_id: int
    type: EventType
    value: float | None = None
    occurred_at: datetime
    recommendation_id: UUID | None = None

    @classmethod
    def of(cls, event: Interaction) -> Self:
        return cls.model_validate(event, from_attributes=True)


class ExportedList(BaseModel):
    recommendation_id: UUID
    release: str | None
    algorithm: str
    item_ids: list[int]
    generated_at: datetime

    @classmethod
    def of(cls, kept: KeptList) -> Self:
        return cls.model_validate(kept, from_attributes=True)


class ExportedHiddenItem(BaseModel):
    item_id: int
    hidden_at: datetime

    @classmethod
    def of(cls, hidden: HiddenItem) -> Self:
        return cls.model_validate(hidden, from_attributes=True)


class ExportAnswer(BaseModel):
    """All that is kept of a user, oldest first."""

    user: ExportedUser
    preferences: Preferences
    interactions: list[ExportedInteraction]
    hidden_items: list[ExportedHiddenItem]
    """What `PUT /users/{id}/hidden_items/{item_id}` hid."""
    lists: list[ExportedList]
    """What was recommended, as long as lists are kept."""


class StoreState(StrEnum):
    DONE = "done"
    PENDING = "pending"


class ErasedStore(BaseModel):
    store: str = Field(examples=["redis"])
    state: StoreState
    done_at: datetime | None = None
    what: str = Field(examples=["cached lists"])
    """What of the user was there."""
    removed: dict[str, int] | None = None
    """Rows by table, of the database."""


class ErasureReceipt(BaseModel):
    """Names nobody: keep it to look up how far the erasure is."""

    receipt_id: UUID
    erased_at: datetime
    state: StoreState
    """Done once it is done in every store."""
    stores: list[ErasedStore]

    @classmethod
    def of(cls, erasure: Erasure) -> Self:
        at = erasure.erased_at
        stores = [
            ErasedStore(
                store="postgresql", state=StoreState.DONE, done_at=at, what=DATABASE, removed=dict(erasure.removed)
            ),
            ErasedStore(store="memory", state=StoreState.DONE, done_at=at, what=MEMORY),
            *(_followed(store, erasure.done) for store in FOLLOWING),
            ErasedStore(store="logs", state=StoreState.DONE, done_at=at, what=LOGS),
        ]
        everywhere = all(each.state is StoreState.DONE for each in stores)
        return cls(
            receipt_id=UUID(erasure.receipt_id),
            erased_at=at,
            state=StoreState.DONE if everywhere else StoreState.PENDING,
            stores=stores,
        )


DATABASE = "the user, what was stated, events, hidden items, lists, merged sessions: deleted; a keyed hash stays"
MEMORY = "the rows of the releases in memory: unusable in the worker that answered, and in the others within seconds"
LOGS = "never hold anybody's id"
FOLLOWING = {
    "redis": "cached lists",
    "releases": "the rows of the kept releases: masked at once, rewritten at the next training",
    "mlflow": "the copies of those releases: replaced at the next training",
}


def _followed(store: str, done: Mapping[str, datetime | None]) -> ErasedStore:
    at = done.get(store)
    return ErasedStore(
        store=store, state=StoreState.DONE if at else StoreState.PENDING, done_at=at, what=FOLLOWING[store]
    )
