from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB

from data_generator.catalogue.lexicon import load_lexicon
from data_generator.texts.grammar import parse
from data_generator.texts.item_texts import ItemText, brand_name, draw_texts, text_blocks
from data_generator.texts.names import draw_names
from data_generator.world import World


@pytest.fixture(scope="module")
def texts(world: World) -> list[ItemText]:
    names = draw_names(world.plan)
    return [text for block in text_blocks(world) for text in draw_texts(world, names, block)]


def test_titles_are_readable_and_varied(texts: list[ItemText]) -> None:
    titles = [text.title for text in texts]
    assert len(set(titles)) > 0.95 * len(titles)
    for title in titles:
        assert title == title.strip()
        assert 5 <= len(title) <= 120
        assert not re.search(r"[{}_]|  ", title), title
        assert title[0].isupper() or title[0].isdigit(), title


def test_descriptions_are_a_few_whole_sentences(texts: list[ItemText]) -> None:
    descriptions = [text.description for text in texts]
    assert len(set(descriptions)) > 0.99 * len(descriptions)
    words = [len(description.split()) for description in descriptions]
    assert 20 < np.median(words) < 70
    for description in descriptions:
        assert description.endswith(".")
        assert not re.search(r"[{}_]|  | a [aeio](?!ne)", description), description


def test_words_carry_the_topic(world: World, texts: list[ItemText]) -> None:
    """A classifier that has read half of the catalogue knows the topic of the other half."""
    terms = TfidfVectorizer(min_df=2).fit_transform(f"{text.title} {text.description}" for text in texts)
    topic = world.catalogue.topic
    learn = np.arange(len(texts)) % 2 == 0
    model = MultinomialNB(alpha=0.05).fit(terms[learn], topic[learn])
    assert model.score(terms[~learn], topic[~learn]) > 0.9


def test_words_carry_the_style(world: World, texts: list[ItemText]) -> None:
    lexicon = load_lexicon()
    high, low = set(lexicon.axes[0].high), set(lexicon.axes[0].low)
    sides: dict[str, list[float]] = {"high": [], "low": []}
    for text, place in zip(texts, world.catalogue.style[:, 0], strict=True):
        words = set(text.tags)
        if words & high:
            sides["high"].append(place)
        if words & low:
            sides["low"].append(place)
    assert np.mean(sides["high"]) > 1 > -1 > np.mean(sides["low"])
    for text, style in zip(texts, world.catalogue.style, strict=True):
        strongest = int(np.abs(style).argmax())
        axis = lexicon.axes[strongest]
        ends = axis.high if style[strongest] > 0 else axis.low
        assert text.tags[2] in {word.replace(" ", "-") for word in ends}


def test_tags_name_the_topic_and_fit_the_schema(world: World, texts: list[ItemText]) -> None:
    topics = load_lexicon().topics
    for text, topic in zip(texts, world.catalogue.topic, strict=True):
        assert text.tags[0] == topics[topic].tag
        assert 3 <= len(text.tags) <= 5
        assert all(re.fullmatch(r"[^\s{},\"]+", tag) and tag == tag.lower() for tag in text.tags)


def test_brands_belong_to_a_category_and_some_are_big(world: World, texts: list[ItemText]) -> None:
    brands = Counter(
        text.brand for text, category in zip(texts, world.catalogue.category, strict=True) if category == 3
    )
    assert 10 < len(brands) <= 24
    assert brands.most_common(1)[0][1] > 0.15 * sum(brands.values())
    names = draw_names(world.plan)
    assert set(brands) <= {brand_name(names, 3, number) for number in range(24)}


def test_every_sentence_can_be_filled(texts: list[ItemText]) -> None:
    assert texts
    known = {"brand", "product", "trait", "trait2", "use", "use2", "topic", "material", "style", "style2"}
    known |= {"person", "place", "model", "years"}
    for kind in load_lexicon().sentences.values():
        for line in (*kind.titles, *kind.openings, *kind.middles, *kind.closings):
            assert parse(line).slots <= known, line
