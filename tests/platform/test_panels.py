"""Every panel's query, run against a Prometheus that watched the platform at work."""

from __future__ import annotations

import re
import time

import pytest

from tests.platform.conftest import Watched
from tests.unit.grafana.boards import Json, Panel, boards, drawn, first_choice, values_of, variables
from tests.unit.grafana.promql import filled, selectors

WINDOW = "2m"
"""All of the traffic lies in it."""
SCRAPES = 3
PATIENCE_SECONDS = 20.0
EXPORTERS = {"pg": "postgres-exporter", "redis": "redis-exporter"}


@pytest.fixture(autouse=True, scope="module")
def _scraped(watched: Watched) -> None:
    """Everybody was asked a few times since the traffic."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while watched.prometheus.figures(f"min(count_over_time(up[{WINDOW}]))")[0] < SCRAPES:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("panel", drawn(), ids=str)
def test_a_panel_has_something_to_show(panel: Panel, watched: Watched) -> None:
    for job in _exporters(panel):
        if job in watched.absent:
            pytest.skip(f"{panel}: {watched.absent[job]}")
    settings = {**first_choice(panel.board), "__rate_interval": WINDOW, "__range": WINDOW, "__interval": "1s"}
    for query in panel.queries:
        expr = filled(query, settings)
        assert watched.prometheus.figures(expr), f"nothing to draw: {expr}"


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_variables_offer_a_choice_and_begin_with_one_of_it(board: Json, watched: Watched) -> None:
    for variable in variables(board):
        selector, label = values_of(variable)
        offered = {sample["metric"][label] for sample in watched.prometheus.query(f"count by ({label}) ({selector})")}
        assert offered
        assert variable.get("includeAll") or variable["current"]["value"] in offered


def test_marks_of_releases_can_be_read(watched: Watched) -> None:
    (expr,) = {board["annotations"]["list"][0]["target"]["expr"] for board in boards()}
    watched.prometheus.query(expr)
    assert watched.prometheus.figures(re.sub(r"\s*> 0$", "", expr)) == [0]


def test_every_target_is_up(watched: Watched) -> None:
    every = {"recommendation-api", "model-trainer", "prometheus", *EXPORTERS.values()}
    assert watched.prometheus.jobs_up() == every - watched.absent.keys()


def _exporters(panel: Panel) -> set[str]:
    read = {selector.metric.partition("_")[0] for query in panel.queries for selector in selectors(query)}
    return {EXPORTERS[name] for name in read & EXPORTERS.keys()}
