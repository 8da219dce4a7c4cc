"""Whether what is said of an item is true: its shares, its causes, its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from recsys.domain import Algorithm
from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import Recommend
from tests.e2e.problems import assert_problem

MINUTE = "2026-01-30T10:{:02}:00Z"
ALL = 120
TOLD = 2e-6
"""Two scores are told to six decimals each."""

Acts = Sequence[tuple[int, str]]


def newcomer_who(api: httpx.Client, acts: Acts, **said: Any) -> int:
    """A new user who did so, an act a minute: the same acts at the same times whoever does them."""
    user_id = int(api.post("/users", json=said).raise_for_status().json()["user_id"])
    for minute, (item_id, kind) in enumerate(acts):
        event = {"user_id": user_id, "item_id": item_id, "type": kind, "occurred_at": MINUTE.format(minute)}
        api.post("/interactions", json=event).raise_for_status()
    return user_id


def causes(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [cause for part in entry["explanation"]["parts"] for cause in part.get("because", [])]


def strongest(entry: dict[str, Any]) -> dict[str, Any]:
    """The item that brought most over all parts."""
    brought: dict[int, float] = {}
    for cause in causes(entry):
        brought[cause["item_id"]] = brought.get(cause["item_id"], 0.0) + cause["share"]
    item_id = max(brought, key=brought.__getitem__)
    return next(cause for cause in causes(entry) if cause["item_id"] == item_id)


@pytest.fixture
def acts(world: SmallWorld) -> Acts:
    """As many as leave nothing of what is supposed of somebody new, even with one taken away."""
    music, books = world.items_of("Music"), world.items_of("Books")
    many = [(music[0], "purchase"), (music[1], "like"), (books[0], "view"), (music[2], "click"), (music[3], "cart")]
    return [*many, (books[1], "view"), (books[2], "click")]


def test_parts_sum_to_the_score_and_causes_to_their_part(
    world: SmallWorld, recommend: Recommend, served: list[Algorithm]
) -> None:
    for algorithm in served:
        for more in ({}, {"diversity": 0.5}):
            answer = recommend(
                world.lovers["Space"][7], num_recommendations=60, algorithm=algorithm, explain=True, **more
            )
            for entry in answer["recommendations"]:
                explanation = entry["explanation"]
                assert isinstance(explanation["rules"], list)
                assert sum(part["share"] for part in explanation["parts"]) == pytest.approx(entry["score"], abs=1e-6)
                for part in explanation["parts"]:
                    if part.get("because"):
                        total = sum(cause["share"] for cause in part["because"])
                        assert total == pytest.approx(part["share"], abs=1e-6)


def test_causes_are_the_users_own_events(api: httpx.Client, recommend: Recommend, acts: Acts) -> None:
    answer = recommend(newcomer_who(api, acts), explain=True)
    found = {(cause["item_id"], cause["type"]) for entry in answer["recommendations"] for cause in causes(entry)}
    assert found
    assert found <= set(acts)


@pytest.mark.parametrize("algorithm", ["item_based", "content_based"])
def test_without_a_cited_event_a_linear_part_is_lower_by_its_share(
    api: httpx.Client, recommend: Recommend, acts: Acts, algorithm: str
) -> None:
    """Its part is the whole score where it is asked for alone: the answer to somebody who did all but that says so."""
    answer = recommend(newcomer_who(api, acts), num_recommendations=5, algorithm=algorithm, explain=True)
    for entry in answer["recommendations"][:3]:
        cited = strongest(entry)
        other = newcomer_who(api, [act for act in acts if act[0] != cited["item_id"]])
        after = scores(recommend(other, num_recommendations=ALL, algorithm=algorithm, explain=True))
        assert entry["score"] - after.get(entry["item_id"], 0.0) == pytest.approx(cited["share"], abs=TOLD)


def scores(answer: dict[str, Any]) -> dict[int, float]:
    """What algorithms said of each item: nothing of what is refilled."""
    return {
        entry["item_id"]: entry["score"]
        for entry in answer["recommendations"]
        if not {"refill", "exploration"} & {part["source"] for part in entry["explanation"]["parts"]}
    }


@pytest.mark.parametrize("algorithm", ["hybrid", "als"])
def test_without_is_what_the_score_of_somebody_without_that_event_lacks(
    api: httpx.Client, recommend: Recommend, acts: Acts, algorithm: str
) -> None:
    answer = recommend(newcomer_who(api, acts), num_recommendations=5, algorithm=algorithm, explain="without")
    cited = strongest(answer["recommendations"][0])
    other = newcomer_who(api, [act for act in acts if act[0] != cited["item_id"]])
    after = scores(recommend(other, num_recommendations=ALL, algorithm=algorithm, explain=True))
    compared = 0
    for entry in answer["recommendations"]:
        told = [cause["without"] for cause in causes(entry) if cause["item_id"] == cited["item_id"]]
        if told and entry["item_id"] in after and entry["item_id"] in scores(answer):
            assert entry["score"] - after[entry["item_id"]] == pytest.approx(told[0], abs=1e-5)
            assert len(set(told)) == 1
            compared += 1
    assert compared


@pytest.mark.parametrize("algorithm", ["hybrid", "als"])
def test_without_its_strongest_cause_a_score_is_lower_nearly_always(
    world: SmallWorld, recommend: Recommend, algorithm: str
) -> None:
    lower: list[bool] = []
    for lovers in world.lovers.values():
        for user_id in lovers[8:12]:
            answer = recommend(user_id, algorithm=algorithm, explain="without")
            lower += [strongest(entry)["without"] > 0 for entry in answer["recommendations"] if causes(entry)]
    assert len(lower) > 150
    assert np.mean(lower) >= 0.95


def test_without_comes_only_where_it_is_asked_for(api: httpx.Client, recommend: Recommend, acts: Acts) -> None:
    user_id = newcomer_who(api, acts)
    answer = recommend(user_id, explain=True)
    assert not any("without" in cause for entry in answer["recommendations"] for cause in causes(entry))
    assert all("explanation" not in entry for entry in recommend(user_id)["recommendations"])
    for value in ("causes", 1, None):
        assert_problem(api.post("/recommendations", json={"user_id": user_id, "explain": value}), 422, "explain")


def test_a_sentence_names_the_two_events_that_matter(
    api: httpx.Client, recommend: Recommend, world: SmallWorld
) -> None:
    bought, liked = world.items_of("Music")[4:6]
    titles = {item_id: world.items[item_id - 1].title for item_id in (bought, liked)}
    user_id = newcomer_who(api, [(bought, "purchase"), (liked, "like")])
    told = [entry["reason"] for entry in recommend(user_id, algorithm="als")["recommendations"]]
    both = {
        f"Because you bought {titles[bought]} and liked {titles[liked]}",
        f"Because you liked {titles[liked]} and bought {titles[bought]}",
    }
    alone = {f"Because you bought {titles[bought]}", f"Because you liked {titles[liked]}"}
    assert both & set(told)
    assert {sentence for sentence in told if sentence.startswith("Because")} <= both | alone


def test_no_sentence_claims_what_was_not_done_or_names_what_was_disliked(
    api: httpx.Client, recommend: Recommend, world: SmallWorld
) -> None:
    seen, disliked = world.items_of("Kitchen")[6:8]
    user_id = newcomer_who(api, [(seen, "view"), (disliked, "like"), (disliked, "dislike")])
    for algorithm in ("hybrid", "item_based", "content_based", "als", "svd", "user_based"):
        for entry in recommend(user_id, num_recommendations=30, algorithm=algorithm)["recommendations"]:
            assert world.items[disliked - 1].title not in entry["reason"]
            assert not {"bought", "liked", "rated", "opened", "cart"} & set(entry["reason"].split())


def test_who_chose_a_category_is_told_that_its_items_are_popular_there(api: httpx.Client, recommend: Recommend) -> None:
    user_id = newcomer_who(api, [], preferences={"categories": {"Cycling": 1.0}})
    told = {entry["reason"] for entry in recommend(user_id, num_recommendations=4)["recommendations"]}
    assert told == {"Popular in Cycling, a category that you chose"}
