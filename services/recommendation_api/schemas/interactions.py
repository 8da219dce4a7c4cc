"""What users did, as callers report it."""

from __future__ import annotations

import uuid
from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from recommendation_api.problems import Problem
from recommendation_api.schemas.body import Strict
from recommendation_api.schemas.fields import Id, Moment
from recsys.domain import MAX_CLOCK_SKEW_SECONDS, MAX_RATING, MIN_RATING, EventType, Interaction
from recsys.errors import FieldError, InvalidInput

MAX_BATCH = 1000
EventId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Rating = Annotated[float, Field(ge=MIN_RATING, le=MAX_RATING, allow_inf_nan=False)]

EXAMPLE: JsonDict = {"user_id": 1, "item_id": 17, "type": "rating", "value": 4.5}


class EventContent(Strict):
    """What was done, whoever did it."""

    item_id: Id
    type: EventType
    value: Rating | None = None
    """The rating: needed for `rating`, refused elsewhere."""
    occurred_at: Moment | None = None
    """Now, unless said; at most five minutes ahead of the server's clock."""
    event_id: EventId | None = None
    recommendation_id: UUID | None = None
    """The list that the event answers to. An event is stored whatever it names; one that names an unknown list, one
    that is no longer kept, another user's, or one without the item counts for no algorithm.
    """

    @model_validator(mode="after")
    def _value_belongs_to_ratings(self) -> Self:
        if self.type is EventType.RATING and self.value is None:
            raise PydanticCustomError("missing", "A rating needs a value", {"field": "value"})
        if self.type is not EventType.RATING and self.value is not None:
            raise PydanticCustomError("superfluous", "Only a rating has a value", {"field": "value"})
        return self

    @property
    @abstractmethod
    def of_user(self) -> int:
        """Whose event it is."""

    def to_interaction(self, now: datetime) -> Interaction:
        """Raises `InvalidInput` for an event from the future."""
        if self.occurred_at and self.occurred_at > now + timedelta(seconds=MAX_CLOCK_SKEW_SECONDS):
            ahead = f"Input should be at most {MAX_CLOCK_SKEW_SECONDS // 60} minutes ahead of now"
            raise InvalidInput(f"occurred_at: {ahead}", fields=(FieldError("occurred_at", ahead),))
        return Interaction(
            event_id=self.event_id or str(uuid.uuid4()),
            user_id=self.of_user,
            item_id=self.item_id,
            type=self.type,
            occurred_at=self.occurred_at or now,
            value=self.value,
            recommendation_id=str(self.recommendation_id) if self.recommendation_id else None,
            timed_by_server=self.occurred_at is None,
        )


class NewInteraction(EventContent):
    """One event. With an `event_id` of the caller's own it can be sent again without counting twice."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    user_id: Id

    @property
    def of_user(self) -> int:
        return self.user_id


class InteractionAnswer(BaseModel):
    event_id: str
    duplicate: bool
    """True: this event was stored before, and counts once."""


class NewBatch(Strict):
    """Rows are judged one by one: a bad one never fails the others. The rows alone, as a list, are a batch too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"interactions": [EXAMPLE]}]})

    interactions: Annotated[list[Any], Field(min_length=1, max_length=MAX_BATCH)]

    @model_validator(mode="before")
    @classmethod
    def _rows_alone(cls, body: object) -> object:
        return {"interactions": body} if isinstance(body, list) else body

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either shape, where the object alone would be described."""
        reference = handler(schema)
        described = handler.resolve_ref_schema(reference)
        rows = described["properties"]["interactions"]
        rows["items"] = handler(NewInteraction.__pydantic_core_schema__)
        common = {name: described.pop(name) for name in ("title", "description", "examples")}
        either = {**common, "anyOf": [dict(described), dict(rows)]}
        described.clear()
        described.update(either)
        return reference


class RowResult(BaseModel):
    index: int
    """Position in the batch, from 0."""
    status: int
    """As the single call would have answered: 201, 200 for a duplicate, 404, 409, 422."""
    event_id: str | None = None
    error: Problem | None = None


class BatchAnswer(BaseModel):
    results: list[RowResult]
    """One for each row, in order."""
