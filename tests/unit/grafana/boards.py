"""The committed dashboards as Grafana reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grafana.dashboards import FOLDER
from tests.unit.grafana.promql import filled

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of one dashboard."""

    board: Json
    json: Json

    def __str__(self) -> str:
        return f"{self.board['uid']}/{self.json['id']} {self.json['title']}"

    @property
    def queries(self) -> list[str]:
        return [target["expr"] for target in self.json.get("targets", [])]


def boards() -> list[Json]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def panels() -> list[Panel]:
    """All panels but the headers of rows."""
    return [Panel(board, panel) for board in boards() for panel in board["panels"] if panel["type"] != "row"]


def drawn() -> list[Panel]:
    """The panels that ask Prometheus."""
    return [panel for panel in panels() if panel.queries]


def variables(board: Json) -> Iterator[Json]:
    yield from board.get("templating", {}).get("list", [])


def first_choice(board: Json) -> Mapping[str, str]:
    """What the variables stand for when the dashboard is opened."""
    return {
        variable["name"]: variable["allValue"] if variable.get("includeAll") else variable["current"]["value"]
        for variable in variables(board)
    }


def every_query() -> Iterator[tuple[str, str]]:
    """Where it stands, and PromQL with variables as they are at first; variables' and annotations' own too."""
    for panel in drawn():
        for query in panel.queries:
            yield str(panel), filled(query, first_choice(panel.board))
    for board in boards():
        for mark in board["annotations"]["list"]:
            yield f"{board['uid']} annotation {mark['name']}", mark["target"]["expr"]
        for variable in variables(board):
            metric, label = values_of(variable)
            yield f"{board['uid']} ${variable['name']}", f"count by ({label}) ({metric})"


def values_of(variable: Json) -> tuple[str, str]:
    """The selector and the label of `label_values(selector, label)`."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert found, variable["query"]
    return found[1], found[2]
