from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendation_api.serving.paging import FIRST, MAX_PLAIN_BYTES, MAX_SHOWN, Bond, next_token, read_token
from recsys.domain import MAX_ID
from recsys.errors import InvalidInput

BOND = Bond("digest", "r1")
some_ids = st.lists(st.integers(1, MAX_ID), min_size=1, max_size=60)


def packed(plain: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(plain)).decode().rstrip("=")


@given(some_ids, some_ids, st.floats(-10, 10))
def test_a_token_holds_every_item_of_the_pages_before(first: list[int], second: list[int], score: float) -> None:
    token = next_token(FIRST, np.array(first, np.int64), 1.0, BOND)
    again = next_token(read_token(token, BOND), np.array(second, np.int64), score, BOND)
    page = read_token(again, BOND)
    assert page.shown.tolist() == sorted({*first, *second})
    assert page.ceiling == score


def test_a_token_that_would_grow_too_large_is_not_given() -> None:
    assert next_token(FIRST, np.arange(1, MAX_SHOWN + 1), 1.0, BOND) is not None
    assert next_token(FIRST, np.arange(1, MAX_SHOWN + 2), 1.0, BOND) is None


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "äöü",
        "AAAA",
        packed(b"no json"),
        packed(b"[1]"),
        packed(b'["digest", "r1", "high", [1]]'),
        packed(b'["digest", "r1", 1, ["one"]]'),
        packed(b'["digest", "r1", 1, [99999999999999999999]]'),
        packed(b'["digest", "r1", 1, [9223372036854775807, 1]]'),
        packed(b'["digest", "r1", 1, [[1], [2, 3]]]'),
        packed(b'["digest", "r1", 1, 7]'),
        packed(b'["digest", "r1", NaN, [1]]'),
        packed(b'["digest", "r1", 1, [' + b"1," * MAX_PLAIN_BYTES + b"1]]"),
        packed(b'["digest", "r0", 1, [1]]'),
        packed(b'["another digest", "r1", 1, [1]]'),
    ],
)
def test_a_token_that_no_answer_gave_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_token(token, BOND)
    assert [problem.field for problem in refused.value.fields] == ["page_token"]
