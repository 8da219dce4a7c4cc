"""A whole benchmark: choose settings and weights on the validation part, fit on all of train, score the test file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from model_trainer.benchmark import rating
from model_trainer.benchmark.dataset import Dataset
from model_trainer.benchmark.lead import Lead, lead
from model_trainer.benchmark.scoring import Scoring
from model_trainer.benchmark.validation import Validation, cut, decide
from model_trainer.blend import blend_by_activity
from model_trainer.steps import peak_memory_mb
from model_trainer.tuning.question import Question
from model_trainer.tuning.search import Found, Search
from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.ease import EaseConfig
from recsys.algorithms.hybrid import Hybrid, HybridConfig
from recsys.algorithms.registry import ALGORITHMS, create
from recsys.algorithms.svd import Svd
from recsys.domain import Algorithm
from recsys.evaluation.blending import DEPTH, choose_weights, shortlist
from recsys.evaluation.splits import Split

VALIDATED_USERS = 2_000
"""Drawn for the choice of settings and weights."""
EASE_ITEMS = EaseConfig().max_items
COMPONENTS = (
    *(Algorithm.POPULARITY, Algorithm.USER_BASED, Algorithm.ITEM_BASED, Algorithm.TRANSITIONS, Algorithm.ALS),
    *(Algorithm.SVD, Algorithm.EASE, Algorithm.CONTENT_BASED),
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


@dataclass
class Bench:
    dataset: Dataset
    ks: Sequence[int]
    seed: int
    say: Say
    show: Say = field(default=lambda _: None)
    """Told what is going on now, for a line that is overwritten."""
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
        split = self._cut(chosen_how)
        question = self._asked(split)
        components = [name for name in wanted if name is not Algorithm.HYBRID]
        tuned = self._tune(components, question, budget)
        blend = self._blend(tuned, question) if Algorithm.HYBRID in wanted else None
        if Algorithm.SVD in components:
            self._choose_rating(split)
        data = self.dataset.training_data(self.dataset.train)
        models = self._fit_all(components, data)
        if blend is not None:
            models[Algorithm.HYBRID] = Hybrid(blend).bind(models)
            self.rows[Algorithm.HYBRID].settings = asdict(blend)
        shown = [name for name in wanted if name is Algorithm.POPULARITY or name in names]
        self._score({name: models[name] for name in shown}, models, data)
        return chosen_how, {name: self.rows[name] for name in shown}

    def _fittable(self, names: Sequence[Algorithm]) -> list[Algorithm]:
        for name in names:
            ALGORITHMS[name].ensure_fittable()
        blended = COMPONENTS if Algorithm.HYBRID in names else ()
        wanted = list(dict.fromkeys([Algorithm.POPULARITY, *names, *blended]))
        for name, reason in self._unfit().items():
            if name in wanted:
                self.say(f"{name.value} is left out: {reason}")
                wanted.remove(name)
        self.rows = {name: Row() for name in wanted}
        return wanted

    def _unfit(self) -> dict[Algorithm, str]:
        reasons = {}
        if len(self.dataset.item_ids) > EASE_ITEMS:
            reasons[Algorithm.EASE] = f"its matrix is too large above {EASE_ITEMS:,} items"
        if not any(self.dataset.texts):
            reasons[Algorithm.CONTENT_BASED] = "there are no texts"
        if not self.dataset.timed:
            reasons[Algorithm.TRANSITIONS] = "there are no times"
        return reasons

    def _cut(self, how: Validation) -> Split:
        n_items = len(self.dataset.item_ids)
        return cut(self.dataset.train, how, timed=self.dataset.timed, seed=self.seed, n_items=n_items)

    def question(self, how: Validation) -> Question | None:
        """What the validation part asks; None where that is nobody with a history."""
        return self._asked(self._cut(how))

    def _asked(self, split: Split) -> Question | None:
        data = self.dataset.training_data(split.train)
        relevant = self.dataset.relevant(split.test)[:, : len(self.dataset.item_ids)].tocsr()
        return Question.drawn(data, relevant, ks=self.ks, limit=VALIDATED_USERS, seed=self.seed)

    def _tune(self, names: Sequence[Algorithm], question: Question | None, budget: float) -> dict[Algorithm, Found]:
        """The best of what was tried of each, fitted before the validation part."""
        if question is None:
            self.say("The validation part is empty: default settings and weights.")
            return {}
        only_ranking = {Algorithm.SVD: {"variant": "truncated"}}
        tuned = Search(question, self.seed, fixed=only_ranking, show=self.show).run(names, budget, self.say)
        for name, found in tuned.items():
            self.rows[name].settings = dict(found.settings)
            self.rows[name].seconds["tune"] = found.seconds
        return tuned

    def _choose_rating(self, split: Split) -> None:
        """Of explicit ratings; of others nothing is predicted, and svd only ranks."""
        row = self.rows[Algorithm.SVD]
        if not self.dataset.explicit:
            row.settings["variant"] = "truncated"
            return
        began = time.monotonic()
        if chosen := rating.choose(self.dataset, split, self.seed):
            settings, error = chosen
            row.settings |= settings
            self.say(f"svd: ratings are {error:.4f} off on the validation part, best of {len(rating.TRIES)}")
        row.seconds["tune"] += time.monotonic() - began

    def _blend(self, tuned: Mapping[Algorithm, Found], question: Question | None) -> HybridConfig:
        began = time.monotonic()
        names = [name.value for name in self.rows if name is not Algorithm.HYBRID]
        blend = None
        if question is not None:
            by_name = {name.value: found.model for name, found in tuned.items()}
            histories, ks = question.data.histories, tuple(self.ks)
            depth = max(DEPTH, *ks)
            candidates = shortlist(by_name, histories, question.relevant, question.users, depth=depth)
            chosen = choose_weights(candidates, k=ks, seed=self.seed)
            touched = np.diff(histories.weights.indptr)[question.users]
            blend = blend_by_activity(candidates, touched, chosen, k=ks, seed=self.seed)
            self.say(f"hybrid: {chosen.ndcg:.4f} on the validation part")
        self.rows[Algorithm.HYBRID].seconds["tune"] = time.monotonic() - began
        return blend or HybridConfig({name: 1 / len(names) for name in names})

    def _fit_all(self, names: Sequence[Algorithm], data: TrainingData) -> dict[Algorithm, Recommender]:
        models: dict[Algorithm, Recommender] = {}
        for name in names:
            began = time.monotonic()
            self.show(f"fitting {name.value} on all of train")
            models[name] = create(name, self.rows[name].settings).fit(data)
            row = self.rows[name]
            row.seconds["fit"], row.settings = time.monotonic() - began, models[name].settings
            row.peak_memory_mb = peak_memory_mb()
            self.say(f"{name.value}: fitted on all of train in {row.seconds['fit']:.1f} s")
        return models

    def _score(
        self, models: Mapping[Algorithm, Recommender], fitted: Mapping[Algorithm, Recommender], data: TrainingData
    ) -> None:
        self.show("ranking for the test part's users")
        relevant = self.dataset.relevant(self.dataset.test)
        scoring = Scoring(data.histories, relevant, self.ks, self.dataset.candidates)
        for name, (figures, seconds) in scoring.score(models).items():
            row = self.rows[name]
            row.figures = figures
            row.seconds["recommend"] = seconds
            row.peak_memory_mb = max(row.peak_memory_mb, peak_memory_mb())
        svd = fitted.get(Algorithm.SVD)
        if self.dataset.explicit and isinstance(svd, Svd):
            for name in {Algorithm.SVD, Algorithm.HYBRID} & models.keys():  # the hybrid's ratings are svd's
                self.rows[name].figures |= rating.errors(self.dataset, svd)
        if Algorithm.HYBRID in models:
            self.rows[Algorithm.HYBRID].lead = lead(scoring.ndcg, self.seed)
