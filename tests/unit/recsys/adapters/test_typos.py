"""Which words somebody may have meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.adapters.typos import MOST, letters_off, near_words

WORDS = ["kettle", "kettles", "cattle", "lamp", "lamb", "tin", "at", "lantern"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kettle", ["kettle", "kettles", "cattle"]),
        ("ketlte", ["kettle", "kettles"]),
        ("lam", ["lamp", "lamb"]),
        ("lapm", ["lamp"]),
        ("KETTEL", ["kettle", "kettles"]),
        ("tim", ["tin"]),
        ("ta", []),
        ("lanternlantern", []),
    ],
)
def test_near_words_come_nearest_first(typed: str, meant: list[str]) -> None:
    assert near_words(typed, WORDS) == meant


def test_no_word_stands_for_too_many() -> None:
    assert len(near_words("abcdef", [f"abcd{a}{b}" for a in "abcdefghij" for b in "abcdefghij"])) == MOST


@given(st.text("abcdef", min_size=1, max_size=12), st.integers(0, 11))
def test_a_word_with_a_letter_lost_is_still_found_where_it_is_long_enough(word: str, at: int) -> None:
    typed = word[:at] + word[at + 1 :]
    assert (word in near_words(typed, [word])) == (letters_off(typed) > 0)
