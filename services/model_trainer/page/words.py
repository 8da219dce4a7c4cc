"""Figures as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

ABSENT = "\N{EN DASH}"
DECIMALS = {"average_popularity": 1, "novelty": 2, "rmse": 3, "mae": 3}
USUAL_DECIMALS = 4
LONGEST = 120
"""Characters of a setting's value."""
LARGE = 1000


def figure(value: object, decimals: int = USUAL_DECIMALS) -> str:
    """With so many decimals; counts as they are; a dash for what is missing, no number or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ABSENT
    if isinstance(value, int) or (abs(value) >= LARGE and value == int(value)):
        return f"{int(value):,}"
    return f"{value:,.{decimals}f}"


def measured(value: object, metric: str) -> str:
    """A metric's value; `metric` as in `ndcg@10`."""
    return figure(value, DECIMALS.get(metric.partition("@")[0], USUAL_DECIMALS))


def percent(value: object, decimals: int = 1) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ABSENT
    return f"{value:.{decimals}%}"


def compact(value: object) -> str:
    """A figure of any size: shares to four places, large ones without."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ABSENT
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.4g}"


def signed(value: object, decimals: int = USUAL_DECIMALS) -> str:
    shown = figure(value, decimals)
    return (
        f"+{shown}"
        if shown[0].isdigit() and float(shown.replace(",", "")) > 0
        else shown.replace("-", "\N{MINUS SIGN}")
    )


def name(word: str) -> str:
    return word.replace("_", " ")


def moment(value: datetime | float | None) -> str:
    """UTC, to the minute."""
    if value is None:
        return ABSENT
    at = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def setting(value: Any) -> str:
    """Of a configuration, shortened."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
