from __future__ import annotations

from dataclasses import replace

import pytest

from model_trainer.judging import Verdict
from model_trainer.page.changes import Change, changed_counts, changed_metrics, changed_settings
from model_trainer.page.story import Story

NAMES = ("recall@10", "ndcg@10")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change("ndcg@10", 0.1, 0.2), True),
        (Change("ndcg@10", 0.2, 0.1), False),
        (Change("rmse", 0.9, 0.8), True),
        (Change("calibration@10", 0.4, 0.5), False),
        (Change("ndcg@10", 0.1, 0.1), None),
        (Change("ndcg@10", None, 0.1), None),
    ],
    ids=["higher", "lower", "error", "calibration", "same", "unknown"],
)
def test_what_is_better_depends_on_the_measure(change: Change, expected: bool | None) -> None:
    assert change.is_better is expected


def test_metrics_that_both_have_are_compared(story: Story, verdict: Verdict) -> None:
    assert changed_metrics(story, NAMES) == [Change("ndcg@10", 0.07, 0.0712)]
    assert changed_metrics(replace(story, verdict=None), NAMES) == []
    assert changed_metrics(replace(story, before=None), NAMES) == []


def test_counts_are_those_of_the_snapshots(story: Story) -> None:
    assert changed_counts(story) == [
        Change("users", 2900, 3000),
        Change("items", 50_000, 50_000),
        Change("events", 480_000, 500_000),
        Change("judged_users", None, 2786),
    ]


def test_only_settings_that_differ_are_told_and_algorithms_as_a_whole(story: Story) -> None:
    assert changed_settings(story) == [
        Change("als: factors", 64, 128),
        Change("ease", "present", "absent"),
        Change("hybrid: weights of als", 0.5, 0.7),
        Change("hybrid: weights of item_based", 0.5, 0.3),
        Change("item_based", "absent", "present"),
    ]


def test_a_tuple_is_what_a_manifest_has_as_a_list(story: Story) -> None:
    assert story.before is not None
    before = {name.value: dict(entry.settings) for name, entry in story.before.algorithms.items()}
    now = {**before, "als": {**before["als"], "bands": (1, 2)}}
    manifest = replace(
        story.before,
        algorithms={
            name: replace(entry, settings={**entry.settings, "bands": [1, 2]}) if name == "als" else entry
            for name, entry in story.before.algorithms.items()
        },
    )
    assert changed_settings(replace(story, before=manifest, settings=now)) == []
