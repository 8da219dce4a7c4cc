from __future__ import annotations

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from rich.console import Console

from native import figures

PAGE = """\
recstack_requests_total{route="/a",method="GET",status="200",algorithm=""} 90
recstack_requests_total{route="/a",method="GET",status="503",algorithm=""} 10
recstack_request_seconds_bucket{route="/a",le="0.001"} 10
recstack_request_seconds_bucket{route="/a",le="0.01"} 80
recstack_request_seconds_bucket{route="/a",le="0.1"} 80
recstack_request_seconds_bucket{route="/a",le="+Inf"} 80
recstack_request_seconds_bucket{route="/b",le="0.001"} 0
recstack_request_seconds_bucket{route="/b",le="0.01"} 10
recstack_request_seconds_bucket{route="/b",le="0.1"} 20
recstack_request_seconds_bucket{route="/b",le="+Inf"} 20
recstack_recommendations_total{algorithm="hybrid",cold_start="false"} 40
recstack_cache_total{outcome="hit"} 30
recstack_cache_total{outcome="miss"} 10
recstack_events_total{type="view",outcome="stored"} 1234
recstack_release_created_timestamp_seconds 1000
"""


def _samples(page: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(page) for sample in family.samples]


def _shown(page: str) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(figures.table(_samples(page), now=1000 + 2 * 3600))
    return capture.get()


def test_the_page_in_six_lines() -> None:
    shown = _shown(PAGE)
    for figure in ("100, 10 of them failed", "100 ms or less", "40", "75%", "1,234", "2.0 h old"):
        assert figure in shown


def test_a_server_that_was_never_asked_says_so() -> None:
    shown = _shown("")
    for figure in ("0, 0 of them failed", "nothing was asked", "none asked for", "none"):
        assert figure in shown


@pytest.mark.parametrize(("share", "bound"), [(0.05, 0.001), (0.5, 0.01), (0.9, 0.01), (0.91, 0.1)])
def test_a_quantile_is_the_bound_below_which_the_share_lies_over_all_routes(share: float, bound: float) -> None:
    assert figures.quantile(figures.of(_samples(PAGE), "recstack_request_seconds_bucket"), share) == bound


def test_a_quantile_of_nothing_is_none() -> None:
    assert math.isnan(figures.quantile([], 0.5))
