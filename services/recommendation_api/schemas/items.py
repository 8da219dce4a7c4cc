"""Items as callers write and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from recommendation_api.schemas.body import Strict
from recommendation_api.schemas.fields import CategoryName, Moment
from recsys.domain import Item

MAX_TAGS = 50
MAX_PRICE = 9_999_999_999.99

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Price = Annotated[float, Field(ge=0, le=MAX_PRICE, allow_inf_nan=False)]

EXAMPLE: JsonDict = {
    "title": "A short history of salt",
    "description": "How a kitchen staple built roads, cities and taxes.",
    "category": "Books",
    "tags": ["history", "food"],
    "brand": "Harbour Press",
    "price": 18.5,
    "available_from": "2026-01-01T00:00:00Z",
    "available_until": None,
}


class NewItem(Strict):
    """The whole item: what is left out is absent from then on."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    title: Title
    description: Annotated[str, StringConstraints(max_length=20_000)] | None = None
    category: Annotated[CategoryName, StringConstraints(strip_whitespace=True)]
    """Created if it does not exist."""
    tags: tuple[Tag, ...] | None = Field(default=None, max_length=MAX_TAGS)
    brand: Name | None = None
    price: Price | None = None
    available_from: Moment | None = None
    available_until: Moment | None = None
    """From this moment on the item is no longer recommended; it may lie in the past."""

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.available_from and self.available_until and self.available_from >= self.available_until:
            raise PydanticCustomError("window", "Input should be after available_from", {"field": "available_until"})
        return self

    def to_item(self, item_id: int) -> Item:
        return Item(
            item_id=item_id,
            title=self.title,
            description=self.description,
            category=self.category,
            tags=self.tags or (),
            brand=self.brand,
            price=self.price,
            available_from=self.available_from,
            available_until=self.available_until,
        )


class ItemAnswer(BaseModel):
    """The fields of `PUT`, and the id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": 1, **EXAMPLE}]})

    item_id: int
    title: str
    description: str | None
    category: str | None
    tags: list[str]
    brand: str | None
    price: float | None
    available_from: datetime | None
    available_until: datetime | None

    @classmethod
    def of(cls, item: Item) -> Self:
        return cls(
            item_id=item.item_id,
            title=item.title,
            description=item.description,
            category=item.category,
            tags=list(item.tags),
            brand=item.brand,
            price=item.price,
            available_from=item.available_from,
            available_until=item.available_until,
        )
