"""What the gate decides of a release, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a release is refused: the metric's label, so few and fixed."""

    WORSE_THAN_RANDOM = "worse_than_random"
    WORSE_THAN_CHAMPION = "worse_than_champion"
    WORSE_THAN_KEPT = "worse_than_kept"
    NO_BETTER_THAN_POPULARITY = "no_better_than_popularity"
    NOTHING_PERSONAL = "nothing_personal"
    LOW_COVERAGE = "low_coverage"
    EMPTY_LISTS = "empty_lists"
    SLOW_ANSWERS = "slow_answers"
    BROKEN_MODEL = "broken_model"
    VOLUME = "volume"
    IMPOSSIBLE_VALUES = "impossible_values"
    FUTURE_TIMES = "future_times"
    FUTURE_SEEN = "future_seen"
    DUPLICATES = "duplicates"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: Reason
    sentence: str
    """For whoever reads the terminal, with the figures."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Accepted without refusals."""

    decided_at: datetime
    champion: str | None
    """What was live when it was decided."""
    refusals: Sequence[Refusal] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What it rests on; plain values."""

    @property
    def outcome(self) -> str:
        return "refused" if self.refusals else "accepted"

    @property
    def reasons(self) -> list[dict[str, str]]:
        return [{"reason": each.reason.value, "sentence": each.sentence} for each in self.refusals]

    @property
    def tags(self) -> dict[str, str]:
        """For MLflow."""
        reasons = {f"gate.reason.{each.reason.value}": each.sentence for each in self.refusals}
        return {"gate.outcome": self.outcome, "gate.champion": self.champion or "none", **reasons}
