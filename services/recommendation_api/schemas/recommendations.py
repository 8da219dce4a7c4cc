"""What `POST /recommendations` takes and answers."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from recommendation_api.schemas.body import Strict
from recommendation_api.schemas.fields import CategoryName, Count, Id
from recsys.domain import Algorithm, EventType
from recsys.rules import RuleAction

MAX_EXCLUDED = 10_000
MAX_CATEGORIES = 100
MAX_TOKEN_LENGTH = 200_000

WITHOUT = "without"

Price = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
Dial = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _explain(value: object) -> object:
    if isinstance(value, bool) or value == WITHOUT:
        return value
    raise PydanticCustomError("explain", 'Input should be true, false or "without"')


Explain = Annotated[bool | str, PlainValidator(_explain, json_schema_input_type=bool | Literal["without"])]


class Filters(Strict):
    """Applied before the list is cut: it stays exactly as long as asked for while enough items remain."""

    categories: tuple[CategoryName, ...] | None = Field(default=None, min_length=1, max_length=MAX_CATEGORIES)
    exclude_categories: tuple[CategoryName, ...] = Field(default=(), max_length=MAX_CATEGORIES)
    exclude_item_ids: tuple[Id, ...] = Field(default=(), max_length=MAX_EXCLUDED)
    min_price: Price | None = None
    max_price: Price | None = None
    include_seen: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise PydanticCustomError("price_range", "is above max_price", {"field": "min_price"})
        both = set(self.categories or ()).intersection(self.exclude_categories)
        if both:
            raise PydanticCustomError(
                "contradiction",
                "{category} is both wanted and excluded",
                {"field": "exclude_categories", "category": min(both)},
            )
        return self


class ListRequest(Strict):
    """What may be said of a list, whoever asks for it."""

    num_recommendations: Count = 10
    algorithm: Algorithm = Algorithm.HYBRID
    filters: Filters | None = None
    diversity: Dial | None = Field(
        default=None,
        description="How unlike one another the items are, in the proportions of the user's taste: 0 by score alone, 1 "
        "by unlikeness alone, no category beyond its cap; where it is absent, the configured default.",
    )
    novelty: Dial = Field(default=0.0, description="How much it counts against an item that many know it.")
    serendipity: Dial = Field(
        default=0.0, description="How much it counts against an item that it is like what the user touched."
    )
    explain: Explain = Field(
        default=False,
        description='Whether each item says what its score is made of; "without" adds to each cause what the '
        "algorithm's score would lose had the user not touched that item, everything computed anew.",
    )
    page_token: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_LENGTH)] | None = None

    @property
    @abstractmethod
    def asker(self) -> dict[str, Any]:
        """Who asks, as the answer repeats it."""

    @property
    def asked_about(self) -> object:
        """Whom or what the list is made for: what a page token is bound to."""
        return [*self.asker.values()]


class RecommendationRequest(ListRequest):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": 1, "num_recommendations": 5, "algorithm": "hybrid"}]}
    )

    user_id: Id
    use_cache: bool = True

    @property
    def asker(self) -> dict[str, Any]:
        return {"user_id": self.user_id}


class Cause(BaseModel):
    item_id: int
    type: EventType = Field(description="The event that weighs most of all that the user did with the item.")
    share: float = Field(description="Of the part, all other events and the release's normalisers held fixed.")
    without: float | None = Field(
        default=None,
        description="What the algorithm's score, all parts together, would lose had the user not touched the item, "
        'everything computed anew; with `"explain": "without"`, for the 50 items that brought most to the list.',
    )


class Part(BaseModel):
    source: str = Field(
        description="An algorithm, `exploration`, `refill`, a rule, or `diversity` for what the dials took or gave; "
        "one that is not listed brought nothing."
    )
    share: float
    because: list[Cause] | None = Field(
        default=None, description="All items that the user touched and that brought something, largest share first."
    )


class ActingRule(BaseModel):
    rule_id: int
    version: int
    name: str
    action: RuleAction


class Explanation(BaseModel):
    """The shares of `parts` sum to the score, those in `because` to their part."""

    parts: list[Part]
    rules: list[ActingRule]
    """Those that lifted, lowered or pinned the item; each has its share among the parts, as `rule:<rule_id>`."""


class RecommendedItem(BaseModel):
    rank: int
    item_id: int
    title: str
    category: str | None
    score: float
    reason: str
    explanation: Explanation | None = None


class ListAnswer(BaseModel):
    """Documents the answer; the serving layer writes its bytes itself."""

    algorithm: Algorithm
    release: str
    recommendation_id: str
    generated_at: datetime
    cached: bool
    cold_start: bool
    degraded: list[str]
    recommendations: list[RecommendedItem]
    next_page_token: str | None = None


class RecommendationAnswer(ListAnswer):
    user_id: int
