"""The search itself: known settings first, then a sampler that learns from what was tried, until the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from model_trainer.tuning.proposals import Proposals
from model_trainer.tuning.question import Question
from model_trainer.tuning.space import Settings, space_of
from recsys.algorithms.base import Recommender
from recsys.algorithms.registry import create
from recsys.domain import Algorithm

SHARES: Mapping[Algorithm, float] = {
    Algorithm.POPULARITY: 0.5,
    Algorithm.CONTENT_BASED: 1.0,
    Algorithm.USER_BASED: 2.0,
    Algorithm.TRANSITIONS: 2.0,
    Algorithm.SVD: 1.5,
    Algorithm.EASE: 2.0,
    Algorithm.ITEM_BASED: 4.0,
    Algorithm.ALS: 5.0,
}
"""Of the time, in the order of the search: what one leaves over goes to those after it, the dearest last."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """The best that was tried of one algorithm."""

    model: Recommender
    """Fitted on the question's data."""
    settings: Settings
    """Where they may differ from the defaults."""
    value: float
    """Mean NDCG."""
    trials: int
    seconds: float


@dataclass(frozen=True)
class Search:
    """Each algorithm's settings, chosen by a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011).

    Tried are the defaults, then `known` (the settings of an earlier search), then settings that did well elsewhere,
    then what the estimator proposes. The same seed and the same number of trials give the same choice; a slower machine
    tries fewer in the same time.
    """

    question: Question
    seed: int = 0
    known: Mapping[Algorithm, Settings] = field(default_factory=dict)
    fixed: Mapping[Algorithm, Settings] = field(default_factory=dict)
    """Not searched, and not part of what is found: what a trial needs beside what it tries."""
    clock: Callable[[], float] = time.monotonic
    show: Say = field(default=lambda _: None)
    """Told after each trial how far the search is."""

    def run(self, names: Sequence[Algorithm], budget: float, say: Say) -> dict[Algorithm, Found]:
        """The best of each of `names` within `budget` seconds; at least the defaults, whatever the time."""
        end = self.clock() + budget
        known = list(SHARES)
        ordered = sorted(names, key=lambda name: known.index(name) if name in known else len(known))
        found: dict[Algorithm, Found] = {}
        for place, name in enumerate(ordered):
            now = self.clock()
            share = SHARES.get(name, 1.0) / sum(SHARES.get(other, 1.0) for other in ordered[place:])
            found[name] = best = self._best(name, now + max(0.0, end - now) * share)
            say(f"{name.value}: {best.value:.4f} on the validation part, best of {best.trials}")
        return {name: found[name] for name in names}

    def _best(self, name: Algorithm, until: float) -> Found:
        """Ends when another trial as long as the longest so far would end too late."""
        began = self.clock()
        best: tuple[Recommender, Settings, float] | None = None
        trials, longest = 0, 0.0
        proposals = Proposals(name, space_of(name, self.question), self.known.get(name), self.seed)
        for settings in proposals:
            started = self.clock()
            if best is not None and started + longest > until:
                break
            model = create(name, {**settings, **self.fixed.get(name, {})}).fit(self.question.data)
            value = self.question.value(model)
            proposals.learn(value)
            if best is None or value > best[2]:
                best = (model, settings, value)
            trials, longest = trials + 1, max(longest, self.clock() - started)
            self.show(f"{name.value}: {best[2]:.4f} after {trials} trials")
        if best is None:
            raise AssertionError("the defaults are always tried")
        return Found(*best, trials, self.clock() - began)
