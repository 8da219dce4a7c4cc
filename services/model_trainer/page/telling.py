"""The story of a training, from what it left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model_trainer.case import Case
from model_trainer.decision import Decision
from model_trainer.groups import GroupQuality
from model_trainer.judging import Verdict
from model_trainer.page.story import Favourite, Story
from model_trainer.snapshot import Snapshot
from model_trainer.steps import Step, peak_memory_mb
from recsys.algorithms.hybrid import Hybrid
from recsys.domain import Algorithm
from recsys.release import Release


def of_release(
    release: Release,
    case: Case,
    decision: Decision,
    *,
    snapshot: Snapshot,
    groups: Sequence[GroupQuality],
    fits: Mapping[Algorithm, float],
    steps: Sequence[Step],
) -> Story:
    """Of a release that is about to be written."""
    hybrid = release.models[Algorithm.HYBRID]
    return Story(
        decision=decision,
        version=release.version,
        facts=release.snapshot,
        checks=case.checks,
        verdict=case.verdict,
        groups=groups,
        favourites=_favourites(case.verdict, snapshot) if case.verdict else (),
        weights=hybrid.config.weights if isinstance(hybrid, Hybrid) else {},
        settings={name.value: model.settings for name, model in release.models.items()},
        fits={name.value: seconds for name, seconds in fits.items()},
        steps=steps,
        peak_memory_mb=peak_memory_mb(),
        before=case.manifest,
        comparison=case.comparison,
    )


def of_refusal(case: Case, decision: Decision, steps: Sequence[Step]) -> Story:
    """Of a training that publishes nothing: as far as it came."""
    return Story(
        decision=decision,
        checks=case.checks,
        verdict=case.verdict,
        steps=steps,
        peak_memory_mb=peak_memory_mb(),
        before=case.manifest,
        comparison=case.comparison,
    )


def _favourites(verdict: Verdict, snapshot: Snapshot) -> list[Favourite]:
    content = snapshot.content
    return [
        Favourite(
            item_id=int(snapshot.item_ids[item]),
            title=content.titles[item],
            category=content.category_names[content.category[item]] if content.category[item] >= 0 else None,
            share=share,
        )
        for item, share in verdict.favourites
    ]
