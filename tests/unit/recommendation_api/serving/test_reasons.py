"""Sentences: true over random people, readable where two events matter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.engine import Batch, Question, compute
from recommendation_api.serving.paging import FIRST
from recommendation_api.serving.people import Person, last_known
from recommendation_api.serving.touches import Touch, spoken_against, touches
from recsys.domain import Algorithm, EventType, Interaction
from recsys.reranking.greedy import Dials
from recsys.settings import EventWeights
from recsys.testing.worlds import END
from tests.unit.recommendation_api.serving.asking import WEIGHTS, Asked, answer_to, asked, the_release, the_world

pytestmark = pytest.mark.anyio

VERBS = {
    "looked at": EventType.VIEW,
    "opened": EventType.CLICK,
    "liked": EventType.LIKE,
    "in your cart": EventType.CART,
    "bought": EventType.PURCHASE,
    "of 5": EventType.RATING,
    "highly": EventType.RATING,
}


def events_of(*acts: tuple[int, EventType] | tuple[int, EventType, float]) -> list[Interaction]:
    """In this order, an hour apart."""
    return [
        Interaction(f"e{number}", 1, act[0], act[1], END - timedelta(hours=99 - number), *act[2:])
        for number, act in enumerate(acts)
    ]


def person_who(*acts: tuple[int, EventType] | tuple[int, EventType, float], **more: Any) -> Person:
    events = events_of(*acts)
    return Person(1, len(events), np.array([event.item_id for event in events], np.int64), events, **more)


def explained(person: Person, algorithm: str = "als", n: int = 10) -> list[dict[str, Any]]:
    items = tuple(the_world().items)
    body = {"user_id": 1, "num_recommendations": n, "algorithm": algorithm, "diversity": 0, "novelty": 0}
    entries: list[dict[str, Any]] = answer_to(Asked(items, person, body | {"serendipity": 0, "explain": True}))[0][
        "recommendations"
    ]
    return entries


def reasons_for(person: Person, algorithm: str = "als", n: int = 10) -> list[str]:
    return [entry["reason"] for entry in explained(person, algorithm, n)]


def title_of(item_id: int) -> str:
    return the_world().items[item_id - 1].title


@given(asked())
@settings(max_examples=60, deadline=None)
def test_a_sentence_names_nothing_that_the_user_did_not_do_or_spoke_against(question: Asked) -> None:
    person = question.person
    done = {(event.item_id, event.type) for event in person.events}
    done |= {(item_id, EventType.LIKE) for item_id in person.liked.tolist()}
    hidden = person.seen[:1]
    asked_by = replace(question, person=replace(person, hidden=hidden))
    against = spoken_against(asked_by.person, WEIGHTS)
    for entry in answer_to(asked_by)[0]["recommendations"]:
        sentence = entry["reason"]
        named = {item.item_id for item in question.items if item.title in sentence}
        assert not named & against
        assert named <= {item_id for item_id, _ in done}
        claimed = {kind for verb, kind in VERBS.items() if verb in sentence} if named else set()
        assert claimed <= {kind for item_id, kind in done if item_id in named}


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        (((1, EventType.PURCHASE),), "Because you bought {1}"),
        (((1, EventType.VIEW),), "Because you looked at {1}"),
        (((1, EventType.CLICK),), "Because you opened {1}"),
        (((1, EventType.CART),), "Because you put {1} in your cart"),
        (((1, EventType.RATING, 4.5),), "Because you rated {1} highly"),
        (((1, EventType.RATING, 3.0),), "Because you gave {1} 3 of 5"),
        (((1, EventType.VIEW), (1, EventType.LIKE), (1, EventType.CLICK)), "Because you liked {1}"),
    ],
)
def test_what_was_done_has_its_verb(acts: tuple[Any, ...], expected: str) -> None:
    assert reasons_for(person_who(*acts), n=1) == [expected.replace("{1}", title_of(1))]


def test_two_events_stand_in_one_sentence_where_both_matter() -> None:
    one, other = title_of(1), title_of(2)
    either = {f"Because you liked {one} and {other}", f"Because you liked {other} and {one}"}
    assert either & set(reasons_for(person_who((1, EventType.LIKE), (2, EventType.LIKE))))
    mixed = {f"Because you bought {one} and liked {other}", f"Because you liked {other} and bought {one}"}
    assert mixed & set(reasons_for(person_who((1, EventType.PURCHASE), (2, EventType.LIKE))))


def test_the_second_is_named_where_it_brought_half_of_what_the_first_did() -> None:
    named = []
    for first, second in ((EventType.PURCHASE, EventType.VIEW), (EventType.LIKE, EventType.PURCHASE)):
        for entry in explained(person_who((1, first), (2, second))):
            shares = {cause["item_id"]: cause["share"] for cause in entry["explanation"]["parts"][0]["because"]}
            expected = {item_id for item_id, share in shares.items() if share >= 0.5 * max(shares.values())}
            assert {item_id for item_id in (1, 2) if title_of(item_id) in entry["reason"]} == expected
            named.append(len(expected))
    assert set(named) == {1, 2}


@pytest.mark.parametrize(
    ("algorithm", "begin"),
    [
        ("content_based", "Similar to "),
        ("item_based", "Chosen together with "),
        ("user_based", "People with a taste like yours chose it: you "),
        ("svd", "Because you "),
    ],
)
def test_each_algorithm_tells_its_own_way(algorithm: str, begin: str) -> None:
    assert reasons_for(person_who((1, EventType.LIKE)), algorithm, 1)[0].startswith(begin)


def test_where_both_were_liked_they_share_a_clause() -> None:
    told = reasons_for(person_who((1, EventType.LIKE), (2, EventType.LIKE)), "content_based")
    assert {f"Similar to {title_of(a)} and {title_of(b)}, which you liked" for a, b in ((1, 2), (2, 1))} & set(told)


async def test_somebody_whose_events_are_not_known_is_told_of_what_they_came_across() -> None:
    """As while PostgreSQL is away: the release holds weights alone."""
    everybody = last_known(the_release().release, [1])
    batch = Batch(
        live=the_release(),
        view=CatalogueArrays.of(the_world().items, 7),
        crowd=everybody,
        now=END,
        degraded=("postgres",),
        weights=WEIGHTS,
    )
    request = RecommendationRequest(user_id=1, algorithm=Algorithm.ALS, explain=True)
    answer = json.loads(compute(batch, [Question(request, 0, Dials(), FIRST)])[0].body)
    assert all(entry["reason"].startswith("Because you came across ") for entry in answer["recommendations"])
    parts = [part for entry in answer["recommendations"] for part in entry["explanation"]["parts"]]
    assert not any("because" in part for part in parts)


def test_what_is_lifted_for_its_category_is_told_so() -> None:
    """Who touched only what nobody else did: the hybrid turns to what is popular in its category."""
    world = the_world()
    told = reasons_for(person_who((world.untouched_item, EventType.VIEW)), "hybrid")
    assert f"Popular in {world.untouched_category}, a category that you like" in told


def test_of_items_that_the_caller_named_nothing_is_claimed_to_be_done() -> None:
    named = [Interaction("", 1, item_id, EventType.CLICK, END) for item_id in (1, 2)]
    told = reasons_for(Person(1, 2, np.array([1, 2]), named))
    assert all(sentence.startswith("Because you named ") for sentence in told)


def test_the_type_of_a_cause_says_what_its_weight_says() -> None:
    weights = EventWeights()
    ids, liking = np.array([1, 2]), np.array([1.0, -3.0], np.float32)
    often = [(1, EventType.VIEW)] * 5
    person = person_who(*often, (1, EventType.DISLIKE), (2, EventType.VIEW), (2, EventType.DISLIKE))
    assert touches(person, ids, liking, weights) == {1: Touch(EventType.VIEW), 2: Touch(EventType.DISLIKE)}


def test_of_a_rating_the_last_one_counts() -> None:
    weights = EventWeights()
    low, high = (7, EventType.RATING, 1.0), (7, EventType.RATING, 5.0)
    assert spoken_against(person_who(low, high), weights) == set()
    assert spoken_against(person_who(high, low), weights) == {7}
    assert spoken_against(person_who((8, EventType.LIKE), (8, EventType.DISLIKE)), weights) == {8}
    assert spoken_against(person_who((9, EventType.LIKE), hidden=np.array([9])), weights) == {9}
