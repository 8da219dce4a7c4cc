"""The words of the generated shop, read from `lexicon.toml` and `grammar.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Category:
    name: str
    price: float
    """Median."""
    spread: float
    """Standard deviation of the price's logarithm."""
    kind: str
    """Which sentences speak of it: goods, book or record."""
    materials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    products: tuple[str, ...]
    traits: tuple[str, ...]
    uses: tuple[str, ...]

    @property
    def tag(self) -> str:
        return self.name.lower().replace(" ", "-").replace("'", "")


@dataclass(frozen=True, slots=True)
class Axis:
    """Words for the two ends of one axis of style."""

    low: tuple[str, ...]
    high: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentences:
    titles: tuple[str, ...]
    openings: tuple[str, ...]
    middles: tuple[str, ...]
    closings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    categories: tuple[Category, ...]
    topics: tuple[Topic, ...]
    """All of them, those of a category side by side."""
    first_topic: NDArray[np.int64]
    """(n_categories + 1,) where each category's topics begin."""
    axes: tuple[Axis, ...]
    sentences: dict[str, Sentences]
    """By kind."""

    @property
    def topic_category(self) -> NDArray[np.int64]:
        """(n_topics,)"""
        return np.repeat(np.arange(len(self.categories)), np.diff(self.first_topic))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _topic(name: str, line: str) -> Topic:
    products, traits, uses = (tuple(part.split(", ")) for part in line.split(" | "))
    return Topic(name, products, traits, uses)


@cache
def load_lexicon() -> Lexicon:
    words, grammar = _read("lexicon.toml")["categories"], _read("grammar.toml")
    return Lexicon(
        categories=tuple(
            Category(entry["name"], entry["price"], entry["spread"], entry["kind"], tuple(entry["materials"]))
            for entry in words
        ),
        topics=tuple(_topic(name, line) for entry in words for name, line in entry["topics"].items()),
        first_topic=np.cumsum([0, *(len(entry["topics"]) for entry in words)]),
        axes=tuple(Axis(tuple(axis["low"]), tuple(axis["high"])) for axis in grammar["axes"]),
        sentences={
            kind: Sentences(**{part: tuple(lines) for part, lines in parts.items()})
            for kind, parts in grammar["kinds"].items()
        },
    )
