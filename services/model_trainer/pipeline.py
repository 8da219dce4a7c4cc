"""A whole training, from the snapshot to the live release."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from model_trainer.blend import choose_blend
from model_trainer.fitting import Fitted, algorithms_with, fit
from model_trainer.gate import is_telling, refuse_broken_models, refuse_worse_than_chance
from model_trainer.judging import Verdict, judge_models
from model_trainer.lock import training_lock
from model_trainer.plan import Plan
from model_trainer.publish import Publisher
from model_trainer.snapshot import Snapshot, read_snapshot
from model_trainer.steps import Steps
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.algorithms.base import TrainingData
from recsys.algorithms.hybrid import DEFAULT_WEIGHTS
from recsys.domain import Algorithm
from recsys.errors import Unavailable
from recsys.evaluation.splits import time_split
from recsys.ports import Clock
from recsys.preferences import Events
from recsys.release import Release, new_version
from recsys.settings import Settings


@dataclass(frozen=True)
class Trained:
    """What a training brought."""

    version: str
    verdict: Verdict | None
    weights: Mapping[str, float]
    """Of the hybrid."""
    fit_seconds: Mapping[Algorithm, float]
    """Of the last fit, on everything."""
    peak_memory_mb: float


@dataclass(frozen=True)
class Training:
    """One run of the trainer; `train` is its only entrance."""

    settings: Settings
    steps: Steps
    clock: Clock
    extra: Sequence[Algorithm] = ()
    """Beside the algorithms that every release holds."""
    plan: Plan = field(default_factory=Plan)

    def train(self) -> Trained:
        """Read, fit, judge, fit again on everything, publish.

        Raises:
            DataRefused: nothing to learn from, an algorithm that cannot be fitted, or models not fit to be published
            Conflict: another training runs
            Unavailable: PostgreSQL or MLflow is away; nothing was published
        """
        names = algorithms_with(self.extra)
        with training_lock(self.settings.database_url) as ensure_lock:
            publisher = self._reach_mlflow()
            snapshot = self._read()
            weights, verdict = self._judge(snapshot, names)
            refuse_worse_than_chance(verdict, self.plan)
            data, fitted = self._fit("Fit on everything", names, snapshot, snapshot.events)
            facts = self._facts(snapshot, data, verdict)
            version = self._write(publisher, data, fitted.with_hybrid(weights), facts, verdict)
            with self.steps.step("Register in MLflow and PostgreSQL"):
                publisher.register(*version, ensure_lock)
            with self.steps.step("Promote") as step:
                publisher.promote(version[0])
                step.note = version[0]
            self._prune(publisher)
        return Trained(version[0], verdict, weights or DEFAULT_WEIGHTS, fitted.seconds, peak_memory_mb())

    def _reach_mlflow(self) -> Publisher:
        with self.steps.step("Reach MLflow"):
            tracking = MlflowTracking(self.settings.mlflow_url)
            settings = self.settings
            publisher = Publisher(settings.releases, tracking, settings.database_url, settings.release_keep)
            publisher.clean()
            return publisher

    def _read(self) -> Snapshot:
        with self.steps.step("Read the snapshot") as step:
            snapshot = read_snapshot(self.settings.database_url)
            sizes = (len(snapshot.user_ids), len(snapshot.item_ids), len(snapshot.events))
            step.note = "{:,} users, {:,} items, {:,} events".format(*sizes)
            return snapshot

    def _fit(
        self, title: str, names: Sequence[Algorithm], snapshot: Snapshot, events: Events
    ) -> tuple[TrainingData, Fitted]:
        with self.steps.step(title) as step:
            data = snapshot.training_data(events, self.settings.weights)
            fitted = fit(names, data)
            step.note = fitted.summary()
            return data, fitted

    def _judge(
        self, snapshot: Snapshot, names: Sequence[Algorithm]
    ) -> tuple[Mapping[str, float] | None, Verdict | None]:
        """The blend's weights (None: the default ones) and the verdict (None: nobody to ask)."""
        split = time_split(snapshot.events, test_share=self.plan.test_share)
        if not len(split.train) or not len(split.test):
            return None, None
        weights = self._choose(snapshot, names, split.train)
        data, fitted = self._fit("Fit before the test part", names, snapshot, split.train)
        with self.steps.step("Judge on the test part") as step:
            models = fitted.with_hybrid(weights)
            verdict = judge_models(models, data, split.test, self.settings.weights, self.plan)
            step.note = f"{verdict.n_users:,} users" if verdict else "nobody to ask: not judged"
            return weights, verdict

    def _choose(
        self, snapshot: Snapshot, names: Sequence[Algorithm], before_test: Events
    ) -> Mapping[str, float] | None:
        split = time_split(before_test, test_share=self.plan.validation_share)
        if not len(split.train) or not len(split.test):
            return None
        data, fitted = self._fit("Fit before the validation part", names, snapshot, split.train)
        with self.steps.step("Choose the blend") as step:
            weights = choose_blend(fitted, data, split.test, self.settings.weights, self.plan)
            step.note = _blend(weights) if weights else "too few users to choose on: the default weights"
            return weights

    def _write(
        self,
        publisher: Publisher,
        data: TrainingData,
        models: Mapping[Algorithm, Any],
        facts: Mapping[str, Any],
        verdict: Verdict | None,
    ) -> tuple[str, str]:
        """Version and digest of the manifest."""
        now = self.clock.now()
        release = Release(
            version=new_version(now),
            created_at=now,
            user_ids=data.user_ids,
            item_ids=data.item_ids,
            histories=data.histories,
            models=models,
            metrics=verdict.metrics if verdict else {},
            snapshot=facts,
        )
        may_be_flat = not is_telling(verdict, self.plan)
        with self.steps.step("Write the release") as step:
            digest = publisher.write(release, lambda loaded: refuse_broken_models(loaded, may_be_flat=may_be_flat))
            folder = publisher.releases / release.version
            step.note = f"{sum(path.stat().st_size for path in folder.rglob('*')) / 1e6:,.0f} MB"
        return release.version, digest

    def _facts(self, snapshot: Snapshot, data: TrainingData, verdict: Verdict | None) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "users": len(snapshot.user_ids),
            "items": len(snapshot.item_ids),
            "events": len(snapshot.events),
            "as_of": data.as_of,
            "weights": self.settings.weights.model_dump(),
            "plan": asdict(self.plan),
        }
        if verdict:
            facts["judged_users"] = verdict.n_users
            facts["ndcg_10_over_popularity"] = asdict(verdict.versus_popularity)
        return facts

    def _prune(self, publisher: Publisher) -> None:
        """The new release is live: what cannot be tidied up now is left to the next training."""
        with self.steps.step("Prune old releases") as step:
            try:
                gone = publisher.prune()
                step.note = ", ".join(gone)
            except Unavailable as error:
                step.note = f"left to the next training: {error.detail}"


def _blend(weights: Mapping[str, float]) -> str:
    ordered = sorted(weights.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {weight:.2f}" for name, weight in ordered)


def peak_memory_mb() -> float:
    """The most that this process has held, in MB (ru_maxrss counts kB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
