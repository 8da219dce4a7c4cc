"""The live release, and what its choices would come to on today's data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from model_trainer.database import connect, reaching_postgres
from model_trainer.fitting import Fitted
from model_trainer.judging import BATCH, HEADLINE, KS, Verdict
from model_trainer.plan import Plan
from recsys.adapters.job_runs import Job, last_runs
from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.errors import ArtifactCorrupt, DataRefused, NotFound
from recsys.evaluation.bootstrap import Interval, paired_bootstrap
from recsys.evaluation.judge import judge
from recsys.evaluation.splits import relevant_items
from recsys.manifest import Manifest, read_manifest
from recsys.preferences import Events
from recsys.settings import EventWeights


@dataclass(frozen=True, slots=True)
class Comparison:
    champion: str
    ndcg: float
    """NDCG@10 of its hybrid, for the users that the challenger was judged on."""
    difference: Interval
    """The challenger's less the champion's, 95 %."""


def read_champion(releases: Path, version: str | None) -> Manifest | None:
    """What the live release says of itself; None where nothing is live, or what should be cannot be read."""
    try:
        return read_manifest(releases, version) if version else None
    except (NotFound, ArtifactCorrupt):
        return None


def loaded_since(database_url: str, moment: datetime) -> bool:
    """Whether `seed` or `import` filled the database after `moment`: then it holds another world, by intention.

    Raises:
        Unavailable: PostgreSQL is away
    """
    with reaching_postgres(), connect(database_url) as connection:
        run = last_runs(connection, succeeded=True).get(Job.DATA_GENERATOR)
    return run is not None and run.ended_at > moment


def compare(
    champion: Manifest,
    fitted: Fitted,
    data: TrainingData,
    test: Events,
    verdict: Verdict,
    *,
    weights: EventWeights,
    plan: Plan,
) -> Comparison | None:
    """Judge the champion's choices, learned from the same events, on the same test part for the same users.

    None where this installation cannot make them: an algorithm or a setting that it does not know, or libraries that it
    lacks.
    """
    try:
        hybrid = refit(champion, fitted, data)
    except (KeyError, TypeError, ValueError, ArtifactCorrupt, DataRefused):
        return None
    relevant = relevant_items(test, data.histories, weights=weights)
    ndcg = judge(hybrid, data.histories, relevant, verdict.users, ks=KS, batch=BATCH).per_user[HEADLINE]
    difference = paired_bootstrap(verdict.ndcg, ndcg, statistic="difference", seed=plan.seed)
    return Comparison(champion.version, float(ndcg.mean()), difference)


def refit(champion: Manifest, fitted: Fitted, data: TrainingData) -> Recommender:
    """The champion's hybrid with its settings and weights, fitted on `data`; what `fitted`, of the same data, has with
    the same settings is taken over.
    """
    entries = champion.algorithms
    blend = HybridConfig(**entries[Algorithm.HYBRID].settings)
    models: dict[Algorithm, Recommender] = {}
    for name in map(Algorithm, blend.components):
        known = fitted.models.get(name)
        wanted = create(name, entries[name].settings)
        models[name] = known if known and _alike(known.settings, wanted.settings) else wanted.fit(data)
    return Hybrid(blend).bind(models)


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """As they stand in a manifest, which has no tuples."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
