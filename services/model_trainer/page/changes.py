"""What became different since the release that was live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from model_trainer.page.story import Story
from recsys.domain import Algorithm

LOWER_IS_BETTER = frozenset({"rmse", "mae", "gini", "calibration", "average_popularity"})
COUNTS = ("users", "items", "events", "judged_users")


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: Any
    now: Any

    @property
    def difference(self) -> float | None:
        """None where either is no number."""
        if isinstance(self.before, int | float) and isinstance(self.now, int | float):
            return self.now - self.before
        return None

    @property
    def is_better(self) -> bool | None:
        """Of a metric; None where it is the same."""
        if not self.difference:
            return None
        return (self.difference < 0) == (self.name.partition("@")[0] in LOWER_IS_BETTER)


def changed_metrics(story: Story, names: Iterable[str]) -> list[Change]:
    """The hybrid's, those of `names` that both have, each as measured at its own training."""
    if story.before is None or story.verdict is None:
        return []
    entry = story.before.algorithms.get(Algorithm.HYBRID)
    before = entry.metrics if entry else {}
    now = story.verdict.metrics.get(Algorithm.HYBRID, {})
    return [Change(name, before[name], now[name]) for name in names if name in before and name in now]


def changed_counts(story: Story) -> list[Change]:
    if story.before is None:
        return []
    before = story.before.snapshot
    return [Change(name, before.get(name), story.facts[name]) for name in COUNTS if name in story.facts]


def changed_settings(story: Story) -> list[Change]:
    """Settings and weights that differ, an algorithm that came or went as a whole."""
    if story.before is None:
        return []
    before = {name.value: entry.settings for name, entry in story.before.algorithms.items()}
    return [
        Change(name, *pair)
        for algorithm in sorted({*before, *story.settings})
        for name, pair in _pairs(algorithm, before.get(algorithm), story.settings.get(algorithm))
        if pair[0] != pair[1]
    ]


def _pairs(
    algorithm: str, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if before is None or now is None:
        yield algorithm, ("absent" if before is None else "present", "absent" if now is None else "present")
        return
    flat_before, flat_now = dict(_flat(before)), dict(_flat(now))
    for name in sorted({*flat_before, *flat_now}):
        yield f"{algorithm}: {name}", (flat_before.get(name), flat_now.get(name))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} of ")
        else:
            yield f"{prefix}{name}", list(value) if isinstance(value, tuple) else value
