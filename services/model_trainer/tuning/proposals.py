"""What to try next of one algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.trial import Trial

from model_trainer.tuning.space import STARTS, Settings, Space
from recsys.algorithms.registry import ALGORITHMS
from recsys.domain import Algorithm

MAX_TRIALS = 60
"""More gain little, and the time is better spent on other algorithms."""


class Proposals:
    """Settings to try, one after the other: each is answered by `learn` before the next is asked for."""

    def __init__(self, name: Algorithm, space: Space, known: Settings | None, seed: int) -> None:
        self.space = space
        self.study = _study(seed)
        self.trial: Trial | None = None
        defaults = _within(space, asdict(ALGORITHMS[name].config_class()))
        for settings in ({}, known or {}, *STARTS.get(name, ())):
            self.study.enqueue_trial({**defaults, **_within(space, settings)}, skip_if_exists=True)

    def __iter__(self) -> Iterator[Settings]:
        for _ in range(min(MAX_TRIALS, _combinations(self.space))):
            self.trial = self.study.ask(dict(self.space))
            yield dict(self.trial.params)

    def learn(self, value: float) -> None:
        """How good the last proposal was."""
        if self.trial is None:
            raise ValueError("nothing was proposed yet")
        self.study.tell(self.trial, value)


def _study(seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(direction="maximize", sampler=TPESampler(seed=seed, multivariate=True))


def _within(space: Space, settings: Settings) -> dict[str, Any]:
    """Those of `settings` that lie in the space."""
    return {name: value for name, value in settings.items() if name in space and _holds(space[name], value)}


def _holds(values: BaseDistribution, value: Any) -> bool:
    if isinstance(values, CategoricalDistribution):
        return value in values.choices
    return isinstance(values, (FloatDistribution, IntDistribution)) and values.low <= value <= values.high


def _combinations(space: Space) -> int:
    """How many different settings there are, as far as that can be counted."""
    count = 1
    for values in space.values():
        if not isinstance(values, CategoricalDistribution):
            return MAX_TRIALS
        count *= len(values.choices)
    return count
