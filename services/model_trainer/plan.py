"""How a training cuts its data and how many users it asks: one place for the figures that the verdict rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    test_share: float = 0.1
    """Of all events, the last ones: judged on once, by models that never saw them."""
    validation_share: float = 0.1
    """Of the events before the test, the last ones: the blend's weights are chosen on them."""
    judged_users: int = 4_000
    """At most, drawn at random: enough for intervals of a few per cent."""
    validation_users: int = 1_000
    min_validation_users: int = 50
    """Below, chosen weights would follow chance: the default ones stay."""
    min_judged_users: int = 100
    """Below, the verdict is shown but decides nothing."""
    recent_half_life_days: float = 14.0
    """Of the recent-popular baseline: an event this much older than the last one counts half."""
    budget: float = 0.0
    """Seconds for the search of settings; 0: those of the live release, else the defaults."""
    seed: int = 0
