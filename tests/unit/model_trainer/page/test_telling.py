from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from model_trainer.case import Case
from model_trainer.decision import Reason, Refusal
from model_trainer.fitting import Fitted
from model_trainer.groups import GroupQuality
from model_trainer.judging import Verdict
from model_trainer.page import render, telling
from model_trainer.page.story import Favourite, Story
from model_trainer.snapshot import Snapshot
from model_trainer.steps import Step
from recsys.algorithms.base import TrainingData
from recsys.algorithms.hybrid import HybridConfig
from recsys.domain import Algorithm
from recsys.manifest import Manifest
from recsys.preferences import Events
from recsys.release import Release

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEIGHTS = {"als": 0.6, "content_based": 0.4}
STEPS = [Step("Fit on everything", 2.0)]
GROUPS = [GroupQuality("age", "65+", 60, 0.1, 0.9, 1.1)]


@pytest.fixture
def told(fitted: Fitted, before: TrainingData, later: Events, verdict: Verdict, manifest: Manifest) -> Story:
    data = before
    release = Release(
        version="20260301-120000-abcd",
        created_at=NOW,
        user_ids=data.user_ids,
        item_ids=data.item_ids,
        histories=data.histories,
        models=fitted.with_hybrid(HybridConfig(WEIGHTS)),
        snapshot={"events": 2400},
    )
    case = Case(manifest.version, manifest, verdict=replace(verdict, favourites=[(4, 0.5), (0, 0.25)]))
    snapshot = Snapshot(data.user_ids, data.item_ids, later, data.content)
    return telling.of_release(
        release, case, case.decision(NOW), snapshot=snapshot, groups=GROUPS, fits={Algorithm.ALS: 1.5}, steps=STEPS
    )


def test_a_release_is_told_with_its_models_and_what_it_replaces(told: Story, manifest: Manifest) -> None:
    assert (told.version, told.facts, told.before) == ("20260301-120000-abcd", {"events": 2400}, manifest)
    assert told.weights == WEIGHTS
    assert told.settings["als"]["factors"] > 1
    assert told.settings["hybrid"] == {"weights": WEIGHTS, "up_to": {}}
    assert (told.fits, told.groups, told.steps) == ({"als": 1.5}, GROUPS, STEPS)


def test_favourites_are_told_by_name(told: Story, before: TrainingData) -> None:
    content = before.content
    assert told.favourites == [
        Favourite(
            int(before.item_ids[item]), content.titles[item], content.category_names[content.category[item]], share
        )
        for item, share in ((4, 0.5), (0, 0.25))
    ]


def test_what_is_told_can_be_drawn(told: Story, before: TrainingData) -> None:
    page = render(told)
    assert before.content.titles[4] in page
    assert "Release 20260301-120000-abcd" in page


def test_a_refusal_is_told_as_far_as_it_came(verdict: Verdict, manifest: Manifest) -> None:
    refusal = Refusal(Reason.EMPTY_LISTS, "Not published: the hybrid's list is empty for 3 of 400 users.")
    case = Case("v0", manifest, verdict=verdict)
    story = telling.of_refusal(case, case.decision(NOW, [refusal]), STEPS)
    assert (story.version, story.verdict, story.before, story.steps) == (None, verdict, manifest, STEPS)
    page = render(story)
    assert "the hybrid&#39;s list is empty for 3 of 400 users" in page
    assert "Written when it was refused." in page
