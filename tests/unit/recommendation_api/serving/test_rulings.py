"""Boosts, buries and pins against an oracle: the whole list without rules, scored and ordered by their definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.serving.paging import FIRST, read_token
from recommendation_api.serving.people import Person
from recommendation_api.serving.rulings import Rulings
from recsys.domain import Algorithm, EventType, Interaction, Item
from recsys.rules import Rule, RuleAction, RuleTarget, RuleTerms
from recsys.testing.worlds import END
from tests.unit.recommendation_api.serving.asking import (
    Asked,
    answer_to,
    asked,
    bond_of,
    holding,
    is_target,
    rules,
    the_world,
)

ALL = 500


def plainly(question: Asked, *, rules: Iterable[Rule] = (), n: int = ALL) -> list[dict[str, Any]]:
    body = question.body | {"diversity": 0, "novelty": 0, "serendipity": 0, "explain": True, "num_recommendations": n}
    found: list[dict[str, Any]] = answer_to(replace(question, body=body, rules=tuple(rules)))[0]["recommendations"]
    return found


@given(asked(), holding(RuleAction.BOOST, RuleAction.BURY), st.integers(1, 130))
@settings(max_examples=40, deadline=None)
def test_boosts_and_buries_order_the_whole_catalogue_by_the_scaled_scores(
    question: Asked, acting: tuple[Rule, ...], n: int
) -> None:
    assert_scaled(question, acting, n)


def assert_scaled(question: Asked, acting: tuple[Rule, ...], n: int) -> None:
    items = {item.item_id: item for item in question.items}
    expected = {}
    for entry in plainly(question):
        factors = [rule.terms.factor or 1.0 for rule in acting if is_target(items[entry["item_id"]], rule.terms.target)]
        expected[entry["item_id"]] = entry["score"] * float(np.prod(factors))
    best = sorted(expected.values(), reverse=True)[:n]
    found = plainly(question, rules=acting, n=n)
    assert [entry["score"] for entry in found] == pytest.approx(best, rel=1e-4, abs=1e-4)
    for entry in found:
        assert entry["score"] == pytest.approx(expected[entry["item_id"]], rel=1e-4, abs=1e-4)


@given(asked())
@settings(max_examples=40, deadline=None)
def test_every_rule_that_acted_is_named_with_its_share(question: Asked) -> None:
    items = {item.item_id: item for item in question.items}
    for entry in plainly(question, rules=question.rules):
        shares = {part["source"]: part["share"] for part in entry["explanation"]["parts"]}
        named = {f"rule:{rule['rule_id']}": rule for rule in entry["explanation"]["rules"]}
        assert {source for source in shares if source.startswith("rule:")} <= named.keys()
        for source, told in named.items():
            rule = question.rules[told["rule_id"] - 1]
            assert (told["version"], told["name"], told["action"]) == (1, "A rule", rule.terms.action)
            assert is_target(items[entry["item_id"]], rule.terms.target)
            assert rule.holds(END)
            if rule.terms.action is not RuleAction.PIN:
                assert (shares.get(source, 0) >= 0) == (rule.terms.action is RuleAction.BOOST) or not shares.get(source)


@given(asked(), holding(RuleAction.PIN), st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_pins_stand_in_their_places_and_the_others_keep_their_order(
    question: Asked, pins: tuple[Rule, ...], n: int
) -> None:
    eligible = replace(question, rules=()).eligible()
    places: dict[int, int] = {}
    for rule in pins:
        for place, item_id in enumerate(rule.terms.target.item_ids, rule.terms.position or 1):
            if item_id in eligible:
                places[item_id] = min(place, places.get(item_id, ALL))
    entries = plainly(question, rules=pins, n=n)
    found = [entry["item_id"] for entry in entries]
    scores = [entry["score"] for entry in entries]
    assert scores == sorted(scores, reverse=True)
    others = [entry["item_id"] for entry in plainly(question) if entry["item_id"] not in places]
    assert [item_id for item_id in found if item_id not in places] == others[: sum(i not in places for i in found)]
    wanted = [*places.values()]
    for item_id, place in places.items():
        alone = not any(place - len(places) < other <= place for other in wanted if other is not place)
        if place <= min(n, len(eligible)) and alone and wanted.count(place) == 1:
            assert found[place - 1] == item_id
        if place > n and len(eligible) - len(places) >= n:
            assert item_id not in found


@given(asked(), st.lists(rules(), min_size=1, max_size=6), st.integers(1, 30), st.data())
@settings(max_examples=30, deadline=None)
def test_pages_never_repeat_an_item_nor_rise_whatever_changes_between_them(
    question: Asked, changes: list[tuple[Rule, ...]], size: int, data: st.DataObject
) -> None:
    shown: list[int] = []
    scores: list[float] = []
    page = FIRST
    for held in changes:
        hidden = np.array(data.draw(st.lists(st.integers(1, 125), max_size=4)), np.int64)
        person = replace(question.person, hidden=np.append(question.person.hidden, hidden))
        asking = replace(question, person=person, rules=held, body=question.body | {"num_recommendations": size})
        answer = answer_to(asking, page=page)[0]
        ids = [entry["item_id"] for entry in answer["recommendations"]]
        left = asking.eligible() - set(shown)
        assert len(ids) == min(size, len(left))
        assert set(ids) <= left
        shown += ids
        scores += [entry["score"] for entry in answer["recommendations"]]
        if "next_page_token" not in answer:
            break
        page = read_token(answer["next_page_token"], bond_of(asking))
    assert len(shown) == len(set(shown))
    assert scores == sorted(scores, reverse=True)


def test_a_boosted_item_that_the_algorithm_knows_nothing_of_overtakes_those_that_it_likes() -> None:
    """The ladder is looked at though the algorithm has enough of its own."""
    items = the_world().items
    liked = the_world().items_of("Garden")[0]
    event = Interaction("e", 1, liked, EventType.LIKE, END)
    person = Person(1, 1, np.array([liked], np.int64), [event])
    body = {"user_id": 1, "num_recommendations": 10, "algorithm": "item_based", "diversity": 0}
    question = Asked(items, person, {**body, "novelty": 0, "serendipity": 0, "filters": {}})
    whole = plainly(question)
    refilled = [n for n, entry in enumerate(whole) if entry["explanation"]["parts"][0]["source"] == "refill"]
    terms = RuleTerms("A rule", RuleAction.BOOST, RuleTarget(item_ids=(whole[refilled[0]]["item_id"],)), factor=100.0)
    boost = Rule(1, 1, END, terms)
    assert refilled[0] >= 2
    assert plainly(question, rules=[boost], n=1)[0]["item_id"] == whole[refilled[0]]["item_id"]
    for n in range(1, refilled[0] + 2):
        assert_scaled(question, (boost,), n)


def test_more_pins_than_places_leave_no_place_to_others() -> None:
    person = Person(1, 0, np.empty(0, np.int64))
    body = {"user_id": 1, "num_recommendations": 2, "algorithm": "hybrid", "diversity": 0}
    question = Asked(the_world().items, person, {**body, "novelty": 0, "serendipity": 0, "filters": {}})
    pins = [
        Rule(number, 1, END, RuleTerms("A rule", RuleAction.PIN, RuleTarget(item_ids=ids), position=1))
        for number, ids in ((1, (7, 8)), (2, (9, 10)))
    ]
    assert [entry["item_id"] for entry in plainly(question, rules=pins, n=2)] == [7, 9]
    assert [entry["item_id"] for entry in plainly(question, rules=pins, n=4)] == [7, 9, 8, 10]


def _rule(**terms: Any) -> Rule:
    action = terms.pop("action", RuleAction.BLOCK)
    return Rule(1, 1, END, RuleTerms("x", action, RuleTarget(item_ids=(1,)), **terms))


def test_a_pin_may_take_the_whole_list_while_boosts_hold() -> None:
    body = {"user_id": 1, "num_recommendations": 1, "algorithm": "hybrid", "diversity": 0, "novelty": 0}
    person = Person(1, 1, np.array([2]), [Interaction("e1", 1, 2, EventType.LIKE, END)])
    rules = (
        Rule(1, 1, END, RuleTerms("First", RuleAction.PIN, RuleTarget(item_ids=(9,)), position=1)),
        Rule(2, 1, END, RuleTerms("More", RuleAction.BOOST, RuleTarget(item_ids=(1,)), factor=2.0)),
    )
    asked_by = Asked(the_world().items, person, body | {"serendipity": 0, "explain": False}, rules)
    assert [entry["item_id"] for entry in answer_to(asked_by)[0]["recommendations"]] == [9]


def test_a_ruling_lasts_to_the_next_start_or_end() -> None:
    view = CatalogueArrays.of([Item(1, "x"), Item(2, "y")], 1)
    hour = timedelta(hours=1)
    rulings = Rulings(view, [_rule(starts_at=END + hour, ends_at=END + 2 * hour)])
    moments = [END, END + hour, END + 1.5 * hour, END + 2 * hour]
    found = [rulings.of(Algorithm.ALS, moment.timestamp()) for moment in moments]
    assert [ruling.blocked is not None and bool(ruling.blocked[0]) for ruling in found] == [False, True, True, False]
    assert [ruling.until for ruling in found] == [
        *(moment.timestamp() for moment in (END + hour, END + 2 * hour, END + 2 * hour)),
        float("inf"),
    ]


def test_rules_of_an_algorithm_do_not_touch_the_lists_of_others() -> None:
    view = CatalogueArrays.of([Item(1, "x"), Item(2, "y")], 1)
    rulings = Rulings(view, [_rule(algorithms=(Algorithm.ALS,))])
    assert rulings.of(Algorithm.ALS, END.timestamp()).blocked is not None
    assert rulings.of(Algorithm.SVD, END.timestamp()).blocked is None
