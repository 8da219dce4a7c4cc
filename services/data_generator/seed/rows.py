"""Columns to the rows of PostgreSQL. No truth leaves this way: only what a shop would know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from data_generator.catalogue.items import Catalogue
from data_generator.catalogue.lexicon import Lexicon
from data_generator.population.preferences import Statements
from data_generator.population.users import COUNTRIES, GENDERS, UNKNOWN, Population
from data_generator.texts.item_texts import ItemText

Row = tuple[object, ...]

CATEGORY_COLUMNS = ("category_id", "name")
USER_COLUMNS = ("user_id", "age", "gender", "country", "signed_up_at")
PREFERENCE_COLUMNS = ("user_id", "category_id", "preference")
ITEM_COLUMNS = (
    "item_id",
    "title",
    "description",
    "category_id",
    "tags",
    "brand",
    "price",
    "quality",
    "published_at",
    "available_from",
    "available_until",
)


def category_rows(lexicon: Lexicon) -> Iterator[Row]:
    return ((number, category.name) for number, category in enumerate(lexicon.categories, start=1))


def user_rows(population: Population) -> Iterator[Row]:
    countries = list(COUNTRIES)
    columns = (population.age, population.gender, population.country, population.signed_up_at)
    for number, (age, gender, country, signed_up_at) in enumerate(zip(*(c.tolist() for c in columns), strict=True), 1):
        yield (
            number,
            None if age == UNKNOWN else age,
            None if gender == UNKNOWN else GENDERS[gender].value,
            None if country == UNKNOWN else countries[country],
            _moment(signed_up_at),
        )


def preference_rows(statements: Statements) -> Iterator[Row]:
    return zip(
        (statements.users + 1).tolist(), (statements.categories + 1).tolist(), statements.values.tolist(), strict=True
    )


def item_rows(catalogue: Catalogue, block: range, texts: list[ItemText]) -> Iterator[Row]:
    """The rows of the items at `block`, whose texts are given."""
    items = slice(block.start, block.stop)
    columns = (
        catalogue.category[items] + 1,
        catalogue.price[items],
        catalogue.quality[items],
        catalogue.published_at[items],
        catalogue.available_from[items],
        catalogue.available_until[items],
    )
    for position, text, category, price, quality, published, begin, until in zip(
        block, texts, *(column.tolist() for column in columns), strict=True
    ):
        yield (
            position + 1,
            text.title,
            text.description,
            category,
            list(text.tags),
            text.brand,
            price,
            quality,
            _moment(published),
            _moment(begin),
            _moment(until),
        )


def _moment(seconds: float) -> datetime | None:
    return None if np.isnan(seconds) else datetime.fromtimestamp(seconds, UTC)
