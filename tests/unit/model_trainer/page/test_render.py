from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from model_trainer.judging import Verdict
from model_trainer.page import Story, render
from model_trainer.page.render import MEASURES
from model_trainer.page.story import Favourite
from model_trainer.steps import Step
from recsys.evaluation.bootstrap import Interval
from recsys.manifest import Manifest

SECTIONS = ["gate", "data", "models", "variety", "segments", "groups", "blend", "changes", "time"]
VOID = {"meta", "line", "rect", "circle", "br"}


class Page(HTMLParser):
    """Tags that are opened and closed in order, and the texts between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.seen if tag == name]


def test_every_section_is_there_and_linked(story: Story) -> None:
    page = Page(render(story))
    assert [each["id"] for each in page.tags("section")] == SECTIONS
    assert [each["href"] for each in page.tags("a")] == [f"#{name}" for name in SECTIONS]


def test_it_needs_no_script_and_no_other_host(story: Story) -> None:
    html = render(story)
    page = Page(html)
    assert not {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe", "object", "form"}
    assert not any(name.startswith("on") or name == "src" for _, attributes in page.seen for name in attributes)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", html)


def test_it_draws_what_the_diversity_dial_costs(story: Story) -> None:
    page = Page(render(story))
    assert "0.5 0.0655 5.40 0.854 0.591" in page.text
    assert {"distinct categories in a list", "distance within a list"} <= set(page.texts)


def test_without_a_curve_there_is_none(story: Story) -> None:
    assert story.verdict
    page = Page(render(replace(story, verdict=replace(story.verdict, dial=()))))
    assert "distinct categories in a list" not in page.texts


def test_it_tells_what_was_measured(story: Story) -> None:
    text = Page(render(story)).text
    for expected in (
        "Release 20260301-120000-abcd",
        "accepted",
        "live until then: 20260101-000000-aaaa",
        "0.0712",
        "2.85\u00d7",
        "95 % from 2.60 to 3.12",
        "2,786 users with earlier events; 590 without were left out",
        "recent popular",
        "activity light 900 0.0500 0.0900 0.0300",
        "age 65+ 120 0.0500 70% 82%",
        "als 70.0%",
        "als: factors 64 128",
        "ease present absent",
        "hybrid's ndcg@10 0.0700 0.0712 +0.0012",
        "events 480,000 500,000 +20,000",
        "differ by +0.0010, 95 % from \u22120.0004 to +0.0025",
        "duplicates 0.02 0.1 warning",
        "Read the snapshot 3.2 3,000 users",
        "23.3 s",
    ):
        assert expected in text, expected


def test_every_measure_that_anybody_has_is_a_column(story: Story) -> None:
    text = Page(render(story)).text
    present = set(MEASURES.values()) - {"user coverage"}
    for title in present:
        assert f" {title} " in text, title
    assert "calibration user coverage RMSE" not in text
    assert "als 0.0633" in text
    assert "0.910 0.700 12.3" in text


def test_what_people_wrote_is_text(story: Story) -> None:
    evil = "<script>alert(1)</script><b onclick=x>\"'&"
    favourite = Favourite(1, evil, evil, 0.5)
    settings = {**story.settings, "als": {"factors": evil}}
    html = render(replace(story, favourites=[favourite], settings=settings, steps=[Step("x", 1.0, evil)]))
    page = Page(html)
    assert page.tags("script") == []
    assert page.tags("b") == Page(render(story)).tags("b")
    assert page.texts.count(evil) == 5  # title and category, the setting here and among the changes, the note


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_dash(story: Story, verdict: Verdict, value: float) -> None:
    rows = {name: dict.fromkeys(row, value) for name, row in verdict.metrics.items()}
    odd = Interval(value, value, value)
    lost = replace(verdict, metrics=rows, versus_popularity=odd, over_popularity=dict.fromkeys(rows, odd), segments=())
    html = render(replace(story, verdict=lost, peak_memory_mb=value, fits={"als": value}))
    text = Page(html).text
    assert "\u2013\u00d7" in text
    assert not re.search(r"\b(nan|inf|NaN|Infinity)\b", html)


def test_an_interval_without_an_end_is_drawn_to_the_end_of_the_scale(story: Story, verdict: Verdict) -> None:
    odd = {**verdict.over_popularity, "hybrid": Interval(2.0, 1.5, math.inf)}
    html = render(replace(story, verdict=replace(verdict, over_popularity=odd)))
    assert 'x2="100.0"' in html
    assert "1.50 \u2013" in Page(html).text


def test_a_refused_training_tells_its_reasons_and_leaves_out_what_it_did_not_reach(refused: Story) -> None:
    page = Page(render(refused))
    assert "A training that published nothing" in page.text
    assert "duplicates : Not published: 300 of 1,000 events (30.00%) have duplicates; 10.00% may." in page.text
    assert "nothing was live before" in page.text
    assert "duplicates 0.3 0.1 refused" in page.text
    assert page.text.count("Not judged.") == 3
    assert "NDCG@10 of the hybrid" not in page.text
    assert [each["id"] for each in page.tags("section")] == SECTIONS


def test_without_a_verdict_or_an_earlier_release_the_rest_is_told(story: Story) -> None:
    text = Page(render(replace(story, verdict=None, before=None, comparison=None, groups=(), favourites=()))).text
    assert "There is no earlier release of the same data" in text
    assert "als 70.0%" in text


def test_nothing_changed_is_said(story: Story, manifest: Manifest) -> None:
    settings = {name.value: entry.settings for name, entry in manifest.algorithms.items()}
    assert "No setting and no share is another." in Page(render(replace(story, settings=settings))).text


def test_both_themes_and_narrow_screens_are_thought_of(story: Story) -> None:
    html = render(story)
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in html
    page = Page(html)
    wide = [each for each in page.tags("div") if each.get("class") == "wide"]
    assert len(wide) == len(page.tags("table")) > 8
    assert all(each.get("viewbox") for each in page.tags("svg"))
