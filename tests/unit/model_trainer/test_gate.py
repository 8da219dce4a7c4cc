from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from model_trainer.case import Case
from model_trainer.champion import Comparison
from model_trainer.decision import Reason
from model_trainer.exits import ReleaseRefused
from model_trainer.fitting import Fitted
from model_trainer.gate import LEAD, is_telling, refusals_of, refuse, refuse_broken_models
from model_trainer.judging import Verdict
from model_trainer.personal import Taste
from model_trainer.plan import Plan
from recsys.algorithms.als import Als
from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.content_based import ContentBased
from recsys.algorithms.popularity import Popularity
from recsys.domain import Algorithm
from recsys.evaluation.bootstrap import Interval
from recsys.manifest import Manifest
from recsys.release import Release
from recsys.settings import GateSettings

PLAN = Plan()
LIMITS = GateSettings.model_construct()


def _verdict(low: float, n_users: int = 500) -> Verdict:
    return Verdict({}, n_users, 0, Interval(2, 1.5, 2.5), Interval(low + 0.1, low, low + 0.2))


def _release(before: TrainingData, models: Mapping[Algorithm, Recommender]) -> Release:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return Release("v1", moment, before.user_ids, before.item_ids, before.histories, models)


def _reasons(
    verdict: Verdict | None,
    champion: Manifest | None = None,
    found: Comparison | None = None,
    taste: Taste | None = None,
) -> set[Reason]:
    case = Case(None, champion, verdict=verdict, comparison=found, taste=taste)
    return {refusal.reason for refusal in refusals_of(case, PLAN, LIMITS)}


def _taste(low: float) -> Taste:
    return Taste(Algorithm.ALS, Interval(low + 0.05, low, low + 0.1))


def _champion(low: float | None) -> Manifest:
    return Manifest("v0", datetime(2026, 2, 1, tzinfo=UTC), {LEAD: {"low": low}}, {}, {})


def _comparison(low: float, high: float) -> Comparison:
    return Comparison("v0", 0.5, Interval((low + high) / 2, low, high))


def test_a_lead_over_chance_passes() -> None:
    assert _reasons(_verdict(1e-6)) == set()


@pytest.mark.parametrize("low", [0.0, -0.05])
def test_what_may_be_chance_is_refused(low: float) -> None:
    assert _reasons(_verdict(low)) == {Reason.WORSE_THAN_RANDOM}


def test_few_users_decide_nothing() -> None:
    few = replace(_verdict(-0.05, PLAN.min_judged_users - 1), reach=0.0)
    assert not is_telling(few, PLAN)
    assert _reasons(few, _champion(2.0), _comparison(-0.2, -0.1), _taste(-0.1)) == set()
    assert is_telling(replace(few, n_users=PLAN.min_judged_users), PLAN)


def test_no_verdict_decides_nothing() -> None:
    assert _reasons(None, _champion(2.0)) == set()
    assert not is_telling(None, PLAN)


@pytest.mark.parametrize(("low", "high", "is_refused"), [(-0.2, -0.01, True), (-0.2, 0.0, False), (0.1, 0.2, False)])
def test_what_is_surely_worse_than_the_live_release_is_refused(low: float, high: float, is_refused: bool) -> None:
    verdict = replace(_verdict(0.1), ndcg=np.array([0.4]))
    case = Case("v0", _champion(None), verdict=verdict, comparison=_comparison(low, high))
    found = refusals_of(case, PLAN, LIMITS)
    assert [refusal.reason for refusal in found] == [Reason.WORSE_THAN_CHAMPION] * is_refused
    assert all("v0" in refusal.sentence and "0.4000 against 0.5000" in refusal.sentence for refusal in found)


@pytest.mark.parametrize(("high", "is_refused"), [(-0.01, True), (0.0, False)])
def test_small_losses_may_not_add_up(high: float, is_refused: bool) -> None:
    verdict = replace(_verdict(0.1), ndcg=np.array([0.4]))
    live, kept = _comparison(-0.1, 0.1), replace(_comparison(-0.2, high), champion="v-best")
    found = refusals_of(Case("v0", _champion(None), verdict=verdict, comparison=live, best=kept), PLAN, LIMITS)
    assert [refusal.reason for refusal in found] == [Reason.WORSE_THAN_KEPT] * is_refused
    assert all("v-best" in refusal.sentence for refusal in found)


@pytest.mark.parametrize(
    ("now", "then", "is_refused"), [(1.0, 1.5, True), (1.01, 1.5, False), (0.9, 1.0, False), (0.9, None, False)]
)
def test_a_lead_over_popularity_may_not_be_lost(now: float, then: float | None, is_refused: bool) -> None:
    verdict = replace(_verdict(0.1), versus_popularity=Interval(1.2, now, 1.4))
    assert _reasons(verdict, _champion(then)) == ({Reason.NO_BETTER_THAN_POPULARITY} if is_refused else set())


def test_the_first_release_need_not_beat_popularity() -> None:
    assert _reasons(replace(_verdict(0.1), versus_popularity=Interval(0.9, 0.8, 1.0))) == set()


@pytest.mark.parametrize(("low", "is_refused"), [(0.01, False), (0.0, True), (-0.05, True)])
def test_a_release_without_taste_is_refused_the_first_one_too(low: float, is_refused: bool) -> None:
    assert _reasons(_verdict(0.1), taste=_taste(low)) == ({Reason.NOTHING_PERSONAL} if is_refused else set())
    impersonal = LIMITS.model_copy(update={"personal": False})
    assert refusals_of(Case(None, None, verdict=_verdict(0.1), taste=_taste(low)), PLAN, impersonal) == []


def test_lists_that_hold_the_same_few_items_are_refused() -> None:
    assert _reasons(replace(_verdict(0.1), reach=LIMITS.min_coverage)) == set()
    assert _reasons(replace(_verdict(0.1), reach=LIMITS.min_coverage / 2)) == {Reason.LOW_COVERAGE}


def test_empty_lists_are_refused() -> None:
    """However few were asked: that a list is empty is no chance."""
    assert _reasons(replace(_verdict(0.1), n_empty=1)) == {Reason.EMPTY_LISTS}
    assert _reasons(replace(_verdict(0.1, 1), n_empty=1)) == {Reason.EMPTY_LISTS}


def test_each_reason_is_a_sentence_of_its_own() -> None:
    case = Case(None, None, verdict=replace(_verdict(0.0), n_empty=1, reach=0.0))
    found = refusals_of(case, PLAN, LIMITS)
    with pytest.raises(ReleaseRefused) as refused:
        refuse(found)
    assert len(refused.value.detail.splitlines()) == len(found) == 3
    refuse([])


def test_sound_models_pass(fitted: Fitted, before: TrainingData) -> None:
    refuse_broken_models(_release(before, fitted.with_hybrid(None)), may_be_flat=False)


def test_a_model_that_scores_no_number_is_refused_by_name(before: TrainingData) -> None:
    als = Als().fit(before)
    als.item_factors[3, 0] = np.nan
    with pytest.raises(ReleaseRefused, match="als does not give a finite score"):
        refuse_broken_models(_release(before, {Algorithm.ALS: als}), may_be_flat=True)


def test_a_model_of_another_catalogue_is_refused(before: TrainingData) -> None:
    popularity = Popularity().fit(before)
    smaller = replace(before.histories, weights=before.histories.weights[:, :-1].tocsr())
    release = replace(_release(before, {Algorithm.POPULARITY: popularity}), histories=smaller)
    with pytest.raises(ReleaseRefused, match="popularity"):
        refuse_broken_models(release, may_be_flat=True)


def test_a_model_that_tells_nothing_apart_is_refused_unless_the_data_is_small(before: TrainingData) -> None:
    als = Als().fit(before)
    als.item_factors[:] = 0
    release = _release(before, {Algorithm.ALS: als})
    with pytest.raises(ReleaseRefused, match="als scores every item alike"):
        refuse_broken_models(release, may_be_flat=False)
    refuse_broken_models(release, may_be_flat=True)


def test_a_catalogue_without_words_may_be_published(before: TrainingData) -> None:
    silent = replace(before, content=replace(before.content, texts=["" for _ in before.content.texts]))
    models = {Algorithm.CONTENT_BASED: ContentBased().fit(silent)}
    refuse_broken_models(_release(before, models), may_be_flat=False)
