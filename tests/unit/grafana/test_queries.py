"""Panels speak only of series, labels and values that exist."""

from __future__ import annotations

import re

import pytest

from recsys.telemetry import Values
from tests.unit.grafana.boards import Panel, drawn, every_query
from tests.unit.grafana.promql import Matcher, Selector, filled, grouped, made, selectors
from tests.unit.grafana.vocabulary import FOREIGN, SCRAPED, declared, recorded, values

QUERIES = dict(every_query())
SAMPLES = (*map(str, range(100, 600)), "ndcg_at_10", "coverage_at_10")
"""Of labels whose values only a pattern describes: statuses, measures."""


@pytest.fixture(scope="module")
def known() -> dict[str, frozenset[str]]:
    return {**FOREIGN, **declared(), **recorded()}


@pytest.mark.parametrize("where", QUERIES)
def test_series_and_labels_exist(where: str, known: dict[str, frozenset[str]]) -> None:
    query = QUERIES[where]
    read = list(selectors(query))
    assert read, query
    labels = set(SCRAPED) | made(query)
    for selector in read:
        assert selector.metric in known, f"nobody tells {selector.metric}"
        own = known[selector.metric] | SCRAPED
        assert {matcher.label for matcher in selector.matchers} <= own, selector
        labels |= own
    assert grouped(query) <= labels, query


@pytest.mark.parametrize("where", QUERIES)
def test_values_exist(where: str) -> None:
    for selector in selectors(QUERIES[where]):
        for matcher in selector.matchers:
            possible = values(selector.metric, matcher.label)
            if possible is not None:
                assert _can_match(matcher, possible), selector


@pytest.mark.parametrize("panel", drawn(), ids=str)
def test_legends_name_labels_of_their_series(panel: Panel, known: dict[str, frozenset[str]]) -> None:
    for target in panel.json["targets"]:
        query = target["expr"]
        by = grouped(query)
        left = by or {label for selector in selectors(query) for label in known[selector.metric] | SCRAPED}
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= left | made(query), target


def _can_match(matcher: Matcher, possible: Values) -> bool:
    """Whether a series with a possible value can pass."""
    if isinstance(possible, re.Pattern):
        tried = {value for value in (matcher.value, *SAMPLES) if possible.fullmatch(value)}
    else:
        tried = set(possible)
    if matcher.operator == "=~":
        return matcher.value == ".*" or any(re.fullmatch(matcher.value, value) for value in tried)
    return matcher.value in tried


def test_reading_a_query() -> None:
    ratio = 'sum by (a, b) (rate(x_total{c="d}", e=~"$f"}[5m])) / on (g) y offset 5m'
    query = ratio + ' or label_replace(vector(0), "h", "n", "", "")'
    assert list(selectors(query)) == [
        Selector("x_total", (Matcher("c", "=", "d}"), Matcher("e", "=~", "$f"))),
        Selector("y", ()),
    ]
    assert grouped(query) == {"a", "b", "g"}
    assert made(query) == {"h"}
    assert filled(query, {"f": ".*"}).count('e=~".*"') == 1
