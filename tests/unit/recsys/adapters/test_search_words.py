"""A search as people type it."""

from __future__ import annotations

import pytest

from recsys.adapters.search_words import read
from recsys.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "words", "phrases", "without"),
    [
        ("copper kettle", ["copper", "kettle"], [], []),
        ('"copper kettle" old', ["old"], ["copper kettle"], []),
        ("kettle -tin", ["kettle"], [], ["tin"]),
        ('kettle -"tin can"', ["kettle"], [], ["tin can"]),
        ("kettle'", ["kettle"], [], []),
        ("kettle & | !", ["kettle"], [], []),
        ('"kettle', ["kettle"], [], []),
    ],
)
def test_one_way_to_match(typed: str, words: list[str], phrases: list[str], without: list[str]) -> None:
    (found,) = read(typed)
    assert (found.words, found.phrases, found.without) == (words, phrases, without)


def test_a_compound_is_one_until_it_may_be_misspelt() -> None:
    (found,) = read('well-known "tin can"')
    assert (found.words, found.compounds, found.phrases) == ([], ["well known"], ["tin can"])
    assert (found.guessed, found.wanted) == (["well", "known"], "well known tin can")


def test_or_stands_between_ways_to_match() -> None:
    assert [each.words for each in read("red kettle OR lamp or")] == [["red", "kettle"], ["lamp"]]


@pytest.mark.parametrize("typed", ["", "  ", "-", "-kettle", "or", '""', "🫖", "OR or"])
def test_what_wants_nothing_matches_nothing(typed: str) -> None:
    assert read(typed) == []


@pytest.mark.parametrize("typed", ["nul\0", "half \udc00"])
def test_what_is_no_text_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        read(typed)
