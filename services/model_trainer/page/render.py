"""From the story to one file that needs nothing beside it: no script, no other host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model_trainer.baselines import BASELINES
from model_trainer.groups import BEHIND
from model_trainer.judging import HEADLINE, K, Verdict
from model_trainer.page import words
from model_trainer.page.changes import changed_counts, changed_metrics, changed_settings
from model_trainer.page.plots import Scatter, scatter, whiskers
from model_trainer.page.story import Story
from recsys.domain import Algorithm

TEMPLATE = "page.html.j2"
MEASURES = {
    f"ndcg@{K}": "NDCG",
    f"precision@{K}": "precision",
    f"recall@{K}": "recall",
    f"map@{K}": "MAP",
    "mrr": "MRR",
    f"hit_rate@{K}": "hit rate",
    f"coverage@{K}": "coverage",
    f"gini@{K}": "Gini",
    f"average_popularity@{K}": "average popularity",
    f"diversity@{K}": "diversity",
    f"novelty@{K}": "novelty",
    f"serendipity@{K}": "serendipity",
    f"calibration@{K}": "calibration",
    f"user_coverage@{K}": "user coverage",
    "rmse": "RMSE",
    "mae": "MAE",
}
TRADES = {
    f"diversity@{K}": "diversity within a list",
    f"coverage@{K}": "share of the catalogue shown",
}
"""What accuracy is paid with, or not."""
TOLD_APART = frozenset({"data", "hybrid", "baselines", "segments"})
"""Figures of the decision that have a section of their own."""


def render(story: Story) -> str:
    """The page as HTML."""
    verdict = story.verdict
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            story=story,
            k=K,
            behind=BEHIND,
            hybrid=verdict.metrics.get(Algorithm.HYBRID, {}) if verdict else {},
            order=_best_first(verdict) if verdict else [],
            measures=_measures(verdict) if verdict else {},
            baselines=(*BASELINES, Algorithm.POPULARITY.value),
            intervals=verdict.over_popularity if verdict else {},
            whiskers=whiskers(verdict.over_popularity if verdict else {}),
            trades=_trades(verdict) if verdict else [],
            curves=_curves(verdict) if verdict else [],
            figures=list(_flat(story.decision.figures)),
            metrics=changed_metrics(story, MEASURES),
            counts=changed_counts(story),
            settings=changed_settings(story),
            seconds=sum(step.seconds for step in story.steps),
            slowest=max((step.seconds for step in story.steps), default=0.0) or 1.0,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (words.figure, words.measured, words.percent, words.compact, words.signed, words.name):
        environment.filters[filter_.__name__] = filter_
    environment.filters |= {"moment": words.moment, "setting": words.setting}
    return environment


def _best_first(verdict: Verdict) -> Sequence[str]:
    return sorted(verdict.metrics, key=lambda name: -verdict.metrics[name].get(HEADLINE, 0.0))


def _measures(verdict: Verdict) -> Mapping[str, str]:
    """Those that anybody has."""
    return {name: title for name, title in MEASURES.items() if any(name in row for row in verdict.metrics.values())}


def _trades(verdict: Verdict) -> list[tuple[str, Scatter]]:
    drawn = {
        title: scatter(
            {
                name: (row[HEADLINE], row[metric])
                for name, row in verdict.metrics.items()
                if {HEADLINE, metric} <= {*row}
            }
        )
        for metric, title in TRADES.items()
    }
    return [(title, plot) for title, plot in drawn.items() if plot]


def _curves(verdict: Verdict) -> list[tuple[str, Scatter]]:
    """What the diversity dial brings against the accuracy that it costs; points bear its settings."""
    drawn = {
        "distinct categories in a list": scatter(
            {f"{one.diversity:g}": (one.ndcg, one.categories) for one in verdict.dial}
        ),
        "distance within a list": scatter({f"{one.diversity:g}": (one.ndcg, one.distance) for one in verdict.dial}),
    }
    return [(title, plot) for title, plot in drawn.items() if plot]


def _flat(figures: Mapping[str, Any], prefix: str = "") -> Sequence[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in figures.items():
        if prefix or name not in TOLD_APART:
            title = f"{prefix}{words.name(name)}"
            found += _flat(value, f"{title}: ") if isinstance(value, Mapping) else [(title, value)]
    return found
