"""The live release's choices, made again on today's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from model_trainer.case import Case
from model_trainer.champion import Comparison, compare, read_champion, refit
from model_trainer.decision import Reason
from model_trainer.fitting import DEFAULT_ALGORITHMS, Fitted, fit
from model_trainer.gate import refusals_of
from model_trainer.judging import HEADLINE, Verdict, judge_models
from model_trainer.plan import Plan
from recsys.algorithms.base import TrainingData
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.ncf import Ncf
from recsys.domain import Algorithm
from recsys.manifest import MANIFEST, AlgorithmEntry, Manifest, write_manifest
from recsys.preferences import Events, to_histories
from recsys.settings import EventWeights, GateSettings
from recsys.testing.worlds import small_world, world_events

PLAN = Plan(min_judged_users=20)
WEIGHTS = EventWeights()


def manifest(fitted: Fitted, weights: Mapping[str, float] | None = None) -> Manifest:
    """Of a release with these models and this blend."""
    models = fitted.with_hybrid(HybridConfig(weights) if weights else None)
    entries = {name: AlgorithmEntry(model.settings, {}) for name, model in models.items()}
    return Manifest("v0", datetime(2026, 2, 1, tzinfo=UTC), {}, entries, {})


def judged(fitted: Fitted, data: TrainingData, later: Events, weights: Mapping[str, float] | None = None) -> Verdict:
    verdict = judge_models(fitted.with_hybrid(HybridConfig(weights) if weights else None), data, later, WEIGHTS, PLAN)
    assert verdict is not None
    return verdict


def compared(
    champion: Manifest, fitted: Fitted, data: TrainingData, later: Events, verdict: Verdict
) -> Comparison | None:
    return compare(champion, fitted, data, later, verdict, weights=WEIGHTS, plan=PLAN)


def test_the_same_choices_come_to_the_same(fitted: Fitted, before: TrainingData, later: Events) -> None:
    verdict = judged(fitted, before, later)
    found = compared(manifest(fitted), fitted, before, later, verdict)
    assert found is not None
    assert found.champion == "v0"
    assert found.ndcg == pytest.approx(verdict.metrics["hybrid"][HEADLINE])
    assert (found.difference.low, found.difference.high) == (0, 0)


def test_other_weights_are_compared_user_by_user(fitted: Fitted, before: TrainingData, later: Events) -> None:
    verdict = judged(fitted, before, later)
    found = compared(manifest(fitted, {"popularity": 1.0}), fitted, before, later, verdict)
    assert found is not None
    assert found.ndcg == pytest.approx(verdict.metrics["popularity"][HEADLINE])
    assert found.difference.estimate == pytest.approx(verdict.metrics["hybrid"][HEADLINE] - found.ndcg)


def test_what_is_set_alike_is_taken_over_and_the_rest_fitted(fitted: Fitted, before: TrainingData) -> None:
    champion = manifest(fitted, {"als": 0.5, "popularity": 0.5})
    als = champion.algorithms[Algorithm.ALS]
    other = replace(als, settings={**als.settings, "factors": 3})
    champion = replace(champion, algorithms={**champion.algorithms, Algorithm.ALS: other})
    hybrid = refit(champion, fitted, before)
    assert isinstance(hybrid, Hybrid)
    assert hybrid.components["popularity"] is fitted.models[Algorithm.POPULARITY]
    assert hybrid.components["als"] is not fitted.models[Algorithm.ALS]
    assert hybrid.components["als"].settings["factors"] == 3


@pytest.mark.parametrize("settings", [{"colour": "blue"}, {"weights": {"als": 0.0}}])
def test_settings_of_another_version_are_not_compared(
    fitted: Fitted, before: TrainingData, later: Events, settings: dict[str, object]
) -> None:
    champion = manifest(fitted)
    entries = {**champion.algorithms, Algorithm.HYBRID: AlgorithmEntry(settings, {})}
    verdict = judged(fitted, before, later)
    assert compared(replace(champion, algorithms=entries), fitted, before, later, verdict) is None


def test_models_that_cannot_be_fitted_here_are_not_compared(
    fitted: Fitted, before: TrainingData, later: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.algorithms.base.find_spec", lambda _: None)
    champion = manifest(fitted, {"popularity": 1.0})
    hybrid = replace(champion.algorithms[Algorithm.HYBRID], settings={"weights": {"popularity": 0.5, "ncf": 0.5}})
    entries = {**champion.algorithms, Algorithm.HYBRID: hybrid, Algorithm.NCF: AlgorithmEntry(Ncf().settings, {})}
    champion = replace(champion, algorithms=entries)
    assert compared(champion, fitted, before, later, judged(fitted, before, later)) is None


def test_a_release_that_is_not_there_or_not_readable_is_no_champion(tmp_path: Path, fitted: Fitted) -> None:
    assert read_champion(tmp_path, None) is None
    assert read_champion(tmp_path, "v0") is None
    (tmp_path / "v0").mkdir()
    write_manifest(tmp_path / "v0", manifest(fitted))
    found = read_champion(tmp_path, "v0")
    assert found is not None
    assert found.version == "v0"
    (tmp_path / "v0" / MANIFEST).write_text("{")
    assert read_champion(tmp_path, "v0") is None


def test_a_model_trained_on_shuffled_labels_is_refused(fitted: Fitted, before: TrainingData, later: Events) -> None:
    """While it learned, every event had the item of another one; judged on what really happened."""
    events = world_events(small_world())
    earlier = events.where(events.at < later.at.min())
    astray = replace(earlier, items=np.random.default_rng(3).permutation(earlier.items))
    shape = {"n_users": len(before.user_ids), "n_items": len(before.item_ids)}
    learned = replace(before, histories=to_histories(astray, weights=WEIGHTS, **shape))
    verdict = judged(fit(DEFAULT_ALGORITHMS, learned), before, later)
    champion = compared(manifest(fitted), fitted, before, later, verdict)
    found = refusals_of(Case("v0", None, verdict=verdict, comparison=champion), PLAN, GateSettings())
    assert Reason.WORSE_THAN_CHAMPION in {refusal.reason for refusal in found}
