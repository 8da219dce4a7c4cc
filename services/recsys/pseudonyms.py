"""Keyed hashes that stand for people who asked to be forgotten: all that is left of them.

Without the key nobody can tell from a hash whose it is, not by trying every id either.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from recsys.settings import Settings

KEY_FILE = "erasure.key"
HASH_BYTES = 32


class Pseudonyms:
    """HMAC-SHA-256 (RFC 2104) of what names a person."""

    def __init__(self, key: bytes | Path) -> None:
        """The key, or the file that it is drawn into when a hash is first asked for: that may raise `OSError`."""
        self._given = key

    @classmethod
    def of(cls, settings: Settings) -> Pseudonyms:
        """By RECSTACK_ERASURE_KEY, else by a key that is drawn once into the state folder."""
        configured = settings.erasure_key
        return cls(configured.get_secret_value().encode() if configured else settings.state_dir / KEY_FILE)

    @cached_property
    def _key(self) -> bytes:
        return self._given if isinstance(self._given, bytes) else _kept_key(self._given)

    def user(self, user_id: int) -> bytes:
        """32 bytes, in about a microsecond."""
        return hmac.digest(self._key, b"user:%d" % user_id, "sha256")

    def external(self, external_id: str) -> bytes:
        """Of the id that another system knows a user by."""
        return hmac.digest(self._key, b"external:" + external_id.encode(), "sha256")


def _kept_key(path: Path) -> bytes:
    """Whoever comes first draws it; the file is there whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn = path.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}")
        drawn.touch(mode=0o600, exist_ok=False)
        drawn.write_text(secrets.token_hex(24), encoding="ascii")
        with suppress(FileExistsError):
            os.link(drawn, path)
        drawn.unlink()
    return path.read_bytes()
