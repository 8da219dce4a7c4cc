"""A cached answer as bytes: a fixed header, then the body as it will be sent."""

from __future__ import annotations

import secrets
from struct import Struct

from recsys.ports import CacheEntry

FORMAT = 1
TOKEN_BYTES = 16
"""Of a user's token and of the generation, as hexadecimal text; a version is the generation and the token."""

_HEADER = Struct(f"<B{2 * TOKEN_BYTES}sdq")
_VERSION = slice(1, 1 + 2 * TOKEN_BYTES)


def new_token() -> bytes:
    """Never drawn twice."""
    return secrets.token_hex(TOKEN_BYTES // 2).encode()


def encode(entry: CacheEntry) -> bytes:
    return _HEADER.pack(FORMAT, entry.version.encode(), entry.expires_at, entry.epoch) + entry.body


def decode(stored: bytes, version: bytes, now: float) -> CacheEntry | None:
    """The entry, if it is of this `version` and format and `now` (unix seconds) is before its end."""
    if stored[_VERSION] != version or len(stored) < _HEADER.size or stored[0] != FORMAT:
        return None
    _, _, expires_at, epoch = _HEADER.unpack_from(stored)
    if expires_at <= now:
        return None
    return CacheEntry(stored[_HEADER.size :], version.decode(), epoch, expires_at)
