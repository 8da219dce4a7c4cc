"""One cell of a foreign table, as text or as Parquet typed it, to the value that it means.

Every function takes the cell and the name of its field, gives None for an empty cell, and raises `BadRow`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from recsys.countries import COUNTRY_CODES
from recsys.domain import MAX_AGE, MAX_CLOCK_SKEW_SECONDS, MIN_AGE, Gender

MAX_ID_LENGTH = 200
MOST_WORDS = 50
LONGEST_WORD = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SUBUNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From this magnitude on a unix time is in units of which so many make a second: ns, µs, ms."""
COMPACT_DATE = re.compile(r"(19|20)\d{6}")
"""As unix seconds these eight digits would all lie in the summer of 1970."""
GENDERS = {**{value.value: value for value in Gender}, "m": Gender.MALE, "f": Gender.FEMALE}


class BadRow(ValueError):
    """The row cannot be used; the message is the reason, the same for all rows of its kind."""


def text(cell: object, field: str, *, longest: int) -> str | None:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    word = (str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)).strip()
    if not word.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in word):
        raise BadRow(f"{field} is not valid UTF-8")
    if "\0" in word:
        raise BadRow(f"{field} holds a NUL character")
    if len(word) > longest:
        raise BadRow(f"{field} is longer than {longest} characters")
    return word or None


def required_id(cell: object, field: str) -> str:
    word = text(cell, field, longest=MAX_ID_LENGTH)
    if word is None:
        raise BadRow(f"{field} is empty")
    return word


def number(cell: object, field: str, *, lowest: float = -math.inf, highest: float = math.inf) -> float | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        value = math.nan if isinstance(cell, bool) else float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise BadRow(f"{field} is not a number")
    if not lowest <= value <= highest:
        raise BadRow(f"{field} is outside {lowest:g}..{highest:g}")
    return value


def moment(cell: object, field: str) -> datetime | None:
    """Unix seconds (ms, µs and ns by their magnitude) or ISO 8601; without a zone it is UTC."""
    if isinstance(cell, date):
        return _zoned(cell if isinstance(cell, datetime) else datetime.combine(cell, time()))
    word = text(cell, field, longest=64)
    if word is None:
        return None
    try:
        return _from_iso(word) if COMPACT_DATE.fullmatch(word) else _from_unix(float(word))
    except OverflowError:
        raise BadRow(f"{field} is not a time") from None
    except ValueError:
        pass
    try:
        return _from_iso(word)
    except ValueError:
        raise BadRow(f"{field} is not a time") from None


def past_moment(cell: object, field: str, now: datetime) -> datetime | None:
    """A `moment` from 1970 until now; the clock of the source may be ahead a little."""
    at = moment(cell, field)
    if at is not None and at > now + timedelta(seconds=MAX_CLOCK_SKEW_SECONDS):
        raise BadRow(f"{field} lies in the future")
    if at is not None and at < EPOCH:
        raise BadRow(f"{field} lies before 1970")
    return at


def words(cell: object, field: str) -> tuple[str, ...]:
    """A list, or text with `|`, else `;`, else `,` between the words; each word once, in its order."""
    if isinstance(cell, list):
        parts: Iterable[object] = cell
    else:
        whole = text(cell, field, longest=20_000) or ""
        mark = next((mark for mark in "|;" if mark in whole), ",")
        parts = whole.split(mark)
    cleaned = dict.fromkeys(word for part in parts if (word := text(part, field, longest=LONGEST_WORD)))
    if len(cleaned) > MOST_WORDS:
        raise BadRow(f"{field} holds more than {MOST_WORDS} words")
    return tuple(cleaned)


def age(cell: object, field: str) -> int | None:
    """None where it cannot be a user's age."""
    years = number(cell, field)
    return int(years) if years is not None and MIN_AGE <= years <= MAX_AGE else None


def gender(cell: object, field: str) -> Gender | None:
    word = text(cell, field, longest=MAX_ID_LENGTH)
    if word is None:
        return None
    try:
        return GENDERS[word.lower()]
    except KeyError:
        raise BadRow(f"{field} is none of {', '.join(GENDERS)}") from None


def country(cell: object, field: str) -> str | None:
    word = text(cell, field, longest=MAX_ID_LENGTH)
    if word is not None and word.upper() not in COUNTRY_CODES:
        raise BadRow(f"{field} is not an ISO 3166-1 alpha-2 code")
    return word.upper() if word else None


def _from_unix(value: float) -> datetime:
    unit = next((unit for magnitude, unit in SUBUNITS if abs(value) >= magnitude), 1.0)
    return EPOCH + timedelta(seconds=value / unit)


def _from_iso(word: str) -> datetime:
    return _zoned(datetime.fromisoformat(word))


def _zoned(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
