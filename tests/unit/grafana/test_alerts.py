"""From an alert to its panel, and to the page that says what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from grafana.alerts import PLACES, alerts_of, runbook
from native.places import ROOT
from tests.unit.grafana.boards import drawn
from tests.unit.grafana.promql import selectors
from tests.unit.grafana.vocabulary import recorded, rules


def _alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def test_every_alert_has_a_place() -> None:
    assert _alerts().keys() == PLACES.keys()


@pytest.mark.parametrize("alert", PLACES)
def test_the_rule_names_the_place(alert: str) -> None:
    annotations = _alerts()[alert]["annotations"]
    place = PLACES[alert]
    assert (annotations["__dashboardUid__"], str(annotations["__panelId__"])) == (
        place.dashboard_uid,
        str(place.panel_id),
    )
    assert annotations["runbook_url"].endswith(runbook(alert))
    assert (ROOT / runbook(alert)).is_file()


@pytest.mark.parametrize("alert", PLACES)
def test_the_place_is_a_panel_that_names_the_alert(alert: str) -> None:
    place = PLACES[alert]
    (panel,) = (one for one in drawn() if (one.board["uid"], one.json["id"]) == place)
    assert f"**{alert}**" in panel.json["description"]
    assert alert in alerts_of(*place)
    read = {selector.metric for query in panel.queries for selector in selectors(query)}
    watched = {selector.metric for selector in selectors(_alerts()[alert]["expr"])}
    assert _sources(read) & _sources(watched), f"{panel} shows {read}, the alert watches {watched}"


@pytest.mark.parametrize("alert", PLACES)
def test_lines_on_the_panel_are_those_of_the_alert(alert: str) -> None:
    (panel,) = (one for one in drawn() if (one.board["uid"], one.json["id"]) == PLACES[alert])
    if panel.json["type"] == "timeseries":
        steps = panel.json["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        lines = {step["value"] for step in steps if step["value"] is not None}
        bounds = {float(number) for number in re.findall(r"[<>] (\d+(?:\.\d+)?)", _alerts()[alert]["expr"])}
        assert lines <= bounds, f"{panel} draws {lines}, the alert fires at {bounds}"


def _sources(series: set[str]) -> set[str]:
    """With what recorded series are computed from."""
    origins = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    found = set(series)
    for name in series & recorded().keys():
        found |= {selector.metric for selector in selectors(origins[name])}
    return found
