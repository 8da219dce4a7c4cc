"""Lists over random worlds, requests and moments: exact length, no repeats, nothing forbidden, true explanations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendation_api.serving.paging import FIRST, read_token
from tests.unit.recommendation_api.serving.asking import Asked, answer_to, asked, bond_of


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
        page = read_token(answer["next_page_token"], bond_of(paged))
    assert sorted(shown) == sorted(question.eligible())
    assert scores == sorted(scores, reverse=True)


@given(st.lists(asked(), min_size=2, max_size=5))
@settings(max_examples=15, deadline=None)
def test_an_answer_does_not_depend_on_who_else_asks(questions: list[Asked]) -> None:
    first = questions[0]
    together = [replace(question, items=first.items, rules=first.rules) for question in questions]
    for question, answer in zip(together, answer_to(*together), strict=True):
        alone = answer_to(question)[0]
        pairs = zip(answer["recommendations"], alone["recommendations"], strict=True)
        assert all(one["score"] == pytest.approx(other["score"], abs=1e-4) for one, other in pairs)
