"""The single values that requests are made of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from recsys.countries import COUNTRY_CODES
from recsys.domain import MAX_ID

MAX_COUNT = 500
FIRST_YEAR, LAST_YEAR = 1900, 9998
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")


def _whole_number(text: object) -> object:
    """Parameters arrive as text; `1.0`, `+1` and `1_0` are no whole numbers to us."""
    if isinstance(text, str) and not _WHOLE.fullmatch(text):
        raise PydanticCustomError("int_parsing", "Input should be a whole number")
    return text


def _country(code: str) -> str:
    if code not in COUNTRY_CODES:
        raise PydanticCustomError("country", "Input should be an ISO 3166-1 alpha-2 code, such as DE")
    return code


def _within_calendar(moment: AwareDatetime) -> AwareDatetime:
    """Near the calendar's ends a time cannot be moved to another zone."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise PydanticCustomError(
            "year", "Input should be between the years {first} and {last}", {"first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return moment


Id = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
CategoryName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Country = Annotated[str, AfterValidator(_country), Field(examples=["DE"], json_schema_extra={"pattern": "^[A-Z]{2}$"})]
Moment = Annotated[AwareDatetime, AfterValidator(_within_calendar), Field(examples=["2026-01-31T12:00:00Z"])]
SessionId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200)]

TextualId = Annotated[Id, BeforeValidator(_whole_number)]
"""An id in a path or a query."""
TextualCount = Annotated[Count, BeforeValidator(_whole_number)]
"""A count in a query."""
