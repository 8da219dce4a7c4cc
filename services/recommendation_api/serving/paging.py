"""Page tokens hold what the earlier pages showed, so that no item comes twice, whatever happens in between.

A token is opaque, bound to the user, the question and the release, and needs no state on the server. Scores of two
releases are on different scales: a list that one of them began, another cannot go on with.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, TypeAdapter

from recsys.domain import MAX_ID
from recsys.errors import FieldError, InvalidInput

MAX_SHOWN = 10_000
MAX_PLAIN_BYTES = 250_000

Gap = Annotated[int, Field(ge=1, le=MAX_ID)]
"""From one shown id to the next: small figures pack well."""
_CONTENT: TypeAdapter[tuple[str, str, FiniteFloat, list[Gap]]] = TypeAdapter(tuple[str, str, FiniteFloat, list[Gap]])


@dataclass(frozen=True, slots=True)
class Page:
    """What came before the page asked for."""

    shown: NDArray[np.int64]
    """(k,) ids, ascending"""
    ceiling: float
    """The last score shown; no later one is higher."""


FIRST = Page(np.empty(0, np.int64), float("inf"))


@dataclass(frozen=True, slots=True)
class Bond:
    """What a token belongs to."""

    digest: str
    """Of the user and the question."""
    release: str


def next_token(page: Page, item_ids: NDArray[np.int64], last_score: float, bond: Bond) -> str | None:
    """The token of the page after one that showed `item_ids`; None where the end of what a token holds is reached."""
    shown = np.union1d(page.shown, item_ids)
    if len(shown) > MAX_SHOWN:
        return None
    gaps = np.diff(shown, prepend=0).tolist()
    plain = json.dumps([bond.digest, bond.release, last_score, gaps], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.compress(plain, 1)).decode().rstrip("=")


def read_token(token: str | None, bond: Bond) -> Page:
    """Raises `InvalidInput` naming `page_token` for one that is broken or belongs to another question or release."""
    if token is None:
        return FIRST
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        plain = zlib.decompressobj().decompress(packed, MAX_PLAIN_BYTES)
        digest, release, ceiling, gaps = _CONTENT.validate_json(plain, strict=True)
    except (ValueError, zlib.error, binascii.Error):
        raise _refused("this is no token that an answer gave") from None
    if digest != bond.digest:
        raise _refused("this token belongs to another user or question")
    if release != bond.release:
        raise _refused("this token was given by another release than the live one: begin with the first page again")
    if len(gaps) > MAX_SHOWN or sum(gaps) > MAX_ID:
        raise _refused("this is no token that an answer gave")
    return Page(np.cumsum(np.array(gaps, np.int64)), ceiling)


def _refused(message: str) -> InvalidInput:
    return InvalidInput("the page token cannot be used", fields=(FieldError("page_token", message),))
