from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.adapters.redis.entry import TOKEN_BYTES, decode, encode, new_token
from recsys.ports import CacheEntry

VERSION = "a" * 2 * TOKEN_BYTES
ENTRY = CacheEntry(b"body", VERSION, 7, 100.0)


@given(
    body=st.binary(max_size=200),
    epoch=st.integers(0, 2**63 - 1),
    expires_at=st.floats(1, 1e12, allow_nan=False, exclude_min=True),
)
def test_an_entry_survives(body: bytes, epoch: int, expires_at: float) -> None:
    entry = CacheEntry(body, VERSION, epoch, expires_at)
    assert decode(encode(entry), VERSION.encode(), 1.0) == entry


def test_an_entry_of_another_version_is_none() -> None:
    assert decode(encode(ENTRY), b"b" * 2 * TOKEN_BYTES, 0.0) is None


def test_an_entry_ends_at_its_time() -> None:
    assert decode(encode(ENTRY), VERSION.encode(), 99.9) is not None
    assert decode(encode(ENTRY), VERSION.encode(), 100.0) is None


@pytest.mark.parametrize("cut", [0, 1, 32, 40])
def test_a_torn_entry_is_none(cut: int) -> None:
    assert decode(encode(ENTRY)[:cut], VERSION.encode(), 0.0) is None


def test_another_format_is_none() -> None:
    assert decode(b"\x02" + encode(ENTRY)[1:], VERSION.encode(), 0.0) is None


def test_tokens_are_drawn_once() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {TOKEN_BYTES}
