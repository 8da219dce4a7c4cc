"""A whole training, from the snapshot to the live release."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from model_trainer.blend import choose_blend
from model_trainer.case import Case, bounds
from model_trainer.champion import Comparison, compare, loaded_since, read_champion
from model_trainer.decision import Decision
from model_trainer.drift import DISTRIBUTIONS, check_drift, distributions
from model_trainer.exits import ReleaseRefused
from model_trainer.feedback import read_feedback
from model_trainer.fitting import Fitted, algorithms_with, fit
from model_trainer.forgetting import Forgetting
from model_trainer.gate import LEAD, is_telling, refusals_of, refuse, refuse_broken_models
from model_trainer.groups import GroupQuality, group_quality, read_groups
from model_trainer.indexing import index_release
from model_trainer.judging import K, Verdict, judge_models, questions
from model_trainer.lineage import best_kept
from model_trainer.lock import training_lock
from model_trainer.pace import answer_milliseconds, refuse_slow
from model_trainer.page import render, telling
from model_trainer.personal import find_taste
from model_trainer.plan import Plan
from model_trainer.publish import Publisher
from model_trainer.quality import check_data
from model_trainer.records import accepted_steps
from model_trainer.snapshot import Snapshot, read_snapshot
from model_trainer.steps import Steps, peak_memory_mb
from model_trainer.tuning.question import Question
from model_trainer.tuning.search import Search
from model_trainer.tuning.space import SPACES
from model_trainer.tuning.warm_start import known_settings
from recsys.adapters.mlflow_tracking import MlflowTracking
from recsys.algorithms.base import IndexArray, Recommender, TrainingData
from recsys.algorithms.hybrid import HybridConfig
from recsys.algorithms.popularity import Popularity
from recsys.catalogue_copy import CatalogueCopy, Offers
from recsys.content_vectors import directions_of
from recsys.demographics import DemographicPrior, Groups
from recsys.domain import Algorithm
from recsys.errors import Unavailable
from recsys.evaluation.splits import Split, relevant_items, time_split
from recsys.manifest import Manifest
from recsys.ports import Clock
from recsys.preferences import Events
from recsys.pseudonyms import Pseudonyms
from recsys.release import Release, list_releases, new_version
from recsys.settings import Settings

Known = Mapping[Algorithm, Mapping[str, Any]]


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
    groups: Sequence[GroupQuality] = ()
    """How the hybrid served each demographic group."""


@dataclass(frozen=True)
class Judged:
    """What the parts before the last fit taught."""

    verdict: Verdict | None = None
    """None: nobody to ask."""
    blend: HybridConfig | None = None
    """None: the hybrid's default one."""
    fitted: Fitted | None = None
    """The fit that was judged."""
    chosen: Known = field(default_factory=dict)
    """Settings that are not the defaults."""
    groups: Sequence[GroupQuality] = ()


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
            DataRefused: nothing to learn from, or an algorithm that cannot be fitted
            ReleaseRefused: not fit to be published; that is recorded
            Conflict: another training runs
            Unavailable: PostgreSQL or MLflow is away; nothing was published
        """
        names = algorithms_with(self.extra)
        with training_lock(self.settings.database_url) as ensure_lock:
            publisher = self._reach_mlflow()
            self._forget(publisher)
            case = Case(*publisher.champion())
            try:
                return self._train(publisher, case, names, ensure_lock)
            except ReleaseRefused as refused:
                self._record(publisher, case, case.decision(self.clock.now(), refused.refusals))
                raise

    def _record(self, publisher: Publisher, case: Case, decision: Decision) -> None:
        report = render(telling.of_refusal(case, decision, self.steps.done))
        with self.steps.step("Record the refusal") as step:
            try:
                publisher.record_refusal(decision, report)
            except Unavailable as error:
                step.note = error.detail

    def _train(
        self, publisher: Publisher, case: Case, names: Sequence[Algorithm], ensure_lock: Callable[[], None]
    ) -> Trained:
        snapshot = self._read()
        if case.manifest and loaded_since(self.settings.database_url, case.manifest.created_at):
            case.manifest = None
        self._check(snapshot, case)
        judged = self._judge(snapshot, names, case)
        data, fitted = self._fit("Fit on everything", names, snapshot, snapshot.events, judged)
        release = self._reported(self._release(snapshot, data, fitted, judged), case, snapshot, judged, fitted)
        self._publish(publisher, release, case, ensure_lock)
        weights = (judged.blend or HybridConfig()).weights
        return Trained(release.version, judged.verdict, weights, fitted.seconds, peak_memory_mb(), judged.groups)

    def _reach_mlflow(self) -> Publisher:
        with self.steps.step("Reach MLflow"):
            tracking = MlflowTracking(self.settings.mlflow_url)
            settings = self.settings
            publisher = Publisher(settings.releases, tracking, settings.database_url, settings.release_keep)
            publisher.clean()
            return publisher

    def _forget(self, publisher: Publisher) -> None:
        with self.steps.step("Forget erased users") as step:
            pseudonyms = Pseudonyms.of(self.settings)
            forgetting = Forgetting(publisher.releases, publisher.tracking, publisher.database_url, pseudonyms)
            step.note = forgetting.run()

    def _read(self) -> Snapshot:
        with self.steps.step("Read the snapshot") as step:
            snapshot = read_snapshot(self.settings.database_url)
            sizes = (len(snapshot.user_ids), len(snapshot.item_ids), len(snapshot.events))
            step.note = "{:,} users, {:,} items, {:,} events".format(*sizes)
            return snapshot

    def _check(self, snapshot: Snapshot, case: Case) -> None:
        with self.steps.step("Check the data") as step:
            before = case.manifest.snapshot if case.manifest else None
            feedback = read_feedback(self.settings.database_url, case.manifest)
            limits = self.settings.gate
            case.checks = [
                *check_data(snapshot, self.clock.now(), limits, before),
                *check_drift(snapshot, limits, before),
                *feedback.checks(limits),
            ]
            case.clicks = feedback.clicks
            step.note = ", ".join(map(str, case.checks))
        refuse([check.refusal for check in case.checks if check.refusal])

    def _fit(
        self, title: str, names: Sequence[Algorithm], snapshot: Snapshot, events: Events, before: Judged
    ) -> tuple[TrainingData, Fitted]:
        with self.steps.step(title) as step:
            data = snapshot.training_data(events, self.settings.weights)
            fitted = fit(names, data, before.fitted, before.chosen)
            step.note = fitted.summary()
            return data, fitted

    def _judge(self, snapshot: Snapshot, names: Sequence[Algorithm], case: Case) -> Judged:
        split = time_split(snapshot.events, test_share=self.plan.test_share)
        known = known_settings(case.manifest, names)
        if not len(split.train) or not len(split.test):
            return Judged(chosen=known)
        chosen = self._choose(snapshot, names, split.train, known)
        data, fitted = self._fit("Fit before the test part", names, snapshot, split.train, chosen)
        with self.steps.step("Judge on the test part") as step:
            models = fitted.with_hybrid(chosen.blend)
            verdict = judge_models(models, data, split.test, self.settings.weights, self.plan)
            step.note = f"{verdict.n_users:,} users" if verdict else "nobody to ask: not judged"
        case.verdict = verdict
        if is_telling(verdict, self.plan):
            self._look_for_taste(case, models, data, split.test)
        self._compare(case, verdict, fitted, data, split.test)
        groups = self._groups(snapshot, verdict) if verdict else ()
        return replace(chosen, verdict=verdict, fitted=fitted, groups=groups)

    def _look_for_taste(
        self, case: Case, models: Mapping[Algorithm, Recommender], data: TrainingData, test: Events
    ) -> None:
        with self.steps.step("Look for taste") as step:
            asked = questions(test, data, self.settings.weights, limit=self.plan.judged_users, seed=self.plan.seed)
            case.taste = find_taste(models, data, asked, seed=self.plan.seed)
            if found := case.taste:
                step.note = f"{found.algorithm.value}: the own past places {found.advantage} of the list higher"

    def _compare(self, case: Case, verdict: Verdict | None, fitted: Fitted, data: TrainingData, test: Events) -> None:
        """Raises `ReleaseRefused`."""
        if verdict and case.manifest:

            def against(release: Manifest) -> Comparison | None:
                weights, plan = self.settings.weights, self.plan
                return compare(release, fitted, data, test, verdict, weights=weights, plan=plan)

            with self.steps.step("Compare with the live release") as step:
                case.comparison = against(case.manifest)
                step.note = _apart(case.comparison)
                if best := self._best_before(case):
                    case.best = against(best)
                    step.note += f", {best.version} {_apart(case.best)}"
        refuse(refusals_of(case, self.plan, self.settings.gate))

    def _best_before(self, case: Case) -> Manifest | None:
        """Of the kept release that was ahead of the live one by more than a little."""
        if case.comparison is None:
            return None
        folder = self.settings.releases
        steps, kept = accepted_steps(self.settings.database_url), list_releases(folder)
        version = best_kept(case.comparison.champion, steps, kept, case.comparison.ndcg)
        return read_champion(folder, version)

    def _groups(self, snapshot: Snapshot, verdict: Verdict) -> list[GroupQuality]:
        return group_quality(verdict.ndcg, self._groups_of(snapshot, verdict.users), seed=self.plan.seed)

    def _groups_of(self, snapshot: Snapshot, users: IndexArray) -> Groups:
        return read_groups(self.settings.database_url, snapshot.user_ids[users].tolist())

    def _choose(self, snapshot: Snapshot, names: Sequence[Algorithm], before_test: Events, known: Known) -> Judged:
        split = time_split(before_test, test_share=self.plan.validation_share)
        if not len(split.train) or not len(split.test):
            return Judged(chosen=known)
        chosen = self._search(snapshot, names, split, known) if self.plan.budget else known
        title = "Fit before the validation part"
        data, fitted = self._fit(title, names, snapshot, split.train, Judged(chosen=chosen))
        with self.steps.step("Choose the blend") as step:
            groups_of = partial(self._groups_of, snapshot) if self.settings.reweight_groups else None
            blend = choose_blend(fitted, data, split.test, self.settings.weights, self.plan, groups_of=groups_of)
            step.note = _told(blend) if blend else "too few users to choose on: the default weights"
            return Judged(None, blend, fitted, chosen)

    def _search(self, snapshot: Snapshot, names: Sequence[Algorithm], split: Split, known: Known) -> Known:
        """The known settings of what is not searched, or where too few users could tell the better ones."""
        with self.steps.step("Search for settings") as step:
            data = snapshot.training_data(split.train, self.settings.weights)
            relevant = relevant_items(split.test, data.histories, weights=self.settings.weights)
            limit, seed = self.plan.validation_users, self.plan.seed
            question = Question.drawn(data, relevant, ks=(K,), limit=limit, seed=seed)
            if question is None or len(question.users) < self.plan.min_validation_users:
                step.note = "too few users to choose on"
                return known
            searched = [name for name in names if name in SPACES]
            search = Search(question, seed, known=known, fixed={Algorithm.SVD: {"variant": "truncated"}})
            found = search.run(searched, self.plan.budget, self.steps.say)
            step.note = f"{sum(best.trials for best in found.values())} trials"
            return {**known, **{name: {**known.get(name, {}), **best.settings} for name, best in found.items()}}

    def _release(self, snapshot: Snapshot, data: TrainingData, fitted: Fitted, judged: Judged) -> Release:
        now = self.clock.now()
        models = fitted.with_hybrid(judged.blend)
        return Release(
            version=new_version(now),
            created_at=now,
            user_ids=data.user_ids,
            item_ids=data.item_ids,
            histories=data.histories,
            models=models,
            content_directions=directions_of(models),
            metrics=judged.verdict.metrics if judged.verdict else {},
            snapshot=self._facts(snapshot, data, judged.verdict),
            catalogue=CatalogueCopy.of(data.content, snapshot.offers or Offers.unbounded(len(data.item_ids))),
            demographics=_prior(snapshot, data, models[Algorithm.POPULARITY]),
        )

    def _reported(self, release: Release, case: Case, snapshot: Snapshot, judged: Judged, fitted: Fitted) -> Release:
        """The release with its page, which tells what is known before it is written."""
        story = telling.of_release(
            release,
            case,
            case.decision(release.created_at),
            snapshot=snapshot,
            groups=judged.groups,
            fits=fitted.seconds,
            steps=self.steps.done,
        )
        return replace(release, report=render(story))

    def _facts(self, snapshot: Snapshot, data: TrainingData, verdict: Verdict | None) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "users": len(snapshot.user_ids),
            "items": len(snapshot.item_ids),
            "events": len(snapshot.events),
            "as_of": data.as_of,
            "weights": self.settings.weights.model_dump(),
            "plan": asdict(self.plan),
            DISTRIBUTIONS: distributions(snapshot),
        }
        if verdict:
            facts["judged_users"] = verdict.n_users
            facts[LEAD] = bounds(verdict.versus_popularity)
        return facts

    def _examine(self, loaded: Release, case: Case) -> None:
        """Raises `ReleaseRefused`."""
        refuse_broken_models(loaded, may_be_flat=not is_telling(case.verdict, self.plan))
        times = answer_milliseconds(loaded, seed=self.plan.seed)
        if len(times):
            case.p95_ms = float(np.quantile(times, 0.95))
            refuse(refuse_slow(case.p95_ms, self.settings.gate.max_answer_ms))

    def _publish(self, publisher: Publisher, release: Release, case: Case, ensure_lock: Callable[[], None]) -> None:
        with self.steps.step("Write the release") as step:
            digest = publisher.write(release, lambda loaded: self._examine(loaded, case))
            step.note = f"{publisher.size_mb(release.version):,.0f} MB, p95 of an answer {case.p95_ms or 0:.1f} ms"
        with self.steps.step("Register in MLflow and PostgreSQL"):
            publisher.register(release.version, digest, case.decision(self.clock.now()), ensure_lock)
        with self.steps.step("Make it live") as step:
            publisher.promote(release.version)
            step.note = release.version
        if self.settings.elasticsearch_url:
            with self.steps.step("Index the catalogue") as step:
                step.note = index_release(self.settings, self.clock, release)
        with self.steps.step("Prune old releases") as step:
            try:
                step.note = ", ".join(publisher.prune())
            except Unavailable as error:
                step.note = f"left to the next training: {error.detail}"


def _prior(snapshot: Snapshot, data: TrainingData, popularity: Recommender) -> DemographicPrior | None:
    if not snapshot.groups or not isinstance(popularity, Popularity):
        return None
    content = data.content
    known = content.category, content.category_names
    return DemographicPrior.fit(data.histories, *known, snapshot.groups, popularity.scores)


def _apart(comparison: Comparison | None) -> str:
    if comparison is None:
        return "its choices are unknown here: not compared"
    return f"NDCG@10 {comparison.difference} apart"


def _told(blend: HybridConfig) -> str:
    ordered = sorted(blend.weights.items(), key=lambda pair: -pair[1])
    others = f", and {len(blend.up_to)} others for users who touched less" if blend.up_to else ""
    return ", ".join(f"{name} {weight:.2f}" for name, weight in ordered) + others
