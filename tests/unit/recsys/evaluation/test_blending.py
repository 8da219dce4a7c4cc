from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from recsys.algorithms.base import Histories, Recommender
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.evaluation.blending import STEPS, Shortlist, choose_weights, shortlist
from recsys.evaluation.judge import judge
from recsys.evaluation.metrics import ndcg_at_k
from recsys.evaluation.splits import judged_users, relevant_items, time_split
from recsys.preferences import to_histories
from recsys.settings import EventWeights
from recsys.testing.worlds import small_world, training_data, world_events

COMPONENTS = (Algorithm.ITEM_BASED, Algorithm.CONTENT_BASED, Algorithm.POPULARITY)


def made(signal: list[float], *, n: int = 300, width: int = 60, seed: int = 0) -> Shortlist:
    """Components that know so much of what is relevant, each with noise of its own."""
    rng = np.random.default_rng(seed)
    relevant = rng.random((n, width)) < 0.08
    relevant[:, 0] = True
    scores = [strength * relevant + rng.normal(0, 1, (n, width)) for strength in signal]
    return Shortlist(
        names=tuple(f"c{place}" for place in range(len(signal))),
        scores=np.array(scores, np.float32),
        valid=np.ones((n, width), bool),
        relevant=relevant,
        n_relevant=relevant.sum(axis=1).astype(np.int32),
    )


def test_the_informed_component_gets_the_weight() -> None:
    chosen = choose_weights(made([3.0, 0.0]))
    assert chosen.weights.get("c1", 0.0) < 0.1
    assert chosen.ndcg >= chosen.alone["c0"] > 2 * chosen.alone["c1"]


def test_independent_knowledge_is_combined() -> None:
    chosen = choose_weights(made([1.2, 1.2, 1.2]))
    assert min(chosen.weights.values()) > 0.15
    assert chosen.ndcg > 1.1 * max(chosen.alone.values())


def test_weights_are_shares() -> None:
    assert sum(choose_weights(made([1.0, 2.0, 0.5])).weights.values()) == pytest.approx(1, abs=1e-3)


def test_the_choice_is_deterministic() -> None:
    assert choose_weights(made([1.0, 0.7])) == choose_weights(made([1.0, 0.7]))


@pytest.mark.parametrize("seed", range(3))
def test_no_small_step_from_the_choice_gains(seed: int) -> None:
    candidates = made([1.6, 1.1, 0.8, 0.4], seed=seed)
    chosen = choose_weights(candidates)
    weights = np.array([chosen.weights.get(name, 0.0) for name in candidates.names])
    assert candidates.ndcg(weights, 10) == pytest.approx(chosen.ndcg, abs=1e-4)
    for place in range(len(weights)):
        for change in (min(STEPS), -min(STEPS)):
            moved = weights.copy()
            moved[place] = max(0.0, moved[place] + change)
            assert candidates.ndcg(moved / moved.sum(), 10) < chosen.ndcg + 2e-4


def test_one_component_gets_all() -> None:
    assert choose_weights(made([1.0])).weights == {"c0": 1.0}


def test_nothing_relevant_still_gives_weights() -> None:
    nothing = dataclasses.replace(made([1.0, 1.0]), relevant=np.zeros((300, 60), bool))
    chosen = choose_weights(nothing)
    assert chosen.ndcg == 0
    assert sum(chosen.weights.values()) == pytest.approx(1)


World = tuple[dict[Algorithm, Recommender], Histories, sparse.csr_array, np.ndarray[tuple[int], np.dtype[np.int32]]]


@pytest.fixture(scope="module")
def world() -> World:
    """Fitted components, histories, what is relevant, users."""
    small = small_world()
    split = time_split(world_events(small), test_share=0.2)
    weights = EventWeights()
    train = to_histories(split.train, n_users=len(small.users), n_items=len(small.items), weights=weights)
    data = dataclasses.replace(training_data(small), histories=train)
    relevant = relevant_items(split.test, train, weights=weights)
    return {name: create(name).fit(data) for name in COMPONENTS}, train, relevant, judged_users(relevant)


@pytest.mark.parametrize("batch", [7, 500])
def test_the_shortlist_measures_what_the_hybrid_will_do(world: World, batch: int) -> None:
    models, histories, relevant, users = world
    named = {name.value: model for name, model in models.items()}
    candidates = shortlist(named, histories, relevant, users, batch=batch)
    chosen = choose_weights(candidates)
    hybrid = Hybrid(HybridConfig(chosen.weights)).bind(models)
    assert judge(hybrid, histories, relevant, users, ks=(10,)).overall["ndcg@10"] == pytest.approx(
        chosen.ndcg, abs=1e-3
    )
    for name, model in named.items():
        alone = judge(model, histories, relevant, users, ks=(10,)).overall["ndcg@10"]
        assert chosen.alone[name] == pytest.approx(alone, abs=1e-3)


def test_a_shortlist_holds_no_item_twice_and_none_that_was_touched(world: World) -> None:
    models, histories, relevant, users = world
    named = {name.value: model for name, model in models.items()}
    candidates = shortlist(named, histories, relevant, users, depth=20)
    eligible = len(named) * 20
    assert candidates.scores.shape == (3, len(users), eligible)
    assert (candidates.valid.sum(axis=1) <= eligible).all()
    assert not (candidates.relevant & ~candidates.valid).any()
    assert (candidates.relevant.sum(axis=1) <= candidates.n_relevant).all()


def test_users_who_count_more_are_ranked_better_for() -> None:
    """Two halves of users, each served by a component of its own."""
    one, other = made([2.0, 0.0], seed=1), made([0.0, 2.0], seed=2)
    both = Shortlist(
        names=one.names,
        scores=np.concatenate([one.scores, other.scores], axis=1),
        valid=np.concatenate([one.valid, other.valid]),
        relevant=np.concatenate([one.relevant, other.relevant]),
        n_relevant=np.concatenate([one.n_relevant, other.n_relevant]),
    )
    first = np.repeat([1.0, 0.01], 300)
    towards_first, towards_other = (choose_weights(both, user_weights=counts) for counts in (first, first[::-1]))
    assert towards_first.weights["c0"] > 0.9
    assert towards_other.weights["c1"] > 0.9
    assert towards_first.ndcg == pytest.approx(
        np.average(
            both.ndcg_of_each(np.array([towards_first.weights.get(name, 0.0) for name in both.names]), 10),
            weights=first,
        ),
        abs=1e-3,
    )
    assert choose_weights(both, user_weights=np.full(600, 2.0)) == choose_weights(both, user_weights=np.ones(600))


def test_places_are_those_of_the_sorted_list_ties_from_the_left() -> None:
    candidates = made([1.0, 0.5])
    rounded = dataclasses.replace(candidates, scores=np.round(candidates.scores), valid=candidates.valid.copy())
    rounded.valid[:, ::7] = False
    weights = np.array([0.5, 0.5])
    total = np.tensordot(weights.astype(np.float32), rounded.scores, axes=1)
    total[~rounded.valid] = -np.inf
    for k in (1, 10, 60):
        ranked = np.argsort(-total, axis=1, kind="stable")[:, :k]
        hits = np.take_along_axis(rounded.relevant & rounded.valid, ranked, axis=1)
        expected = ndcg_at_k(hits, rounded.n_relevant, k)
        only_valid = dataclasses.replace(rounded, relevant=rounded.relevant & rounded.valid)
        np.testing.assert_allclose(only_valid.ndcg_of_each(weights, k), expected, atol=1e-12)
