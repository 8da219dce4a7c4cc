"""The generated split is one of time, and knowing the true tastes is worth something in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from benchmarks.generated import ceilings, parts
from benchmarks.public_sets import Part
from data_generator.plan import Plan
from data_generator.world import draw_world
from model_trainer.benchmark.dataset import Dataset, assemble
from model_trainer.benchmark.files import Interactions
from model_trainer.benchmark.scoring import Scoring
from recsys.algorithms.popularity import Popularity
from recsys.domain import Algorithm

PLAN = Plan(400, 800, 12_000, seed=5)


@pytest.fixture(scope="module")
def part() -> Part:
    (only,) = parts(Path(), PLAN)
    return only


def _dataset(part: Part) -> Dataset:
    train, test = (
        Interactions(
            table["user_id"].to_numpy().astype(np.str_),
            table["item_id"].to_numpy().astype(np.str_),
            table["value"].to_numpy().astype(np.float64),
            None,
        )
        for table in (part.train, part.test)
    )
    return assemble(
        train, test, texts=dict.fromkeys(map(str, part.items["item_id"]), "") if part.items is not None else {}
    )


def test_nine_tenths_of_the_events_come_first_and_only_what_is_new_is_asked(part: Part) -> None:
    assert len(part.train) == 0.9 * PLAN.interactions
    seen = set(zip(part.train["user_id"], part.train["item_id"], strict=True))
    asked = list(zip(part.test["user_id"], part.test["item_id"], strict=True))
    assert len(asked) == len({*asked}) > 100
    assert not seen & {*asked}
    again = next(parts(Path(), PLAN))
    assert again.train.equals(part.train)
    assert again.facts == part.facts


def test_items_have_their_texts(part: Part) -> None:
    assert part.items is not None
    assert part.items["item_id"].tolist() == list(range(PLAN.items))
    assert part.items.columns.tolist() == ["item_id", "title", "description", "tags", "brand", "category"]
    assert part.items.map(lambda cell: bool(str(cell))).to_numpy().all()


def test_who_knows_the_tastes_beats_popularity_and_who_takes_them_for_another_users_does_not(part: Part) -> None:
    dataset = _dataset(part)
    data = dataset.training_data(dataset.train)
    popular = {Algorithm.POPULARITY: Popularity().fit(data)}
    figures, _ = Scoring(data.histories, dataset.relevant(dataset.test), (10,)).score(popular)[Algorithm.POPULARITY]
    assert part.facts["ceiling ndcg@10"] > 2 * figures["ndcg@10"]
    assert part.facts["ceiling ndcg@10"] > part.facts["taste ndcg@10"]
    world = draw_world(PLAN)
    people = world.population
    swapped = dataclasses.replace(people, topics=people.topics[::-1], style=people.style[::-1])
    shape = (PLAN.users, PLAN.items)
    relevant, seen = (
        sparse.csr_array((np.ones(len(table), np.float32), (table["user_id"], table["item_id"])), shape=shape)
        for table in (part.test, part.train)
    )
    at = np.array([world.plan.end_at - 86_400.0])
    lost = ceilings(dataclasses.replace(world, population=swapped), at, seen, relevant)
    assert lost["ceiling ndcg@10"] < 0.5 * part.facts["ceiling ndcg@10"]
