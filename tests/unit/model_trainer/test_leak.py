"""The way of a training up to its verdict, with another future: what is judged must not have changed."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from rich.console import Console

from model_trainer.case import Case
from model_trainer.groups import GroupQuality
from model_trainer.judging import Verdict
from model_trainer.pipeline import Judged, Known, Training
from model_trainer.plan import Plan
from model_trainer.snapshot import Snapshot
from model_trainer.steps import Steps
from recsys.adapters.clock import SystemClock
from recsys.algorithms.base import Recommender, TrainingData
from recsys.domain import Algorithm
from recsys.evaluation.leak import peeking
from recsys.evaluation.splits import time_split
from recsys.preferences import Events
from recsys.settings import Settings
from recsys.testing.worlds import small_world, training_data, world_events

NAMES = (Algorithm.POPULARITY, Algorithm.ITEM_BASED, Algorithm.CONTENT_BASED)
PLAN = Plan(test_share=0.2, validation_share=0.2, min_validation_users=20, min_judged_users=10_000)
WORLD = training_data(small_world())


@dataclass(frozen=True)
class WithoutServers(Training):
    def _groups(self, snapshot: Snapshot, verdict: Verdict) -> list[GroupQuality]:
        return []


class ChoosesOnTheTestPart(WithoutServers):
    """The blend is chosen on the last part of everything."""

    def _choose(self, snapshot: Snapshot, names: Sequence[Algorithm], before_test: Events, known: Known) -> Judged:
        return super()._choose(snapshot, names, snapshot.events, known)


def what_is_judged(kind: type[Training], events: Events) -> tuple[TrainingData, Mapping[str, Recommender]]:
    training = kind(Settings(), Steps(Console(file=io.StringIO())), SystemClock(), plan=PLAN)
    snapshot = Snapshot(WORLD.user_ids, WORLD.item_ids, events, WORLD.content)
    judged = training._judge(snapshot, NAMES, Case(None, None))
    assert judged.fitted is not None
    assert judged.blend is not None
    train = time_split(events, test_share=PLAN.test_share).train
    models = judged.fitted.with_hybrid(judged.blend)
    return snapshot.training_data(train, training.settings.weights), {name.value: one for name, one in models.items()}


@pytest.mark.parametrize(
    ("kind", "caught"), [(WithoutServers, []), (ChoosesOnTheTestPart, ["hybrid"])], ids=["as it is", "peeking"]
)
def test_neither_models_nor_blend_know_what_they_are_judged_on(kind: type[Training], caught: list[str]) -> None:
    events = world_events(small_world())
    cut = float(time_split(events, test_share=PLAN.test_share).test.at.min())
    assert peeking(partial(what_is_judged, kind), events, cut) == caught
