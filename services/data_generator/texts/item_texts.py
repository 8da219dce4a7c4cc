"""Titles, descriptions and tags: an item's topic and style in words. Drawn a block of items at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.catalogue.items import BRANDS_PER_CATEGORY
from data_generator.catalogue.lexicon import Axis, Category, Sentences, Topic
from data_generator.plan import Stream
from data_generator.texts.grammar import parse
from data_generator.texts.names import Names
from data_generator.world import World

BLOCK_ITEMS = 2_500
"""Part of what a seed means."""
CHANCES = 20
"""Random numbers that one text takes."""
SERIES = ("Mk", "No.", "Series", "Type", "Edition")


@dataclass(frozen=True, slots=True)
class ItemText:
    title: str
    description: str
    tags: tuple[str, ...]
    brand: str


class _Picker:
    """Hands out an item's random numbers one after another."""

    __slots__ = ("_chances",)

    def __init__(self, chances: Sequence[float]) -> None:
        self._chances = iter(chances)

    def pick(self, choices: Sequence[str]) -> str:
        return choices[int(next(self._chances) * len(choices))]

    def pick_two(self, choices: Sequence[str]) -> tuple[str, str]:
        """Two different ones."""
        first = int(next(self._chances) * len(choices))
        step = 1 + int(next(self._chances) * (len(choices) - 1))
        return choices[first], choices[(first + step) % len(choices)]

    def number(self, least: int, most: int) -> int:
        return least + int(next(self._chances) * (most - least + 1))


def text_blocks(world: World) -> list[range]:
    """Runs of item positions."""
    n = len(world.catalogue)
    return [range(begin, min(begin + BLOCK_ITEMS, n)) for begin in range(0, n, BLOCK_ITEMS)]


def draw_texts(world: World, names: Names, block: range) -> list[ItemText]:
    chances = world.plan.rng(Stream.TEXTS, block.start // BLOCK_ITEMS).random((len(block), CHANCES))
    return list(_draw(world, names, block, chances))


def _draw(world: World, names: Names, block: range, chances: NDArray[np.float64]) -> Iterator[ItemText]:
    lexicon, catalogue = world.lexicon, world.catalogue
    items = slice(block.start, block.stop)
    style = catalogue.style[items]
    strongest = np.argsort(-np.abs(style), axis=1)[:, :2]
    columns = (
        catalogue.topic[items],
        catalogue.category[items],
        catalogue.brand[items],
        strongest,
        np.take_along_axis(style, strongest, axis=1) > 0,
        chances,
    )
    for topic, category, brand, axes, high, chance in zip(*(column.tolist() for column in columns), strict=True):
        picker = _Picker(chance)
        words = _words(
            picker,
            lexicon.topics[topic],
            lexicon.categories[category],
            [_end(lexicon.axes[axis], end) for axis, end in zip(axes, high, strict=True)],
            names,
        )
        words["brand"] = brand_name(names, category, brand)
        sentences = lexicon.sentences[lexicon.categories[category].kind]
        yield _compose(picker, sentences, words, lexicon.topics[topic])


def brand_name(names: Names, category: int, brand: int) -> str:
    """Each category has brands of its own, as far as there are names."""
    return names.brands[(category * BRANDS_PER_CATEGORY + brand) % len(names.brands)]


def _end(axis: Axis, high: bool) -> tuple[str, ...]:
    return axis.high if high else axis.low


def _words(
    picker: _Picker, topic: Topic, category: Category, style: Sequence[tuple[str, ...]], names: Names
) -> dict[str, str]:
    trait, trait2 = picker.pick_two(topic.traits)
    use, use2 = picker.pick_two(topic.uses)
    place, model_place = picker.pick_two(names.places)
    number = picker.number(1, 99)
    return {
        "product": picker.pick(topic.products),
        "trait": trait,
        "trait2": trait2,
        "use": use,
        "use2": use2,
        "topic": topic.name,
        "material": picker.pick(category.materials),
        "style": picker.pick(style[0]),
        "style2": picker.pick(style[1]),
        "person": picker.pick(names.people),
        "place": place,
        "model": f"{SERIES[number % len(SERIES)]} {number}" if number % 2 else model_place,
        "years": str(2 + number % 14),
    }


def _compose(picker: _Picker, sentences: Sentences, words: dict[str, str], topic: Topic) -> ItemText:
    title = parse(picker.pick(sentences.titles)).fill(words)
    spoken = [picker.pick(sentences.openings), *picker.pick_two(sentences.middles), picker.pick(sentences.closings)]
    if picker.number(0, 2) == 0:
        del spoken[2]
    tags = (topic.tag, words["trait"], words["style"], words["style2"], words["product"])
    return ItemText(
        title=title,
        description=" ".join(parse(line).fill(words) for line in spoken),
        tags=tuple(tag.lower().replace(" ", "-") for tag in tags[: picker.number(3, 5)]),
        brand=words["brand"],
    )
