from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_trainer.baselines import RANDOM, RECENT_POPULAR
from model_trainer.decision import Reason
from model_trainer.exits import ReleaseRefused
from model_trainer.fitting import Fitted
from model_trainer.judging import Verdict, judge_models, questions
from model_trainer.plan import Plan
from recsys.algorithms.base import TrainingData
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import create
from recsys.algorithms.svd import Svd
from recsys.domain import EVENT_CODES, Algorithm, EventType
from recsys.evaluation.ranking import rank
from recsys.preferences import Events
from recsys.settings import EventWeights

WEIGHTS = EventWeights()
MEASURES = {
    "ndcg@10",
    "precision@10",
    "recall@10",
    "map@10",
    "hit_rate@10",
    "mrr",
    "coverage@10",
    "gini@10",
    "average_popularity@10",
    "diversity@10",
    "novelty@10",
    "serendipity@10",
    "calibration@10",
    "user_coverage@10",
}


@pytest.fixture(scope="module")
def verdict(fitted: Fitted, before: TrainingData, later: Events) -> Verdict:
    judged = judge_models(fitted.with_hybrid(None), before, later, EventWeights(), Plan())
    assert judged is not None
    return judged


def test_asks_users_who_were_there_before_and_found_something_new(before: TrainingData, later: Events) -> None:
    asked = questions(later, before, EventWeights(), limit=1000, seed=0)
    histories = before.histories.weights
    assert len(asked.users) > 30
    for user in asked.users:
        touched = set(histories[[user]].indices)
        assert touched
        assert set(asked.relevant[[user]].indices)
        assert not touched & set(asked.relevant[[user]].indices)


def test_counts_those_of_whom_nothing_was_known(before: TrainingData, later: Events) -> None:
    asked = questions(later, before, EventWeights(), limit=1000, seed=0)
    unknown = np.flatnonzero(np.diff(before.histories.weights.indptr) == 0)
    found = np.flatnonzero(np.diff(asked.relevant.indptr))
    assert asked.n_newcomers == len(set(unknown) & set(found))
    assert not set(asked.users) & set(unknown)


def test_asks_at_most_as_many_as_the_limit_the_same_ones_each_time(before: TrainingData, later: Events) -> None:
    first, again, other = (
        questions(later, before, EventWeights(), limit=20, seed=seed).users.tolist() for seed in (1, 1, 2)
    )
    assert len(first) == 20
    assert first == again == sorted(first)
    assert first != other


def test_each_model_and_chance_is_measured(verdict: Verdict, fitted: Fitted) -> None:
    assert set(verdict.metrics) == {*(name.value for name in fitted.models), "hybrid", RANDOM, RECENT_POPULAR}
    for row in verdict.metrics.values():
        assert set(row) >= MEASURES
        assert all(np.isfinite(value) for value in row.values())


def test_the_hybrid_beats_popularity_and_chance(verdict: Verdict) -> None:
    assert verdict.versus_popularity.low > 1
    assert verdict.versus_random.low > 0
    hybrid, popularity = (verdict.metrics[name]["ndcg@10"] for name in ("hybrid", "popularity"))
    assert verdict.versus_popularity.estimate == pytest.approx(hybrid / popularity)


def test_chance_ranks_as_chance_does(verdict: Verdict, before: TrainingData, later: Events) -> None:
    asked = questions(later, before, EventWeights(), limit=4000, seed=0)
    left = len(before.item_ids) - np.diff(before.histories.weights.indptr)[asked.users]
    expected = float((np.diff(asked.relevant.indptr)[asked.users] / left).mean())
    assert verdict.metrics[RANDOM]["precision@10"] == pytest.approx(expected, rel=0.35)


def test_the_personal_lists_surprise_and_fit_better_than_those_for_everybody(verdict: Verdict) -> None:
    hybrid, popularity, chance = (verdict.metrics[name] for name in ("hybrid", "popularity", RANDOM))
    assert popularity["serendipity@10"] == 0
    assert hybrid["serendipity@10"] > chance["serendipity@10"] > 0
    assert hybrid["calibration@10"] < popularity["calibration@10"]
    assert chance["average_popularity@10"] < hybrid["average_popularity@10"] < popularity["average_popularity@10"]


def test_every_row_is_held_against_popularity(verdict: Verdict) -> None:
    assert set(verdict.over_popularity) == set(verdict.metrics)
    for name, interval in verdict.over_popularity.items():
        ratio = verdict.metrics[name]["ndcg@10"] / verdict.metrics["popularity"]["ndcg@10"]
        assert interval.estimate == pytest.approx(ratio)
        assert interval.low <= interval.estimate <= interval.high
    assert verdict.over_popularity["hybrid"] == verdict.versus_popularity
    assert verdict.over_popularity["popularity"].low == verdict.over_popularity["popularity"].high == 1


def test_favourites_are_what_most_lists_hold(verdict: Verdict, fitted: Fitted, before: TrainingData) -> None:
    models = fitted.with_hybrid(None)
    histories = before.histories.rows(verdict.users)
    lists = rank(models[Algorithm.HYBRID].score(verdict.users, histories), histories.weights, 10)
    counted = np.bincount(lists[lists >= 0], minlength=len(before.item_ids))
    assert [share for _, share in verdict.favourites] == sorted(counted / len(lists), reverse=True)[:10]
    assert all(counted[item] / len(lists) == share for item, share in verdict.favourites)


def test_segments_are_those_of_the_hybrid_beside_popularity(verdict: Verdict, before: TrainingData) -> None:
    by_activity = [one for one in verdict.segments if one.by == "activity"]
    known = np.diff(before.histories.weights.indptr)
    third = np.quantile(known[known > 0], 1 / 3, method="lower")
    assert by_activity[0].n_users == int((known[verdict.users] <= third).sum())
    assert sum(one.n_users for one in by_activity) == verdict.n_users
    shares = [one.n_users / verdict.n_users for one in by_activity]
    mean = sum(share * one.ndcg for share, one in zip(shares, by_activity, strict=True))
    assert mean == pytest.approx(verdict.metrics["hybrid"]["ndcg@10"])
    mean = sum(share * one.baseline_ndcg for share, one in zip(shares, by_activity, strict=True))
    assert mean == pytest.approx(verdict.metrics["popularity"]["ndcg@10"])
    named = {one.segment: one for one in verdict.segments}
    assert named["head"].baseline_ndcg > named["tail"].baseline_ndcg
    assert {one.by for one in verdict.segments} == {"activity", "item age", "item popularity"}


def test_the_recent_baseline_forgets(fitted: Fitted, before: TrainingData, later: Events) -> None:
    models = {name: fitted.models[name] for name in (Algorithm.POPULARITY, Algorithm.ITEM_BASED, Algorithm.ALS)}
    models[Algorithm.POPULARITY] = create(Algorithm.POPULARITY, {"half_life_days": None}).fit(before)
    models[Algorithm.HYBRID] = Hybrid(HybridConfig({"popularity": 1.0})).bind(models)
    rows = []
    for days in (1e9, 1.0):
        verdict = judge_models(models, before, later, EventWeights(), Plan(recent_half_life_days=days))
        assert verdict is not None
        rows.append(verdict.metrics)
    assert rows[0][RECENT_POPULAR]["ndcg@10"] == pytest.approx(rows[0]["popularity"]["ndcg@10"])
    assert rows[1][RECENT_POPULAR]["ndcg@10"] != pytest.approx(rows[0][RECENT_POPULAR]["ndcg@10"])


def test_ratings_are_predicted_where_a_model_can(verdict: Verdict, fitted: Fitted, later: Events) -> None:
    assert [name for name, row in verdict.metrics.items() if "rmse" in row] == ["svd"]
    svd = fitted.models[Algorithm.SVD]
    assert isinstance(svd, Svd)
    rated = later.where(later.types == EVENT_CODES[EventType.RATING])
    errors = svd.predict_ratings(rated.users, rated.items) - rated.values
    assert verdict.metrics["svd"]["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-4)
    assert verdict.metrics["svd"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-4)


def test_without_ratings_no_error_is_claimed(fitted: Fitted, before: TrainingData, later: Events) -> None:
    unrated = later.where(later.types != EVENT_CODES[EventType.RATING])
    verdict = judge_models(fitted.with_hybrid(None), before, unrated, EventWeights(), Plan())
    assert verdict is not None
    assert "rmse" not in verdict.metrics["svd"]


def test_a_training_part_that_reaches_into_the_test_part_is_refused(
    fitted: Fitted, before: TrainingData, later: Events
) -> None:
    earlier = replace(later, at=later.at - 1.0)
    with pytest.raises(ReleaseRefused, match="1 pairs of the training part") as refused:
        judge_models(fitted.with_hybrid(None), replace(before, as_of=float(earlier.at.min())), earlier, WEIGHTS, Plan())
    assert [each.reason for each in refused.value.refusals] == [Reason.FUTURE_SEEN]


def test_nobody_to_ask_is_no_verdict(fitted: Fitted, before: TrainingData, later: Events) -> None:
    nothing = later.where(np.zeros(len(later), bool))
    assert judge_models(fitted.with_hybrid(None), before, nothing, EventWeights(), Plan()) is None
