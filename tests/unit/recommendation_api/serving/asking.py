"""Random worlds: a catalogue of the moment, somebody with a past, rules of the house, and what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.cache_key import query_digest
from recommendation_api.serving.engine import Batch, Question, compute
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.paging import FIRST, Bond, Page
from recommendation_api.serving.people import Person, crowd
from recsys.domain import Algorithm, EventType, Interaction, Item
from recsys.reranking.greedy import Dials
from recsys.rules import Rule, RuleAction, RuleTarget, RuleTerms
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


@dataclass(frozen=True, repr=False)
class Asked:
    """A catalogue of this moment, a person, and what they ask."""

    items: tuple[Item, ...]
    person: Person
    body: dict[str, Any]
    rules: tuple[Rule, ...] = ()

    def __repr__(self) -> str:
        """Without the items: they are too many to be read."""
        return f"Asked({self.body}, rules={self.rules}, hidden={self.person.hidden}, events={self.person.events})"

    @property
    def request(self) -> RecommendationRequest:
        return RecommendationRequest.model_validate_json(json.dumps(self.body))

    def eligible(self) -> set[int]:
        """By the words of the contract, item by item."""
        filters = self.body.get("filters", {})
        seen = set() if filters.get("include_seen") else set(self.person.seen.tolist())
        shown = {item.item_id for item in self.items if item.is_available(END) and _passes(item, filters)}
        return shown - seen - set(self.person.hidden.tolist()) - self.blocked()

    def holding(self, action: RuleAction) -> list[Rule]:
        """The rules that act on the list that is asked for."""
        algorithm = self.body["algorithm"]
        return [
            rule
            for rule in self.rules
            if rule.terms.action is action
            and rule.holds(END)
            and (not rule.terms.algorithms or algorithm in rule.terms.algorithms)
        ]

    def blocked(self) -> set[int]:
        rules = self.holding(RuleAction.BLOCK)
        return {item.item_id for item in self.items for rule in rules if is_target(item, rule.terms.target)}


def is_target(item: Item, target: RuleTarget) -> bool:
    return (
        (not target.item_ids or item.item_id in target.item_ids)
        and (not target.categories or item.category in target.categories)
        and (not target.tags or bool(set(item.tags).intersection(target.tags)))
        and (not target.brands or item.brand in target.brands)
    )


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
    return Asked(tuple(items), person, body | {"filters": draw(filters())}, draw(rules()))


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    """Any few, of which some hold."""
    terms = draw(st.lists(rule_terms([*RuleAction]), max_size=5))
    ended = draw(st.lists(st.just(value=False) | st.booleans(), min_size=len(terms), max_size=len(terms)))
    return tuple(
        Rule(number, 1, END, each, over) for number, (each, over) in enumerate(zip(terms, ended, strict=True), 1)
    )


def holding(*actions: RuleAction) -> st.SearchStrategy[tuple[Rule, ...]]:
    """A few rules that act on every list."""
    terms = st.lists(rule_terms(actions), min_size=1, max_size=4)
    return terms.map(lambda each: tuple(Rule(number, 1, END, _always(one)) for number, one in enumerate(each, 1)))


def _always(terms: RuleTerms) -> RuleTerms:
    return replace(terms, algorithms=(), starts_at=None, ends_at=None)


@st.composite
def rule_terms(draw: st.DrawFn, actions: Sequence[RuleAction]) -> RuleTerms:
    action = draw(st.sampled_from(actions))
    factor = {RuleAction.BOOST: st.floats(1.01, 100), RuleAction.BURY: st.floats(0.01, 0.99)}.get(action, st.none())
    start, end = draw(st.none() | moments), draw(st.none() | moments)
    of = draw(st.sets(st.sampled_from([*Algorithm]), max_size=2)) if draw(st.booleans()) else set()
    return RuleTerms(
        name="A rule",
        action=action,
        target=draw(pinned()) if action is RuleAction.PIN else draw(targets()),
        algorithms=tuple(sorted(of)),
        factor=draw(factor),
        position=draw(st.integers(1, 40)) if action is RuleAction.PIN else None,
        starts_at=start,
        ends_at=end,
    )


def pinned() -> st.SearchStrategy[RuleTarget]:
    ids = st.lists(st.integers(1, 130), min_size=1, max_size=4, unique=True)
    return ids.map(lambda found: RuleTarget(item_ids=tuple(found)))


@st.composite
def targets(draw: st.DrawFn) -> RuleTarget:
    items = the_world().items
    kind = draw(st.sampled_from(["item_ids", "categories", "tags", "brands", "two"]))
    one = draw(st.sampled_from(items))
    ids = draw(st.sets(st.integers(1, 130), min_size=1, max_size=30))
    found = {
        "item_ids": RuleTarget(item_ids=tuple(sorted(ids))),
        "categories": RuleTarget(categories=(one.category or "", "No such category")),
        "tags": RuleTarget(tags=one.tags),
        "brands": RuleTarget(brands=(one.brand or "",)),
        "two": RuleTarget(categories=(one.category or "",), tags=one.tags),
    }
    return found[kind]


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
        hidden=np.array(sorted(draw(st.sets(st.integers(1, 130), max_size=5))), np.int64),
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
        view=replace(CatalogueArrays.of(first.items, 7), rules=first.rules),
        crowd=crowd([question.person for question in questions], the_release().release.item_ids, WEIGHTS),
        now=END,
        degraded=(),
        weights=WEIGHTS,
    )
    rows = [Question(each.request, row, dials(each.body), page) for row, each in enumerate(questions)]
    return [json.loads(computed.body) for computed in compute(batch, rows)]


def bond_of(question: Asked) -> Bond:
    """What the token of its next page is bound to."""
    return Bond(query_digest(question.request), the_release().version)


def dials(body: dict[str, Any]) -> Dials:
    return Dials(body["diversity"], body["novelty"], body["serendipity"])
