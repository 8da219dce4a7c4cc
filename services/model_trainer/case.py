"""Everything that the gate looks at, gathered while a training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from model_trainer.baselines import BASELINES
from model_trainer.champion import Comparison
from model_trainer.click_through import ClickThrough
from model_trainer.decision import Decision, Refusal
from model_trainer.judging import Verdict
from model_trainer.personal import Taste
from model_trainer.quality import Check
from recsys.domain import Algorithm
from recsys.evaluation.bootstrap import Interval
from recsys.manifest import Manifest


@dataclass
class Case:
    champion: str | None
    """What the alias points to."""
    manifest: Manifest | None
    """The champion's, where it can be read and was trained on what the database holds."""
    checks: Sequence[Check] = ()
    clicks: ClickThrough | None = None
    """Of the champion's lists."""
    verdict: Verdict | None = None
    comparison: Comparison | None = None
    best: Comparison | None = None
    """With the best release before the live one, where that is ahead."""
    taste: Taste | None = None
    p95_ms: float | None = None
    """Of computing a list from the release as it lies on disk; None before it is written."""

    def decision(self, decided_at: datetime, refusals: Sequence[Refusal] = ()) -> Decision:
        return Decision(decided_at, self.champion, tuple(refusals), self._figures())

    def _figures(self) -> dict[str, Any]:
        figures: dict[str, Any] = {
            "data": {
                check.name: {"figure": check.figure, "limit": check.limit, "outcome": check.outcome}
                for check in self.checks
            }
        }
        if clicks := self.clicks:
            figures["click_through"] = clicks.figures
        if verdict := self.verdict:
            figures["hybrid"] = dict(verdict.metrics.get(Algorithm.HYBRID, {}))
            figures["baselines"] = {name: dict(verdict.metrics[name]) for name in BASELINES if name in verdict.metrics}
            figures["segments"] = [asdict(segment) for segment in verdict.segments]
            figures |= {"judged_users": verdict.n_users, "empty_lists": verdict.n_empty, "reach": verdict.reach}
            figures["ndcg_10_over_popularity"] = bounds(verdict.versus_popularity)
            figures["ndcg_10_less_random"] = bounds(verdict.versus_random)
        if taste := self.taste:
            figures["taste"] = {"algorithm": taste.algorithm.value, **bounds(taste.advantage)}
        if self.p95_ms is not None:
            figures["p95_ms"] = self.p95_ms
        if comparison := self.comparison:
            figures["champion_ndcg_10"] = comparison.ndcg
            figures["ndcg_10_less_champion"] = bounds(comparison.difference)
        if best := self.best:
            figures["ndcg_10_less_best"] = {"release": best.champion, **bounds(best.difference)}
        return figures


def bounds(interval: Interval) -> dict[str, float | None]:
    """As JSON, which knows no infinity."""
    return {name: value if isfinite(value) else None for name, value in asdict(interval).items()}
