from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from model_trainer.champion import Comparison
from model_trainer.decision import Decision, Reason, Refusal
from model_trainer.groups import GroupQuality
from model_trainer.judging import Verdict
from model_trainer.page.story import Favourite, Story
from model_trainer.quality import Check
from model_trainer.steps import Step
from model_trainer.trade_off import DialQuality
from recsys.domain import Algorithm
from recsys.evaluation.bootstrap import Interval
from recsys.evaluation.segments import SegmentQuality
from recsys.manifest import AlgorithmEntry, Manifest

MEASURES = ("ndcg@10", "precision@10", "recall@10", "map@10", "mrr", "hit_rate@10", "coverage@10", "gini@10")
BEYOND = ("average_popularity@10", "diversity@10", "novelty@10", "serendipity@10", "calibration@10")


def row(ndcg: float, diversity: float, coverage: float) -> dict[str, float]:
    values = dict.fromkeys((*MEASURES, *BEYOND), 0.123)
    return values | {"ndcg@10": ndcg, "diversity@10": diversity, "coverage@10": coverage}


@pytest.fixture
def verdict() -> Verdict:
    rows = {
        "hybrid": row(0.0712, 0.61, 0.31),
        "als": row(0.0633, 0.64, 0.28) | {"rmse": 0.91, "mae": 0.7},
        "popularity": row(0.025, 0.83, 0.0012),
        "recent_popular": row(0.026, 0.84, 0.0013),
        "random": row(0.0002, 0.95, 0.98),
    }
    return Verdict(
        metrics=rows,
        n_users=2786,
        n_newcomers=590,
        versus_popularity=Interval(2.848, 2.601, 3.125),
        versus_random=Interval(0.07, 0.06, 0.08),
        segments=[
            SegmentQuality("activity", "light", 900, 0.05, 0.09, 0.03),
            SegmentQuality("item age", "new", 40, 0.0, 0.0, 0.0),
        ],
        over_popularity={name: Interval(each["ndcg@10"] / 0.025, 0.9, 3.2) for name, each in rows.items()},
        favourites=[(3, 0.4)],
        dial=[DialQuality(0.0, 0.0712, 2.5, 0.705, 0.69), DialQuality(0.5, 0.0655, 5.4, 0.854, 0.591)],
    )


@pytest.fixture
def manifest() -> Manifest:
    entries = {
        Algorithm.HYBRID: AlgorithmEntry({"weights": {"als": 0.5, "item_based": 0.5}}, {"ndcg@10": 0.07}),
        Algorithm.ALS: AlgorithmEntry({"factors": 64, "alpha": 1.0}, {}),
        Algorithm.EASE: AlgorithmEntry({"reg": 100.0}, {}),
    }
    facts = {"users": 2900, "items": 50_000, "events": 480_000}
    return Manifest("20260101-000000-aaaa", datetime(2026, 1, 1, tzinfo=UTC), facts, entries, {})


@pytest.fixture
def story(verdict: Verdict, manifest: Manifest) -> Story:
    """A release with all that a training can tell."""
    figures = {"hybrid": {"ndcg@10": 0.07}, "reach": 0.42, "ndcg_10_less_champion": {"estimate": 0.001, "low": None}}
    return Story(
        decision=Decision(datetime(2026, 3, 1, 12, tzinfo=UTC), manifest.version, (), figures),
        version="20260301-120000-abcd",
        facts={
            "users": 3000,
            "items": 50_000,
            "events": 500_000,
            "as_of": 1_772_366_400.0,
            "judged_users": 2786,
            "weights": {"view": 1.0, "like": 4.0},
            "plan": {"test_share": 0.1},
        },
        checks=[Check("events", 500_000, 0.0), Check("duplicates", 0.02, 0.1, warn_above=0.01)],
        verdict=verdict,
        groups=[
            GroupQuality("age", "65+", 120, 0.05, 0.7, 0.82),
            GroupQuality("gender", "female", 400, 0.062, 0.87, 1.02),
            GroupQuality("gender", "male", 400, 0.08, 1.12, 1.2),
        ],
        favourites=[Favourite(17, "The most <shown> & loved", "Garden", 0.4)],
        weights={"als": 0.7, "item_based": 0.3},
        settings={
            "hybrid": {"weights": {"als": 0.7, "item_based": 0.3}},
            "als": {"factors": 128, "alpha": 1.0},
            "item_based": {"neighbours": 500},
        },
        fits={"als": 12.3, "item_based": 4.5},
        steps=[Step("Read the snapshot", 3.2, "3,000 users"), Step("Fit on everything", 20.1, "als 12.3")],
        peak_memory_mb=987.6,
        before=manifest,
        comparison=Comparison(manifest.version, 0.0702, Interval(0.001, -0.0004, 0.0025)),
    )


@pytest.fixture
def refused() -> Story:
    """Of a training whose data was refused."""
    refusal = Refusal(Reason.DUPLICATES, "Not published: 300 of 1,000 events (30.00%) have duplicates; 10.00% may.")
    return Story(
        decision=Decision(datetime(2026, 3, 1, 12, tzinfo=UTC), None, (refusal,), {}),
        checks=[Check("duplicates", 0.3, 0.1, refusal), Check("drift", math.nan, math.inf)],
        steps=[Step("Read the snapshot", 3.2)],
    )
