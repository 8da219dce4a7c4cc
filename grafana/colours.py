"""One colour for one thing on every dashboard, and the steps at which a figure turns from good to bad."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, Threshold, ThresholdsMode

GOOD, FAIR, BAD, CALM, FAINT = "green", "yellow", "red", "blue", "#8e8e8e"

ALGORITHMS: Mapping[str, str] = {
    "hybrid": "purple",
    "als": "blue",
    "svd": "super-light-blue",
    "ease": "semi-dark-blue",
    "ncf": "dark-blue",
    "item_based": "green",
    "transitions": "dark-green",
    "user_based": "super-light-green",
    "content_based": "orange",
    "popularity": FAINT,
    "recent_popular": "#757575",
    "random": "#5a5a5a",
}
SOURCES: Mapping[str, str] = {**ALGORITHMS, "diversity": "yellow", "exploration": "white", "refill": "red"}
EVENTS: Mapping[str, str] = {
    "view": "super-light-blue",
    "click": "blue",
    "like": "green",
    "dislike": "red",
    "cart": "orange",
    "purchase": "purple",
    "rating": "yellow",
    "unknown": FAINT,
}
STATUSES: Mapping[str, str] = {"2xx": GOOD, "3xx": CALM, "4xx": FAIR, "5xx": BAD}
CACHE: Mapping[str, str] = {"hit": GOOD, "miss": CALM, "bypass": FAINT, "unavailable": BAD}
PERCENTILES: Mapping[str, str] = {"p99": "red", "p95": "orange", "p90": "orange", "p50": "green", "p10": "blue"}

Steps = tuple[tuple[float, str], ...]
"""From which value on which colour; below the first step stands the colour before it."""


def thresholds(first: str, steps: Steps = ()) -> ThresholdsConfig:
    """`first` below all `steps`."""
    marks = [Threshold(None, first), *(Threshold(value, colour) for value, colour in steps)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(marks)


def fixed(colour: str) -> FieldColor:
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour)


def by_steps() -> FieldColor:
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def by_name() -> FieldColor:
    """A series keeps its colour when others come and go."""
    return FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
