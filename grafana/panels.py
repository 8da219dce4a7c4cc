"""The kinds of panel that the dashboards are made of, each with the house's manners."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.models import common as model
from grafana_foundation_sdk.models import text as text_model
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from grafana.colours import CALM, Steps, by_name, by_steps, fixed, thresholds
from grafana.queries import DATASOURCE, Query

WIDE = 12
"""Columns, of 24, from which on a legend has room beside its curves."""


class Caption(NamedTuple):
    """What is written on a panel."""

    number: int
    """Its id on its dashboard: alerts and bookmarks hold it, so that it never changes and is never given to another."""
    title: str
    about: str
    """Stands behind the (i): what is seen, and what to think of it."""
    unit: str = "none"


Panel = TypeVar("Panel", stat.Panel, timeseries.Panel, bargauge.Panel, heatmap.Panel, table.Panel, statetimeline.Panel)


def figure(
    caption: Caption,
    query: Query,
    *,
    first: str = CALM,
    steps: Steps = (),
    words: Mapping[int, tuple[str, str]] | None = None,
    width: int = 4,
    height: int = 4,
    decimals: int | None = None,
    bold: bool = False,
    since: str | None = None,
) -> stat.Panel:
    """One number, `bold` on its colour; behind it a curve, but not with `words` or `since` a moment (`now/d`)."""
    panel = _dressed(stat.Panel(), caption, (query,), width, height, now=since is not None)
    panel = panel.thresholds(thresholds(first, steps)).color_scheme(by_steps()).no_value("-")
    panel = panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]))
    panel = panel.color_mode(model.BigValueColorMode.BACKGROUND if bold else model.BigValueColorMode.VALUE)
    plain = words is not None or since is not None
    panel = panel.graph_mode(model.BigValueGraphMode.NONE if plain else model.BigValueGraphMode.AREA)
    if words:
        panel = panel.mappings([_in_words(words)])
    if since:
        panel = panel.time_from(since)
    return panel if decimals is None else panel.decimals(decimals)


def chart(
    caption: Caption,
    *queries: Query,
    colours: Mapping[str, str] | None = None,
    steps: Steps = (),
    stacked: model.StackingMode = model.StackingMode.NONE,
    top: float | None = None,
    width: int = 12,
    height: int = 8,
) -> timeseries.Panel:
    """Curves over time from zero; `steps` are drawn as dashed lines."""
    panel = _dressed(timeseries.Panel(), caption, queries, width, height).min(0)
    panel = panel.color_scheme(by_name()).line_width(2).show_points(model.VisibilityMode.NEVER)
    panel = panel.tooltip(
        build.VizTooltipOptions().mode(model.TooltipDisplayMode.MULTI).sort(model.SortOrder.DESCENDING).hide_zeros(True)
    )
    panel = panel.legend(_legend(wide=width >= WIDE))
    if stacked is not model.StackingMode.NONE:
        panel = panel.stacking(build.StackingConfig().mode(stacked)).fill_opacity(40).line_width(1)
    else:
        panel = panel.fill_opacity(8)
    if steps:
        panel = panel.thresholds(thresholds("transparent", steps)).thresholds_style(
            build.GraphThresholdsStyleConfig().mode(model.GraphThresholdsStyleMode.DASHED)
        )
    if top is not None:
        panel = panel.max(top)
    for name, colour in (colours or {}).items():
        panel = panel.override_by_name(name, [DynamicConfigValue("color", fixed(colour).build())])
    return panel


def bars(
    caption: Caption,
    *queries: Query,
    colours: Mapping[str, str] | None = None,
    first: str = CALM,
    steps: Steps = (),
    top: float | None = None,
    width: int = 8,
    height: int = 8,
    decimals: int | None = None,
) -> bargauge.Panel:
    """One lying bar for each series, as it stands now."""
    panel = _dressed(bargauge.Panel(), caption, queries, width, height, now=True).min(0)
    panel = panel.orientation(model.VizOrientation.HORIZONTAL).display_mode(model.BarGaugeDisplayMode.GRADIENT)
    panel = panel.value_mode(model.BarGaugeValueMode.COLOR).thresholds(thresholds(first, steps))
    panel = panel.color_scheme(by_steps()).reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]))
    if top is not None:
        panel = panel.max(top)
    for name, colour in (colours or {}).items():
        panel = panel.override_by_name(name, [DynamicConfigValue("color", fixed(colour).build())])
    return panel if decimals is None else panel.decimals(decimals)


def density(
    caption: Caption,
    histogram: str,
    labels: str = "",
    *,
    width: int = 12,
    height: int = 8,
) -> heatmap.Panel:
    """Where a histogram's observations lie, moment by moment; its unit is that of the observed value."""
    where = f"{{{labels}}}" if labels else ""
    query = Query(f"sum by (le) (increase({histogram}_bucket{where}[$__rate_interval]))", "{{le}}")
    panel = _dressed(heatmap.Panel(), caption, (query,), width, height, kind="heatmap")
    scheme = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").exponent(0.5).steps(32)
    panel = panel.calculate(False).color(scheme).y_axis(heatmap.YAxisConfig().unit(caption.unit))
    panel = panel.tooltip(heatmap.HeatmapTooltip().mode(model.TooltipDisplayMode.SINGLE).y_histogram(True))
    return panel.filter_values(heatmap.FilterValueRange().le(1e-9)).cell_gap(1)


def matrix(
    caption: Caption,
    query: Query,
    *,
    rows: str,
    columns: str,
    width: int = 12,
    height: int = 8,
) -> table.Panel:
    """A table of two labels' values with the figure where they meet, shaded column by column."""
    panel = _dressed(table.Panel(), caption, (query,), width, height, now=True, kind="table")
    panel = panel.with_transformation(
        DataTransformerConfig(
            "groupingToMatrix", options={"rowField": rows, "columnField": columns, "valueField": "Value"}
        )
    )
    panel = panel.decimals(3).color_scheme(by_name()).cell_height(model.TableCellHeight.SM)
    return panel.override_by_name(f"{rows}\\{columns}", [DynamicConfigValue("displayName", rows)])


def states(
    caption: Caption,
    *queries: Query,
    words: Mapping[int, tuple[str, str]],
    width: int = 12,
    height: int = 8,
) -> statetimeline.Panel:
    """One band for each series, coloured by what its value means."""
    panel = _dressed(statetimeline.Panel(), caption, queries, width, height)
    panel = panel.mappings([_in_words(words)]).color_scheme(by_steps()).fill_opacity(80).line_width(0)
    panel = panel.show_value(model.VisibilityMode.NEVER).merge_values(True).row_height(0.85)
    return panel.legend(build.VizLegendOptions().show_legend(False))


def note(caption: Caption, content: str, *, width: int = 8, height: int = 8) -> text.Panel:
    """Markdown."""
    panel = text.Panel().id(caption.number).title(caption.title).description(caption.about).span(width).height(height)
    return panel.mode(text_model.TextMode.MARKDOWN).content(content)


def _dressed(
    panel: Panel,
    caption: Caption,
    queries: tuple[Query, ...],
    width: int,
    height: int,
    *,
    now: bool = False,
    kind: str = "",
) -> Panel:
    panel = (
        panel.id(caption.number)
        .title(caption.title)
        .description(caption.about)
        .unit(caption.unit)
        .datasource(DATASOURCE)
    )
    for ref, query in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(query.build(ref, now=now, kind=kind))
    return panel.span(width).height(height)


def _legend(*, wide: bool) -> build.VizLegendOptions:
    """A table beside the curves where there is room, else their names below."""
    legend = build.VizLegendOptions().show_legend(True).calcs(["lastNotNull", "max"] if wide else [])
    if not wide:
        return legend.display_mode(model.LegendDisplayMode.LIST).placement(model.LegendPlacement.BOTTOM)
    legend = legend.display_mode(model.LegendDisplayMode.TABLE).placement(model.LegendPlacement.RIGHT)
    return legend.sort_by("Last *").sort_desc(True)


def _in_words(words: Mapping[int, tuple[str, str]]) -> ValueMapping:
    return ValueMap({str(value): ValueMappingResult(word, colour) for value, (word, colour) in words.items()})
