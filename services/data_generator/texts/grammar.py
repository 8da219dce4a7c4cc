"""Sentences with slots: `{product}`, `{Product}` (capitals), `{a_product}` and `{A_Product}` (article in front)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter

AN_BEFORE_CONSONANT = ("heirloom", "honest", "hour", "hd", "spf", "mig ", "nv", "rgb", "led ", "nd ")
A_BEFORE_VOWEL = ("uni", "euro ", "uk", "usb", "uv", "u-", "one-")


@cache
def capitalised(words: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words.split(" "))


@cache
def with_article(words: str) -> str:
    start = words.lower()
    vowel = start[0] in "aeiou" and not start.startswith(A_BEFORE_VOWEL)
    return f"{'an' if vowel or start.startswith(AN_BEFORE_CONSONANT) else 'a'} {words}"


@dataclass(frozen=True, slots=True)
class Slot:
    name: str
    forms: tuple[Callable[[str], str], ...]
    """Applied one after another."""

    def fill(self, words: Mapping[str, str]) -> str:
        text = words[self.name]
        for form in self.forms:
            text = form(text)
        return text


@dataclass(frozen=True, slots=True)
class Sentence:
    parts: tuple[str | Slot, ...]

    def fill(self, words: Mapping[str, str]) -> str:
        """The sentence with every slot filled. Raises `KeyError` for a slot without words."""
        return "".join([part if isinstance(part, str) else part.fill(words) for part in self.parts])

    @property
    def slots(self) -> set[str]:
        return {part.name for part in self.parts if isinstance(part, Slot)}


@cache
def parse(template: str) -> Sentence:
    parts: list[str | Slot] = []
    for literal, field, _, _ in Formatter().parse(template):
        parts += [literal] if literal else []
        parts += [_slot(field)] if field else []
    return Sentence(tuple(parts))


def _slot(field: str) -> Slot:
    article, _, name = field.rpartition("_")
    forms: list[Callable[[str], str]] = []
    if name != name.lower():
        forms.append(capitalised)
    if article:
        forms.append(with_article)
    if article == "A":
        forms.append(_sentence_start)
    return Slot(name.lower(), tuple(forms))


@cache
def _sentence_start(words: str) -> str:
    return words[:1].upper() + words[1:]
