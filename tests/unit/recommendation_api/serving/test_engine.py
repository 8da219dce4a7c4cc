"""Lists over random worlds, requests and moments: exact length, no repeats, nothing forbidden, true explanations."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.cache_key import query_digest
from recommendation_api.serving.engine import Batch, Question, compute
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.paging import FIRST, Page, read_token
from recommendation_api.serving.people import Person, crowd
from recsys.domain import Algorithm, EventType, Interaction, Item
from recsys.reranking.greedy import Dials
from recsys.settings import EventWeights
from recsys.testing.releases import small_release
from recsys.testing.worlds import END, SmallWorld, small_world, training_data

NEWER = (Item(121, "Brand-new lantern", category="Lamps"), Item(125, "Brand-new novel", category="Books", price=9.5))
"""The release knows neither of them."""
WEIGHTS = EventWeights()
OPTIONAL = {Algorithm.EASE, Algorithm.TRANSITIONS, Algorithm.NCF}
"""Not in every release."""
algorithms = st.sampled_from([name.value for name in Algorithm if name not in OPTIONAL])
moments = st.integers(-2, 2).map(lambda hours: END + timedelta(hours=hours))


@cache
def the_world() -> SmallWorld:
    return small_world()


@cache
def the_release() -> LiveRelease:
    return LiveRelease(small_release(training_data(the_world())))


@dataclass(frozen=True)
class Asked:
    """A catalogue of this moment, a person, and what they ask."""

    items: tuple[Item, ...]
    person: Person
    body: dict[str, Any]

    @property
    def request(self) -> RecommendationRequest:
        return RecommendationRequest.model_validate_json(json.dumps(self.body))

    def eligible(self) -> set[int]:
        """By the words of the contract, item by item."""
        filters = self.body.get("filters", {})
        seen = set() if filters.get("include_seen") else set(self.person.seen.tolist())
        return {item.item_id for item in self.items if item.is_available(END) and _passes(item, filters)} - seen


def _passes(item: Item, filters: dict[str, Any]) -> bool:
    low, high = filters.get("min_price", 0), filters.get("max_price", 1e9)
    priced = "min_price" in filters or "max_price" in filters
    return (
        ("categories" not in filters or item.category in filters["categories"])
        and item.category not in filters.get("exclude_categories", ())
        and item.item_id not in filters.get("exclude_item_ids", ())
        and (not priced or (item.price is not None and low <= item.price <= high))
    )


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    items = list(the_world().items + NEWER)
    for at in draw(st.sets(st.integers(0, len(items) - 1), max_size=8)):
        start, end = draw(st.none() | moments), draw(st.none() | moments)
        if start is None or end is None or start < end:
            items[at] = replace(items[at], available_from=start, available_until=end)
    person = draw(people())
    body = {"user_id": person.user_id, "num_recommendations": draw(st.integers(1, 150)), "algorithm": draw(algorithms)}
    body |= {"explain": draw(st.booleans()), "diversity": draw(st.sampled_from([0, 0, 0.3, 1]))}
    body |= {"novelty": draw(st.sampled_from([0, 0, 0.5])), "serendipity": draw(st.sampled_from([0, 0, 1]))}
    return Asked(tuple(items), person, body | {"filters": draw(filters())})


@st.composite
def people(draw: st.DrawFn) -> Person:
    """Somebody with any events, on items that the release does not know too, and with any preferences."""
    touched = draw(st.lists(st.integers(1, 125), max_size=12))
    kinds = st.sampled_from(list(EventType))
    events = [_event(number, item_id, draw(kinds)) for number, item_id in enumerate(touched)]
    names = st.sampled_from([*the_world().categories, "No such category"])
    liked = draw(st.sets(st.integers(1, 125), max_size=3)) - set(touched)
    return Person(
        user_id=1,
        n_events=len(events),
        seen=np.array(touched, np.int64),
        events=events,
        preferences=draw(st.dictionaries(names, st.floats(0, 1), max_size=3)),
        liked=np.array(sorted(liked), np.int64),
    )


def _event(number: int, item_id: int, kind: EventType) -> Interaction:
    value = 1.5 if kind is EventType.RATING else None
    return Interaction(f"e{number}", 1, item_id, kind, END - timedelta(hours=number), value)


@st.composite
def filters(draw: st.DrawFn) -> dict[str, Any]:
    names = [*the_world().categories, "Lamps"]
    wanted = draw(st.sets(st.sampled_from(names), max_size=3))
    excluded = draw(st.sets(st.sampled_from(names), max_size=2)) - wanted
    low, high = sorted(draw(st.tuples(st.integers(0, 210), st.integers(0, 210))))
    values = {
        "categories": sorted(wanted) or None,
        "exclude_categories": sorted(excluded),
        "exclude_item_ids": draw(st.lists(st.integers(1, 130), max_size=10)),
        "min_price": draw(st.sampled_from([None, low])),
        "max_price": draw(st.sampled_from([None, high])),
        "include_seen": draw(st.booleans()),
    }
    return {name: value for name, value in values.items() if value is not None}


def answer_to(*questions: Asked, page: Page = FIRST) -> list[dict[str, Any]]:
    first = questions[0]
    batch = Batch(
        live=the_release(),
        view=CatalogueArrays.of(first.items, 7),
        crowd=crowd([question.person for question in questions], the_release().release.item_ids, WEIGHTS),
        now=END,
        degraded=(),
        weights=WEIGHTS,
    )
    rows = [Question(each.request, row, dials(each.body), page) for row, each in enumerate(questions)]
    return [json.loads(computed.body) for computed in compute(batch, rows)]


def dials(body: dict[str, Any]) -> Dials:
    return Dials(body["diversity"], body["novelty"], body["serendipity"])


@given(asked())
@settings(max_examples=60, deadline=None)
def test_a_list_is_exactly_as_long_as_can_be_and_holds_only_what_may_be_shown(question: Asked) -> None:
    answer = answer_to(question)[0]
    listed = [entry["item_id"] for entry in answer["recommendations"]]
    eligible = question.eligible()
    assert len(listed) == len(set(listed)) == min(question.body["num_recommendations"], len(eligible))
    assert set(listed) <= eligible
    assert [entry["rank"] for entry in answer["recommendations"]] == list(range(1, len(listed) + 1))
    assert answer["cold_start"] == (question.person.n_events == 0)
    assert ("next_page_token" in answer) == (0 < len(listed) < len(eligible))


@given(asked())
@settings(max_examples=60, deadline=None)
def test_scores_never_rise_and_parts_sum_to_them(question: Asked) -> None:
    explained = replace(question, body=question.body | {"explain": True})
    entries = answer_to(explained)[0]["recommendations"]
    scores = [entry["score"] for entry in entries]
    assert scores == sorted(scores, reverse=True)
    assert all(np.isfinite(scores))
    for entry in entries:
        assert entry["reason"]
        parts = entry["explanation"]["parts"]
        assert sum(part["share"] for part in parts) == pytest.approx(entry["score"], abs=1e-6)
        for part in parts:
            if "because" in part:
                assert sum(cause["share"] for cause in part["because"]) == pytest.approx(part["share"], abs=1e-6)
                known = set(question.person.seen.tolist()) | set(question.person.liked.tolist())
                assert {cause["item_id"] for cause in part["because"]} <= known


@given(asked(), st.integers(1, 20))
@settings(max_examples=15, deadline=None)
def test_pages_together_are_the_whole_list_without_a_repeat(question: Asked, size: int) -> None:
    paged = replace(question, body=question.body | {"num_recommendations": size, "diversity": 0, "novelty": 0})
    shown: list[int] = []
    scores: list[float] = []
    page = FIRST
    while True:
        answer = answer_to(paged, page=page)[0]
        shown += [entry["item_id"] for entry in answer["recommendations"]]
        scores += [entry["score"] for entry in answer["recommendations"]]
        if "next_page_token" not in answer:
            break
        page = read_token(answer["next_page_token"], query_digest(paged.request))
    assert sorted(shown) == sorted(question.eligible())
    assert scores == sorted(scores, reverse=True)


@given(st.lists(asked(), min_size=2, max_size=5))
@settings(max_examples=15, deadline=None)
def test_an_answer_does_not_depend_on_who_else_asks(questions: list[Asked]) -> None:
    together = [replace(question, items=questions[0].items) for question in questions]
    for question, answer in zip(together, answer_to(*together), strict=True):
        alone = answer_to(question)[0]
        pairs = zip(answer["recommendations"], alone["recommendations"], strict=True)
        assert all(one["score"] == pytest.approx(other["score"], abs=1e-4) for one, other in pairs)
