"""The product's models on somebody's split: settings and weights from a part of train, figures from the test file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from model_trainer.benchmark.dataset import Dataset
from model_trainer.benchmark.lead import Lead, lead
from model_trainer.benchmark.scoring import Scoring
from model_trainer.benchmark.space import Settings, tries
from model_trainer.benchmark.validation import Validation, cut, decide
from model_trainer.steps import peak_memory_mb
from recsys.algorithms.base import IndexArray, Recommender, TrainingData
from recsys.algorithms.ease import EaseConfig
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import ALGORITHMS, create
from recsys.algorithms.svd import Svd
from recsys.domain import Algorithm
from recsys.evaluation import metrics
from recsys.evaluation.blending import choose_weights, shortlist
from recsys.evaluation.judge import judge
from recsys.evaluation.splits import judged_users

HEADLINE, K = "ndcg@10", 10
VALIDATED_USERS = 2_000
"""Drawn for the choice of settings and weights."""
EASE_ITEMS = EaseConfig().max_items
COMPONENTS = (
    *(Algorithm.POPULARITY, Algorithm.USER_BASED, Algorithm.ITEM_BASED, Algorithm.ALS, Algorithm.SVD),
    *(Algorithm.EASE, Algorithm.CONTENT_BASED),
)
"""What the hybrid blends, whether or not it is shown."""
Say = Callable[[str], None]


@dataclass
class Row:
    """One algorithm's."""

    figures: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: {"tune": 0.0, "fit": 0.0, "recommend": 0.0})
    peak_memory_mb: float = 0.0
    lead: Lead | None = None
    """The hybrid's."""


@dataclass(frozen=True)
class Question:
    """The validation part: what was learned from, and what is asked."""

    data: TrainingData
    relevant: sparse.csr_array
    users: IndexArray


@dataclass
class Bench:
    dataset: Dataset
    ks: Sequence[int]
    seed: int
    say: Say
    rows: dict[Algorithm, Row] = field(default_factory=dict)

    def run(
        self, names: Sequence[Algorithm], how: Validation, budget: float
    ) -> tuple[Validation, dict[Algorithm, Row]]:
        """Choose on the validation part within `budget` seconds, fit on all of train, score the test file.

        Raises:
            DataRefused: an algorithm that this installation cannot fit, or a validation part that cannot be cut
        """
        wanted = self._fittable(names)
        chosen_how = decide(self.dataset.train, timed=self.dataset.timed) if how is Validation.AUTO else how
        self.say(f"Validation part: {chosen_how.value}")
        question = self._question(chosen_how)
        components = [name for name in wanted if name is not Algorithm.HYBRID]
        tuned = self._tune(components, question, budget)
        weights = self._blend(tuned, question) if Algorithm.HYBRID in wanted else None
        data = self.dataset.training_data(self.dataset.train)
        models = self._fit_all(components, data)
        if weights is not None:
            models[Algorithm.HYBRID] = Hybrid(HybridConfig(weights)).bind(models)
            self.rows[Algorithm.HYBRID].settings = {"weights": dict(weights)}
        shown = [name for name in wanted if name is Algorithm.POPULARITY or name in names]
        self._score({name: models[name] for name in shown}, data)
        return chosen_how, {name: self.rows[name] for name in shown}

    def _fittable(self, names: Sequence[Algorithm]) -> list[Algorithm]:
        for name in names:
            ALGORITHMS[name].ensure_fittable()
        blended = COMPONENTS if Algorithm.HYBRID in names else ()
        wanted = list(dict.fromkeys([Algorithm.POPULARITY, *names, *blended]))
        if len(self.dataset.item_ids) > EASE_ITEMS and Algorithm.EASE in wanted:
            self.say(f"ease is left out: its matrix is too large above {EASE_ITEMS:,} items")
            wanted.remove(Algorithm.EASE)
        if not any(self.dataset.texts) and Algorithm.CONTENT_BASED in wanted:
            self.say("content_based is left out: there are no texts")
            wanted.remove(Algorithm.CONTENT_BASED)
        self.rows = {name: Row() for name in wanted}
        return wanted

    def _question(self, how: Validation) -> Question | None:
        """None where the validation part asks nobody with a history."""
        split = cut(self.dataset.train, how, timed=self.dataset.timed, seed=self.seed)
        data = self.dataset.training_data(split.train)
        relevant = self.dataset.relevant(split.test)[:, : len(self.dataset.item_ids)].tocsr()
        users = judged_users(relevant)
        users = users[np.diff(data.histories.weights.indptr)[users] > 0]
        drawn = np.sort(np.random.default_rng(self.seed).permutation(users)[:VALIDATED_USERS])
        return Question(data, relevant, drawn) if len(drawn) else None

    def _tune(
        self, names: Sequence[Algorithm], question: Question | None, budget: float
    ) -> dict[Algorithm, Recommender]:
        """The best of what was tried of each, fitted before the validation part; all have equal shares of the time."""
        best: dict[Algorithm, Recommender] = {}
        if question is None:
            self.say("The validation part is empty: default settings and weights.")
            return best
        end = time.monotonic() + budget
        for place, name in enumerate(names):
            began = time.monotonic()
            until = began + max(0.0, end - began) / (len(names) - place)
            best[name], settings, value, count = _best_of(name, question, until, self.seed)
            self.rows[name].settings = dict(settings)
            self.rows[name].seconds["tune"] = time.monotonic() - began
            self.say(f"{name.value}: {HEADLINE} {value:.4f} on the validation part, best of {count}")
        return best

    def _blend(self, tuned: Mapping[Algorithm, Recommender], question: Question | None) -> Mapping[str, float]:
        began = time.monotonic()
        names = [name.value for name in self.rows if name is not Algorithm.HYBRID]
        weights: Mapping[str, float] = {name: 1 / len(names) for name in names}
        if question is not None:
            by_name = {name.value: model for name, model in tuned.items()}
            candidates = shortlist(by_name, question.data.histories, question.relevant, question.users)
            chosen = choose_weights(candidates, k=K, seed=self.seed)
            weights = chosen.weights if chosen.ndcg > 0 else weights
        self.rows[Algorithm.HYBRID].seconds["tune"] = time.monotonic() - began
        return {name: weight for name, weight in weights.items() if weight > 0}

    def _fit_all(self, names: Sequence[Algorithm], data: TrainingData) -> dict[Algorithm, Recommender]:
        models: dict[Algorithm, Recommender] = {}
        for name in names:
            began = time.monotonic()
            models[name] = create(name, self.rows[name].settings).fit(data)
            row = self.rows[name]
            row.seconds["fit"], row.settings = time.monotonic() - began, models[name].settings
            row.peak_memory_mb = peak_memory_mb()
            self.say(f"{name.value}: fitted on all of train in {row.seconds['fit']:.1f} s")
        return models

    def _score(self, models: Mapping[Algorithm, Recommender], data: TrainingData) -> None:
        relevant = self.dataset.relevant(self.dataset.test)
        scoring = Scoring(data.histories, relevant, self.ks, self.dataset.candidates)
        for name, (figures, seconds) in scoring.score(models).items():
            row = self.rows[name]
            row.figures = figures | self._rating_errors(models[name])
            row.seconds["recommend"] = seconds
            row.peak_memory_mb = max(row.peak_memory_mb, peak_memory_mb())
        if Algorithm.HYBRID in models:
            self.rows[Algorithm.HYBRID].lead = lead(scoring.ndcg, self.seed)

    def _rating_errors(self, model: Recommender) -> dict[str, float]:
        """Of explicit ratings, on the test rows within the catalogue, for a model that predicts them."""
        if not self.dataset.explicit or not isinstance(model, Svd):
            return {}
        asked = self.dataset.test.where(self.dataset.test.items < len(self.dataset.item_ids))
        if not len(asked):
            return {}
        predicted = self.dataset.in_file_scale(model.predict_ratings(asked.users, asked.items))
        return {"rmse": metrics.rmse(predicted, asked.values), "mae": metrics.mae(predicted, asked.values)}


def _best_of(name: Algorithm, question: Question, until: float, seed: int) -> tuple[Recommender, Settings, float, int]:
    """Model, settings, NDCG@10 and how many were tried; the defaults at least, whatever the time."""
    attempts = tries(name, seed)
    settings = next(attempts)
    began = time.monotonic()
    best = _attempt(name, settings, question)
    count, longest = 1, time.monotonic() - began
    for settings in attempts:
        began = time.monotonic()
        if began + longest > until:
            break
        best = max(best, _attempt(name, settings, question), key=lambda attempt: attempt[2])
        count, longest = count + 1, max(longest, time.monotonic() - began)
    return (*best, count)


def _attempt(name: Algorithm, settings: Settings, question: Question) -> tuple[Recommender, Settings, float]:
    model = create(name, settings).fit(question.data)
    judged = judge(model, question.data.histories, question.relevant, question.users, ks=(K,))
    return model, settings, judged.overall[HEADLINE]
