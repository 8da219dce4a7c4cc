"""Diversity, novelty and serendipity: what is promised of them in the mean over users, and of every single list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from recsys.testing.worlds import SmallWorld
from tests.e2e.conftest import Recommend
from tests.e2e.problems import assert_problem
from tests.e2e.stack import Stack

N = 10
GRID = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
DIALS = ("diversity", "novelty", "serendipity")

Vectors = Mapping[int, np.ndarray]


def distinct(answer: dict[str, Any]) -> float:
    return len({entry["category"] for entry in answer["recommendations"]})


def over_the_grid(ask: Callable[..., dict[str, Any]], users: list[int]) -> list[list[dict[str, Any]]]:
    """Everybody's list at each value of the diversity dial, each as long as it has to be."""
    answers = [[ask(user_id, num_recommendations=N, diversity=value) for user_id in users] for value in GRID]
    for answer in (answer for row in answers for answer in row):
        assert len({entry["item_id"] for entry in answer["recommendations"]}) == N
    return answers


def means(answers: list[list[dict[str, Any]]], measure: Callable[[dict[str, Any]], float]) -> list[float]:
    """Over the users, at each value."""
    return [float(np.mean([measure(answer) for answer in row])) for row in answers]


def test_distinct_categories_grow_with_the_dial(world: SmallWorld, recommend: Recommend) -> None:
    users = [user for lovers in world.lovers.values() for user in lovers[3:5]]
    grown = means(over_the_grid(recommend, users), distinct)
    assert grown == sorted(grown)
    assert grown[0] < grown[3] < grown[-1]


@pytest.fixture
def ask_generated(generated: Stack) -> Iterator[Callable[..., dict[str, Any]]]:
    with httpx.Client(base_url=generated.url, timeout=30) as client:

        def ask(user_id: int, **body: object) -> dict[str, Any]:
            response = client.post("/recommendations", json={"user_id": user_id, **body})
            found: dict[str, Any] = response.raise_for_status().json()
            return found

        yield ask


@pytest.fixture
def vectors(generated: Stack) -> Vectors:
    """What is said of each item of the generated world, as TF-IDF of length one."""
    with psycopg.connect(generated.database_url) as connection:
        rows = connection.execute("SELECT item_id, concat_ws(' ', title, description, tags) FROM items").fetchall()
    texts = TfidfVectorizer(stop_words="english", max_features=2_000, dtype=np.float32).fit_transform(
        [text for _, text in rows]
    )
    return {item_id: texts[[place]] for place, (item_id, _) in enumerate(rows)}


def test_categories_and_distance_grow_where_tastes_are_drawn(
    ask_generated: Callable[..., dict[str, Any]], vectors: Vectors
) -> None:
    from scipy import sparse

    def distance(answer: dict[str, Any]) -> float:
        rows = sparse.vstack([vectors[entry["item_id"]] for entry in answer["recommendations"]])
        near = (rows @ rows.T).toarray()
        return 1 - float(near.sum() - np.trace(near)) / (N * (N - 1))

    answers = over_the_grid(ask_generated, list(range(1, 31)))
    for measure in (distinct, distance):
        grown = means(answers, measure)
        assert np.diff(grown).min() > -1e-3
        assert grown[0] < grown[2] < grown[-1]


def test_no_category_has_more_than_its_cap_while_there_is_another(world: SmallWorld, recommend: Recommend) -> None:
    """A fifth of the list where nothing else is configured."""
    answer = recommend(world.lovers["Books"][3], num_recommendations=N, diversity=1.0)
    assert max(Counter(entry["category"] for entry in answer["recommendations"]).values()) <= 2
    alone = recommend(world.lovers["Books"][3], num_recommendations=N, diversity=1.0, filters={"categories": ["Books"]})
    assert [entry["category"] for entry in alone["recommendations"]] == ["Books"] * N


@pytest.mark.parametrize("dial", DIALS)
def test_what_a_dial_took_is_told_and_the_parts_still_sum(world: SmallWorld, recommend: Recommend, dial: str) -> None:
    answer = recommend(world.lovers["Garden"][3], num_recommendations=N, explain=True, **{dial: 0.8})
    entries = answer["recommendations"]
    sources = {part["source"] for entry in entries for part in entry["explanation"]["parts"]}
    assert "diversity" in sources
    scores = [entry["score"] for entry in entries]
    assert scores == sorted(scores, reverse=True)
    for entry in entries:
        shares = [part["share"] for part in entry["explanation"]["parts"]]
        assert sum(shares) == pytest.approx(entry["score"], abs=1e-6)


def test_novelty_shows_what_fewer_know(world: SmallWorld, recommend: Recommend) -> None:
    touched_by = Counter(event.item_id for event in world.interactions)

    def fame(value: float) -> float:
        users = [user for lovers in world.lovers.values() for user in lovers[3:6]]
        answers = [recommend(user, num_recommendations=N, novelty=value) for user in users]
        return float(
            np.mean([touched_by[entry["item_id"]] for answer in answers for entry in answer["recommendations"]])
        )

    fallen = [fame(value) for value in (0.0, 0.5, 1.0)]
    assert fallen == sorted(fallen, reverse=True)
    assert fallen[-1] < 0.95 * fallen[0]


def test_serendipity_leads_away_from_what_is_known_of_the_user(world: SmallWorld, recommend: Recommend) -> None:
    def of_the_loved(value: float) -> float:
        lists = [
            (category, recommend(user, num_recommendations=N, serendipity=value))
            for category, lovers in world.lovers.items()
            for user in lovers[3:6]
        ]
        return float(
            np.mean([entry["category"] == loved for loved, each in lists for entry in each["recommendations"]])
        )

    fallen = [of_the_loved(value) for value in (0.0, 0.5, 1.0)]
    assert fallen[0] > fallen[1] >= fallen[2]


@pytest.mark.parametrize("dial", DIALS)
@pytest.mark.parametrize("value", [1.1, -0.1, "0.5", True])
def test_a_dial_stands_between_0_and_1(api: httpx.Client, dial: str, value: object) -> None:
    assert_problem(api.post("/recommendations", json={"user_id": 1, dial: value}), 422, dial)
