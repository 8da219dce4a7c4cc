"""What must hold before a release may be published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_trainer.case import Case
from model_trainer.champion import Comparison
from model_trainer.decision import Reason, Refusal
from model_trainer.exits import ReleaseRefused
from model_trainer.judging import BATCH, Verdict
from model_trainer.personal import Taste
from model_trainer.plan import Plan
from recsys.algorithms.base import Histories
from recsys.domain import Algorithm
from recsys.manifest import Manifest
from recsys.release import Release
from recsys.settings import GateSettings

MAY_BE_FLAT = frozenset({Algorithm.CONTENT_BASED})
"""A catalogue may have no text."""
LEAD = "ndcg_10_over_popularity"
"""In a manifest's snapshot: the interval of the hybrid's NDCG@10 over popularity's."""


def refuse(refusals: Sequence[Refusal]) -> None:
    """Raises `ReleaseRefused` if there are any."""
    if refusals:
        raise ReleaseRefused(*refusals)


def refusals_of(case: Case, plan: Plan, limits: GateSettings) -> list[Refusal]:
    """Why a release with such a verdict may not be published. Where too few users were asked, only what needs no
    statistics counts; where nobody, nothing.
    """
    verdict = case.verdict
    if verdict is None:
        return []
    found = [_empty_lists(verdict)]
    if is_telling(verdict, plan):
        found += [
            _worse_than_random(verdict),
            _nothing_personal(case.taste, limits),
            _worse_than_champion(verdict, case.comparison),
            _worse_than_kept(verdict, case.best),
            _lead_lost(verdict, case.manifest),
            _low_coverage(verdict, limits),
        ]
    return [refusal for refusal in found if refusal]


def _worse_than_random(verdict: Verdict) -> Refusal | None:
    difference = verdict.versus_random
    if difference.low > 0:
        return None
    sentence = f"Not published: the hybrid is no better than random lists, NDCG@10 {difference} apart."
    return Refusal(Reason.WORSE_THAN_RANDOM, sentence)


def _nothing_personal(taste: Taste | None, limits: GateSettings) -> Refusal | None:
    """What a first release is held against, and what spoils the live one's choices as much as the challenger's."""
    if taste is None or taste.is_sure or not limits.personal:
        return None
    sentence = (
        "Not published: a user's own past tells no more than a stranger's, in no model "
        f"({taste.algorithm.value} places what users came to like {taste.advantage} of the list higher): "
        "users, items or events are mixed up. Set RECSTACK_GATE_PERSONAL=false where taste is not asked for."
    )
    return Refusal(Reason.NOTHING_PERSONAL, sentence)


def _worse_than_champion(verdict: Verdict, comparison: Comparison | None) -> Refusal | None:
    """Refused is what is surely worse: 0 lies above the whole interval."""
    if comparison is None or comparison.difference.high >= 0:
        return None
    sentence = (
        f"Not published: the hybrid is worse than that of the live release {comparison.champion} on the same split, "
        f"NDCG@10 {float(verdict.ndcg.mean()):.4f} against {comparison.ndcg:.4f}, {comparison.difference} apart."
    )
    return Refusal(Reason.WORSE_THAN_CHAMPION, sentence)


def _worse_than_kept(verdict: Verdict, best: Comparison | None) -> Refusal | None:
    """Where each of several releases lost a little, the last one has lost much."""
    if best is None or best.difference.high >= 0:
        return None
    sentence = (
        f"Not published: the hybrid is worse than that of {best.champion}, which was live before, on the same split, "
        f"NDCG@10 {float(verdict.ndcg.mean()):.4f} against {best.ndcg:.4f}, {best.difference} apart."
    )
    return Refusal(Reason.WORSE_THAN_KEPT, sentence)


def _lead_lost(verdict: Verdict, champion: Manifest | None) -> Refusal | None:
    """Data whose labels went astray spoils the champion's choices as much as ours; what is left then is popularity."""
    lead = (champion.snapshot.get(LEAD) or {}).get("low") if champion else None
    if champion is None or lead is None or lead <= 1 or verdict.versus_popularity.low > 1:
        return None
    sentence = (
        f"Not published: the hybrid no longer beats popularity, NDCG@10 {verdict.versus_popularity} times as high, "
        f"as it did when {champion.version} was trained."
    )
    return Refusal(Reason.NO_BETTER_THAN_POPULARITY, sentence)


def _low_coverage(verdict: Verdict, limits: GateSettings) -> Refusal | None:
    if verdict.reach >= limits.min_coverage:
        return None
    sentence = (
        f"Not published: the hybrid's lists hold {verdict.reach:.2%} of the different items that they could, "
        f"less than the {limits.min_coverage:.2%} that are asked for."
    )
    return Refusal(Reason.LOW_COVERAGE, sentence)


def _empty_lists(verdict: Verdict) -> Refusal | None:
    if not verdict.n_empty:
        return None
    sentence = f"Not published: the hybrid's list is empty for {verdict.n_empty:,} of {verdict.n_users:,} users."
    return Refusal(Reason.EMPTY_LISTS, sentence)


def is_telling(verdict: Verdict | None, plan: Plan) -> bool:
    """Whether enough users were asked for the verdict to decide something."""
    return verdict is not None and verdict.n_users >= plan.min_judged_users


def refuse_broken_models(release: Release, *, may_be_flat: bool) -> None:
    """Raises `ReleaseRefused` for a model that does not give a finite score for each user and item, or (unless
    `may_be_flat`, for data too small to learn from) tells no item from another.

    Asked for are the first users with a history, and somebody without any.
    """
    weights = release.histories.weights
    rows = np.flatnonzero(np.diff(weights.indptr))[:BATCH].astype(np.int32)
    histories, nobody = release.histories.rows(rows), Histories.empty(1, weights.shape[1])
    for name, model in release.models.items():
        scores = np.vstack([model.score(rows, histories), model.fold_in(nobody)])
        if scores.shape != (len(rows) + 1, weights.shape[1]) or not np.isfinite(scores).all():
            raise _broken(f"Not published: {name.value} does not give a finite score for each user and item.")
        if not may_be_flat and name not in MAY_BE_FLAT and not np.ptp(scores[:-1], axis=1).any():
            raise _broken(f"Not published: {name.value} scores every item alike, for every user.")


def _broken(sentence: str) -> ReleaseRefused:
    return ReleaseRefused(Refusal(Reason.BROKEN_MODEL, sentence))
