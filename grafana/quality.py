"""Recommendation quality: how well the models judge, what is shown, to whom, and how fresh it is."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import StackingMode
from grafana_foundation_sdk.models.units import CountsPerSecond, NoUnit, PercentUnit, Seconds, Short

from grafana import colours
from grafana.alerts import QUALITY
from grafana.colours import BAD, CALM, FAIR, GOOD
from grafana.layout import Panels, Section, choice, dashboard
from grafana.panels import Caption, bars, chart, figure, matrix
from grafana.queries import Query, growth, mean, quantile, rate
from grafana.releases import checks, feedback

HYBRID = 'algorithm="hybrid", metric="ndcg_at_10"'
AGE = "time() - max(recstack_release_created_timestamp_seconds > 0)"
COVERAGE = "recstack:shown_items_coverage:1h"
DIVERSITY = Query(mean("recstack_list_diversity"), "Diversity")
VARIED = ((0.2, FAIR), (0.4, GOOD))
"""The share of a list's pairs that are of different categories."""
OLD = ((86_400, FAIR), (2 * 86_400, BAD))
"""Seconds since the live release was trained."""


def quality() -> Dashboard:
    about = "The judge's verdict on each model; diversity, popularity and coverage of what is shown; groups; freshness."
    variables = [
        choice("metric", "Metric", "What the models are judged by.", "recstack_model_quality", only="ndcg_at_10"),
        choice("attribute", "Attribute", "By what users are grouped.", "recstack_group_quality", only="age"),
    ]
    sections = [
        Section("", [*_verdict(), *_now()]),
        Section("What the judge said", _judged()),
        Section("What is shown", [*_variety(), *_sources()]),
        Section("Is it good for everybody?", _groups()),
        Section("Is it fresh?", _freshness()),
        Section("What a training costs", _training()),
        Section("What is learned from, and refused", checks()),
        Section("What the platform learns from itself", feedback()),
    ]
    return dashboard(QUALITY, "Recommendation quality", about, sections, variables)


def _verdict() -> Panels:
    hybrid = f"max(recstack_model_quality{{{HYBRID}}})"
    popularity = hybrid.replace("hybrid", "popularity")
    return [
        figure(
            Caption(
                1,
                "Hybrid, NDCG@10",
                "Judged on each user's later events, ranking the full catalogue. Compare it with popularity's.",
                NoUnit,
            ),
            Query(hybrid, "NDCG@10"),
            decimals=3,
        ),
        figure(
            Caption(
                2,
                "Times popularity",
                "The hybrid's NDCG@10 over that of showing everybody the same popular items.",
                NoUnit,
            ),
            Query(f"{hybrid} / {popularity}", "Times popularity"),
            first=BAD,
            steps=((1, FAIR), (2, GOOD)),
            decimals=2,
            bold=True,
        ),
        figure(
            Caption(
                3,
                "Catalogue shown",
                "Share of the available items that stand in the last hour's computed lists.",
                PercentUnit,
            ),
            Query(COVERAGE, "Coverage"),
            decimals=1,
        ),
    ]


def _now() -> Panels:
    return [
        figure(
            Caption(
                4, "Variety in a list", "Mean share of a list's pairs that are of different categories.", PercentUnit
            ),
            DIVERSITY,
            first=BAD,
            steps=VARIED,
        ),
        figure(
            Caption(
                5,
                "Popularity shown",
                "Mean percentile of the shown items: near 100 %, everybody gets the bestsellers.",
                PercentUnit,
            ),
            Query(mean("recstack_list_popularity"), "Popularity"),
        ),
        figure(
            Caption(
                6,
                "Age of the release",
                "Since the live release was trained. Events since then count all the same: they are folded in.",
                Seconds,
            ),
            Query(AGE, "Age"),
            first=GOOD,
            steps=OLD,
            bold=True,
        ),
    ]


def _judged() -> Panels:
    by_metric = 'sum by (algorithm, metric) (recstack_model_quality{metric=~".+_at_10"})'
    chosen = 'max by (algorithm) (recstack_model_quality{metric="$metric"})'
    return [
        bars(
            Caption(
                11,
                "$metric by algorithm",
                "The last published training's verdict on the time split, full catalogue. Popularity is what to beat.",
                NoUnit,
            ),
            Query(f"sort_desc({chosen})", "{{algorithm}}"),
            colours=colours.ALGORITHMS,
            decimals=3,
        ),
        matrix(
            Caption(
                12,
                "Every measure",
                "Accuracy, coverage and diversity beside each other: what each algorithm pays for what.",
                NoUnit,
            ),
            Query(by_metric),
            rows="algorithm",
            columns="metric",
            width=16,
        ),
        chart(
            Caption(13, "$metric over time", "Each training judges anew; the steps are trainings.", NoUnit),
            Query(chosen, "{{algorithm}}"),
            colours=colours.ALGORITHMS,
            width=24,
        ),
    ]


def _variety() -> Panels:
    parts = ((0.1, "p10"), (0.5, "p50"), (0.9, "p90"))
    return [
        chart(
            Caption(
                21,
                "Catalogue shown in an hour",
                "Share of the available items that the last hour's computed lists held. With little traffic, little.",
                PercentUnit,
            ),
            Query(COVERAGE, "coverage"),
            colours={"coverage": "purple"},
            width=8,
        ),
        chart(
            Caption(
                22,
                "Variety of lists",
                "Share of a list's pairs that are of different categories: the least varied lists (p10) to the most.",
                PercentUnit,
            ),
            *(Query(quantile(part, "recstack_list_diversity"), name) for part, name in parts),
            colours=colours.PERCENTILES,
            top=1,
            width=8,
        ),
        chart(
            Caption(
                23,
                "Popularity of lists",
                "Mean percentile of a list's items in the catalogue: p10 are the lists that dig deepest.",
                PercentUnit,
            ),
            *(Query(quantile(part, "recstack_list_popularity"), name) for part, name in parts),
            colours=colours.PERCENTILES,
            top=1,
            width=8,
        ),
    ]


def _sources() -> Panels:
    cold = 'recstack_recommendations_total{cold_start="true"}[$__rate_interval]'
    return [
        chart(
            Caption(
                24,
                "Where recommended items come from",
                "What brought an item into its list: an algorithm, diversity, or refill where others had too few.",
                CountsPerSecond,
            ),
            Query(rate("recstack_recommended_items_total", by="source"), "{{source}}"),
            colours=colours.SOURCES,
            stacked=StackingMode.PERCENT,
        ),
        chart(
            Caption(25, "Cold starts", "Share of lists for users about whom nothing is known yet.", PercentUnit),
            Query(f"sum(rate({cold})) / {rate('recstack_recommendations_total')}", "cold starts"),
            colours={"cold starts": CALM},
            top=1,
        ),
        chart(
            Caption(
                27,
                "Items that rules moved",
                "Items of computed lists that a rule lifted, lowered or pinned.",
                CountsPerSecond,
            ),
            Query(rate("recstack_ruled_items_total", by="action"), "{{action}}"),
            colours={"boost": GOOD, "bury": BAD, "pin": CALM},
        ),
        chart(
            Caption(28, "Rules", "Rules that hold or will hold; there may be 200.", Short),
            Query("max(recstack_rules)", "rules"),
            colours={"rules": CALM},
        ),
        chart(
            Caption(
                26,
                "New items",
                "Newer than a release, and never or hardly shown since. Exploration brings each its first impressions.",
                Short,
            ),
            Query("max by (shown) (recstack_new_items)", "{{shown}} shown"),
            colours={"never shown": BAD, "hardly shown": FAIR},
            width=24,
        ),
    ]


def _groups() -> Panels:
    ratio = 'recstack_group_quality_ratio{attribute="$attribute"}'
    return [
        bars(
            Caption(
                31,
                "Hybrid's NDCG@10 by $attribute",
                "For the users of each group of which enough could be judged.",
                NoUnit,
            ),
            Query('sort_desc(recstack_group_quality{attribute="$attribute"})', "{{group}}"),
            decimals=3,
            width=12,
        ),
        bars(
            Caption(
                32,
                "Beside the mean of all, by $attribute",
                "1 is the mean of all users; a group well below it is served worse than others.",
                NoUnit,
            ),
            Query(f"sort({ratio})", "{{group}}"),
            first=BAD,
            steps=((0.9, GOOD),),
            decimals=2,
            width=12,
        ),
    ]


def _freshness() -> Panels:
    interval = "max(recstack_training_interval_seconds > 0)"
    return [
        chart(
            Caption(
                41,
                "Age of the live release",
                "Falls when a release goes live. Three intervals of the schedule are too old, if events go on.",
                Seconds,
            ),
            Query(AGE, "age"),
            Query(interval, "interval"),
            Query(f"3 * {interval}", "too old"),
            colours={"age": "purple", "interval": FAIR, "too old": BAD},
            width=8,
        ),
        chart(
            Caption(
                42,
                "Releases loaded",
                "By workers of the API; refused: damaged, or not there yet, so that the old one stays.",
                Short,
            ),
            Query("sum by (outcome) (increase(recstack_release_swaps_total[$__rate_interval]))", "{{outcome}}"),
            colours={"loaded": GOOD, "refused": BAD},
            width=8,
        ),
        bars(
            Caption(
                43,
                "Trainings in the time shown",
                "nothing_new: no event since the last. refused: the data or the models were not fit to be published.",
                Short,
            ),
            Query(growth("recstack_trainings_total", by="outcome"), "{{outcome}}"),
            colours={"published": GOOD, "nothing_new": CALM, "busy": FAIR, "refused": "orange", "failed": BAD},
            decimals=0,
        ),
    ]


def _training() -> Panels:
    return [
        chart(
            Caption(51, "Time of a training", "From start to end, whatever came of it.", Seconds),
            Query("max(recstack_training_seconds)", "training"),
            colours={"training": CALM},
            width=8,
        ),
        bars(
            Caption(52, "By step", "The last published training: snapshot, fits, judging, publishing.", Seconds),
            Query("sort_desc(max by (step) (recstack_training_step_seconds))", "{{step}}"),
        ),
        bars(
            Caption(53, "Fit by algorithm", "The last published training's fits on everything.", Seconds),
            Query("sort_desc(max by (algorithm) (recstack_algorithm_fit_seconds))", "{{algorithm}}"),
            colours=colours.ALGORITHMS,
        ),
    ]
