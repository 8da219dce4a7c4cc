"""Everything that the page of a training tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from model_trainer.champion import Comparison
from model_trainer.decision import Decision
from model_trainer.groups import GroupQuality
from model_trainer.judging import Verdict
from model_trainer.quality import Check
from model_trainer.steps import Step
from recsys.manifest import Manifest

Settings = Mapping[str, Mapping[str, Any]]
"""By algorithm."""


@dataclass(frozen=True)
class Favourite:
    """An item that many lists hold."""

    item_id: int
    title: str
    category: str | None
    share: float
    """Of the users who were asked."""


@dataclass(frozen=True)
class Story:
    """A training that was refused early leaves most of it empty."""

    decision: Decision
    version: str | None = None
    """None: nothing was published."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """As in a manifest's `snapshot`."""
    checks: Sequence[Check] = ()
    verdict: Verdict | None = None
    groups: Sequence[GroupQuality] = ()
    favourites: Sequence[Favourite] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    """Of the hybrid."""
    settings: Settings = field(default_factory=dict)
    fits: Mapping[str, float] = field(default_factory=dict)
    """Seconds by algorithm."""
    steps: Sequence[Step] = ()
    peak_memory_mb: float | None = None
    before: Manifest | None = None
    """The live release's, where this one can be compared with it."""
    comparison: Comparison | None = None
