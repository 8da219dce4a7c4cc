"""Guests as callers write and read them."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from recommendation_api.schemas.body import Strict
from recommendation_api.schemas.fields import Id, SessionId
from recommendation_api.schemas.interactions import EventContent
from recommendation_api.schemas.recommendations import ListAnswer, ListRequest
from recsys.domain import GUEST

MAX_ITEMS = 500


class NewSession(Strict):
    """There is nothing to say yet; an empty body will do too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class SessionAnswer(BaseModel):
    session_id: str
    """Whoever knows it is the guest."""
    expires_in_seconds: int
    """After it was last used."""


class SessionInteraction(EventContent):
    """One event of a guest's. With an `event_id` of the caller's own it can be sent again without counting twice."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": 17, "type": "like"}]})

    @property
    def of_user(self) -> int:
        return GUEST


class SessionRecommendationRequest(ListRequest):
    """By `session_id`, or without any session by `item_ids`: those are left out of the list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_ids": [17, 4021], "num_recommendations": 5}]})

    session_id: SessionId | None = None
    item_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_ITEMS)] | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.session_id is None and self.item_ids is None:
            raise PydanticCustomError("missing", "Either this or item_ids is needed", {"field": "session_id"})
        if self.session_id is not None and self.item_ids is not None:
            raise PydanticCustomError("superfluous", "Only one of session_id and item_ids", {"field": "item_ids"})
        return self

    @property
    def asker(self) -> dict[str, Any]:
        return {"session_id": self.session_id}

    @property
    def asked_about(self) -> object:
        return self.session_id or [*(self.item_ids or ())]


class SessionRecommendationAnswer(ListAnswer):
    session_id: str | None
    """Null for a list by `item_ids`."""
