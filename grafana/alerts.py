"""Where each alert is seen: Prometheus' rules say the same in `__dashboardUid__` and `__panelId__`, which Grafana makes
a link to the panel of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Place(NamedTuple):
    dashboard_uid: str
    panel_id: int


SERVICE, ENGAGEMENT = "recstack-service", "recstack-engagement"
QUALITY, INFRASTRUCTURE = "recstack-quality", "recstack-infrastructure"

PLACES: Mapping[str, Place] = {
    "ApiDown": Place(SERVICE, 1),
    "HighErrorRate": Place(SERVICE, 13),
    "SlowAnswers": Place(SERVICE, 21),
    "CacheHitRateCollapsed": Place(SERVICE, 34),
    "EmptyAnswers": Place(SERVICE, 43),
    "SlowEvents": Place(ENGAGEMENT, 31),
    "CoverageCollapsed": Place(QUALITY, 21),
    "GroupLeftBehind": Place(QUALITY, 32),
    "StaleRelease": Place(QUALITY, 41),
    "TrainingFailed": Place(QUALITY, 43),
    "DataDrifted": Place(QUALITY, 62),
    "MissingClicks": Place(QUALITY, 71),
    "FeedbackLoop": Place(QUALITY, 72),
    "DependencyDegraded": Place(INFRASTRUCTURE, 12),
    "ErasureHangs": Place(INFRASTRUCTURE, 62),
}


def alerts_of(dashboard_uid: str, panel_id: int) -> list[str]:
    """The alerts that lead to this panel."""
    return [alert for alert, place in PLACES.items() if place == (dashboard_uid, panel_id)]


def runbook(alert: str) -> str:
    """The page in the repository that says what to do."""
    return f"docs/runbooks/{re.sub(r'(?<!^)(?=[A-Z])', '-', alert).lower()}.md"
