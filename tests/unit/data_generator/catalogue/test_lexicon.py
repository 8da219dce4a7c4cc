from __future__ import annotations

from collections import Counter

from data_generator.catalogue.items import AXES
from data_generator.catalogue.lexicon import load_lexicon


def test_has_as_many_categories_as_the_design_says() -> None:
    lexicon = load_lexicon()
    names = [category.name for category in lexicon.categories]
    assert 15 <= len(names) <= 40
    assert len(set(names)) == len(names)


def test_every_topic_has_words_and_a_name_of_its_own() -> None:
    topics = load_lexicon().topics
    assert len({topic.tag for topic in topics}) == len(topics)
    for topic in topics:
        assert min(len(topic.products), len(topic.traits), len(topic.uses)) >= 3, topic.name
        for word in (*topic.products, *topic.traits, *topic.uses):
            assert word.strip() == word != "", topic.name


def test_most_words_belong_to_one_topic_alone() -> None:
    counts = Counter(word for topic in load_lexicon().topics for word in {*topic.products, *topic.traits})
    assert sum(count == 1 for count in counts.values()) / len(counts) > 0.9


def test_topics_of_a_category_stand_side_by_side() -> None:
    lexicon = load_lexicon()
    assert lexicon.first_topic[0] == 0
    assert lexicon.first_topic[-1] == len(lexicon.topics) == len(lexicon.topic_category)
    assert lexicon.topics[lexicon.first_topic[1]].name == "Road cycling"
    assert lexicon.categories[lexicon.topic_category[lexicon.first_topic[1]]].name == "Cycling"


def test_there_are_sentences_for_every_kind_and_words_for_every_axis() -> None:
    lexicon = load_lexicon()
    assert {category.kind for category in lexicon.categories} == set(lexicon.sentences)
    assert len(lexicon.axes) == AXES
