from __future__ import annotations

import pytest

from data_generator.texts.grammar import capitalised, parse, with_article


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("trail shoe", "a trail shoe"),
        ("adjustable dumbbell", "an adjustable dumbbell"),
        ("heirloom trowel", "an heirloom trowel"),
        ("hand wrap", "a hand wrap"),
        ("USB-C charger", "a USB-C charger"),
        ("RGB case fan", "an RGB case fan"),
        ("ukulele", "a ukulele"),
        ("uncut ring", "an uncut ring"),
        ("unidirectional bezel", "a unidirectional bezel"),
        ("LED panel", "an LED panel"),
    ],
)
def test_articles_follow_the_sound(words: str, expected: str) -> None:
    assert with_article(words) == expected


def test_capitals_leave_the_rest_of_a_word_alone() -> None:
    assert capitalised("chef's USB-C knife") == "Chef's USB-C Knife"


def test_slots_take_their_form_from_their_name() -> None:
    words = {"product": "hand axe", "style": "earthy"}
    sentence = parse("{Product}, {product}: {a_style} thing, {A_Product} and {A_style} end.")
    assert sentence.fill(words) == "Hand Axe, hand axe: an earthy thing, A Hand Axe and An earthy end."
    assert sentence.slots == {"product", "style"}


def test_a_slot_without_words_is_an_error() -> None:
    with pytest.raises(KeyError, match="product"):
        parse("{product}").fill({})
