"""The committed dashboards: current, complete, without collisions."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from grafana.dashboards import FOLDER, rendered, stale, write
from native.places import ROOT
from tests.unit.grafana.boards import Json, Panel, boards, drawn, panels, variables

DATASOURCE = {"type": "prometheus", "uid": "recstack-prometheus"}
UIDS = {"recstack-home", "recstack-service", "recstack-engagement", "recstack-quality", "recstack-infrastructure"}


def test_what_is_committed_is_what_the_code_builds() -> None:
    assert not stale(), "run make dashboards"


def test_check_names_what_is_not_current(tmp_path: Path) -> None:
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "home.json").write_text("{}")
    (tmp_path / "service.json").unlink()
    (tmp_path / "gone.json").write_text("{}")
    assert stale(tmp_path) == ["gone.json", "home.json", "service.json"]
    write(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == rendered()


def test_the_command_says_that_all_is_current() -> None:
    command = [sys.executable, "-m", "grafana.dashboards", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_all_dashboards_are_there() -> None:
    assert {board["uid"] for board in boards()} == UIDS
    assert {path.stem for path in FOLDER.glob("*.json")} == {uid.removeprefix("recstack-") for uid in UIDS}


def test_there_is_much_to_see() -> None:
    seen = Counter(panel.board["uid"] for panel in drawn())
    assert sum(seen[uid] for uid in UIDS - {"recstack-home"}) >= 30
    assert min(seen[uid] for uid in UIDS) >= 8


@pytest.mark.parametrize("panel", panels(), ids=str)
def test_a_panel_says_what_it_is(panel: Panel) -> None:
    assert panel.json["title"]
    assert panel.json["description"].rstrip("`.").rstrip()
    assert panel.json["description"].endswith(".")


@pytest.mark.parametrize("panel", drawn(), ids=str)
def test_a_drawn_panel_has_unit_and_datasource(panel: Panel) -> None:
    assert panel.json["fieldConfig"]["defaults"]["unit"]
    assert panel.json["datasource"] == DATASOURCE
    for target in panel.json["targets"]:
        assert target["datasource"] == DATASOURCE
        assert target["legendFormat"]
    assert len({target["refId"] for target in panel.json["targets"]}) == len(panel.json["targets"])


@pytest.mark.parametrize("panel", [panel for panel in drawn() if panel.json["type"] == "stat"], ids=str)
def test_a_figure_has_steps(panel: Panel) -> None:
    steps = panel.json["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps[0]["value"] is None
    marks = [step["value"] for step in steps[1:]]
    assert marks == sorted(marks)


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_ids_are_unique(board: Json) -> None:
    assert all(count == 1 for count in Counter(panel["id"] for panel in board["panels"]).values())
    assert all(count == 1 for count in Counter(panel["title"] for panel in board["panels"]).values())


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_panels_fill_the_grid_without_overlap(board: Json) -> None:
    taken: Counter[tuple[int, int]] = Counter()
    for place in (panel["gridPos"] for panel in board["panels"]):
        assert place["x"] + place["w"] <= 24
        rows, columns = range(place["y"], place["y"] + place["h"]), range(place["x"], place["x"] + place["w"])
        taken.update(itertools.product(rows, columns))
    assert max(taken.values()) == 1
    assert len(taken) == 24 * (max(row for row, _ in taken) + 1), "a hole in the grid"


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_a_dashboard_has_its_manners(board: Json) -> None:
    assert board["tags"] == ["recstack"]
    assert board["description"]
    assert board["editable"] is False
    assert [mark["name"] for mark in board["annotations"]["list"]] == ["Releases"]
    assert [(link["type"], link["tags"]) for link in board["links"]] == [("dashboards", ["recstack"])]


def test_variables_are_used() -> None:
    for board in boards():
        text = str(board["panels"])
        for variable in variables(board):
            assert f"${variable['name']}" in text, (board["uid"], variable["name"])


def test_home_leads_to_every_dashboard() -> None:
    (home,) = (board for board in boards() if board["uid"] == "recstack-home")
    text = str(home["panels"])
    assert {uid for uid in UIDS if f"/d/{uid}" in text} == UIDS - {"recstack-home"}
