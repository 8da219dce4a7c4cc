"""A dashboard from its sections: places on the grid, links, variables, the releases as marks in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DashboardLink, QueryVariable, Row
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.alerts import alerts_of, runbook
from grafana.queries import DATASOURCE, Query

TAG = "recstack"
FIRST_ROW_ID = 901

Panels = Sequence[Builder[Panel]]


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the dashboard; without a title its panels stand on top, under no header."""

    title: str
    panels: Panels


def dashboard(
    uid: str,
    title: str,
    about: str,
    sections: Sequence[Section],
    variables: Sequence[QueryVariable] = (),
    *,
    since: str = "now-6h",
) -> Dashboard:
    """Everything but what is on it is the same on each dashboard."""
    board = Dashboard(title).uid(uid).description(about).tags([TAG]).readonly()
    board = board.time(since, "now").refresh("30s").timezone("browser").tooltip(DashboardCursorSync.CROSSHAIR)
    board = board.link(_other_dashboards()).annotation(_releases())
    for variable in variables:
        board = board.with_variable(variable)
    for number, section in enumerate(sections, FIRST_ROW_ID):
        if section.title:
            board = board.with_row(Row(section.title).id(number))
        for panel in section.panels:
            _name_alerts(uid, panel.build())
            board = board.with_panel(panel)
    return board


def choice(
    name: str, label: str, about: str, metric: str, *, among: str = "", only: str | None = None
) -> QueryVariable:
    """A drop-down of the values that label `name` of `metric` (where `among` holds) has; all of them at first, or
    `only` this one at a time.
    """
    where = f"{{{among}}}" if among else ""
    expr = f"label_values({metric}{where}, {name})"
    query: dict[str, object] = {"qryType": 1, "query": expr, "refId": "A"}
    variable = QueryVariable(name).label(label).description(about).datasource(DATASOURCE).definition(expr)
    variable = variable.query(query).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    if only is not None:
        return variable.current(VariableOption(True, only, only))
    everything = VariableOption(True, ["All"], ["$__all"])
    return variable.multi(True).include_all(True).all_value(".*").current(everything)


def _other_dashboards() -> DashboardLink:
    link = DashboardLink("RecStack").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(False)
    return link.keep_time(True).include_vars(False)


def _releases() -> AnnotationQuery:
    query = Query("max(changes(recstack_release_version[2m])) > 0", "Release").build("Anno")
    mark = AnnotationQuery().name("Releases").datasource(DATASOURCE).enable(True).icon_color("purple")
    return mark.target(query.interval("1m")).title_format("Another release went live")


def _name_alerts(uid: str, panel: Panel) -> None:
    for alert in alerts_of(uid, panel.id_val or 0):
        panel.description = f"{panel.description}\n\nAlert: **{alert}**, see `{runbook(alert)}`."
