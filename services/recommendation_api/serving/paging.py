"""Page tokens hold what the earlier pages showed, so that no item comes twice, whatever happens in between.

A token is opaque, bound to the user and the question, and needs no state on the server.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import FieldError, InvalidInput

MAX_SHOWN = 10_000
MAX_PLAIN_BYTES = 250_000


@dataclass(frozen=True, slots=True)
class Page:
    """What came before the page asked for."""

    shown: NDArray[np.int64]
    """(k,) ids, ascending"""
    ceiling: float
    """The last score shown; no later one is higher."""


FIRST = Page(np.empty(0, np.int64), float("inf"))


def next_token(page: Page, item_ids: NDArray[np.int64], last_score: float, digest: str) -> str | None:
    """The token of the page after one that showed `item_ids`; None where the end of what a token holds is reached."""
    shown = np.union1d(page.shown, item_ids)
    if len(shown) > MAX_SHOWN:
        return None
    gaps = np.diff(shown, prepend=0).tolist()
    plain = json.dumps([digest, last_score, gaps], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.compress(plain, 1)).decode().rstrip("=")


def read_token(token: str | None, digest: str) -> Page:
    """Raises `InvalidInput` naming `page_token` for one that is broken or belongs to another question."""
    if token is None:
        return FIRST
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        plain = zlib.decompressobj().decompress(packed, MAX_PLAIN_BYTES)
        bound_to, ceiling, gaps = json.loads(plain)
        page = Page(np.cumsum(np.array(gaps, np.int64)), float(ceiling))
    except (ValueError, TypeError, OverflowError, zlib.error, binascii.Error):
        raise _refused("this is no token that an answer gave") from None
    if bound_to != digest or len(page.shown) > MAX_SHOWN:
        raise _refused("this token belongs to another user or question")
    return page


def _refused(message: str) -> InvalidInput:
    return InvalidInput("the page token cannot be used", fields=(FieldError("page_token", message),))
