"""Engagement: what people do with what they are shown, and how soon it counts."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import StackingMode
from grafana_foundation_sdk.models.units import EventsPerSecond, PercentUnit, Seconds, Short

from grafana import colours
from grafana.alerts import ENGAGEMENT
from grafana.colours import BAD, CALM, FAIR, GOOD
from grafana.layout import Panels, Section, choice, dashboard
from grafana.panels import Caption, bars, chart, density, figure
from grafana.queries import Query, growth, quantile, rate

CHOSEN = 'algorithm=~"$algorithm"'
MONEY = "currency:¤"
"""Prices are in the catalogue's own currency, whatever it is."""
WANTED = ((0.02, GOOD),)
"""Clicks for each list."""
LAG = "recstack_event_to_effect_seconds"


def engagement() -> Dashboard:
    about = (
        "Clicks, purchases and revenue that lists brought; all events, and the time until they change the next list."
    )
    algorithm = choice(
        "algorithm", "Algorithm", "Narrows what is attributed to lists.", "recstack_recommendations_total"
    )
    sections = [
        Section("", [*_brought(), *_told()]),
        Section("Are recommendations wanted?", _wanted()),
        Section("What people do", _behaviour()),
        Section("Guests", _guests()),
        Section("From event to effect", _effect()),
    ]
    return dashboard(ENGAGEMENT, "Engagement", about, sections, [algorithm])


def per_list(event: str) -> str:
    """Attributed events of a type in an hour for each list answered in it, all algorithms together."""
    events = f'sum(increase(recstack_attributed_events_total{{type="{event}"}}[1h]))'
    return f"{events} / sum(increase(recstack_recommendations_total[1h]))"


def _brought() -> Panels:
    revenue = (
        "1000 * sum(increase(recstack_attributed_revenue_total[1h]))"
        " / sum(increase(recstack_recommendations_total[1h]))"
    )
    return [
        figure(
            Caption(
                1,
                "Click-through",
                "Clicks on recommended items for each list answered, over an hour. A list may bring several.",
                PercentUnit,
            ),
            Query(per_list("click"), "Click-through"),
            first=FAIR,
            steps=WANTED,
            bold=True,
        ),
        figure(
            Caption(
                2, "Conversion", "Purchases of recommended items for each list answered, over an hour.", PercentUnit
            ),
            Query(per_list("purchase"), "Conversion"),
            decimals=2,
        ),
        figure(
            Caption(
                3,
                "Revenue per 1,000 lists",
                "Prices of what was bought from lists, over an hour, in the catalogue's currency.",
                MONEY,
            ),
            Query(revenue, "Revenue"),
        ),
    ]


def _told() -> Panels:
    return [
        figure(
            Caption(4, "Events", "Events of all types that were stored, for each second.", EventsPerSecond),
            Query(rate("recstack_events_total", 'outcome="stored"'), "Events"),
        ),
        figure(
            Caption(
                5,
                "Events from lists",
                "Share of the stored events that came from a list: the caller sent its recommendation_id.",
                PercentUnit,
            ),
            Query(
                f"{rate('recstack_attributed_events_total')}"
                f""" / {rate("recstack_events_total", 'outcome="stored"')}""",
                "From lists",
            ),
        ),
        figure(
            Caption(
                6,
                "Event to effect, p95",
                "Nearly all events change the user's next list after this time, over five minutes.",
                Seconds,
            ),
            Query("recstack:event_lag:p95_5m", "p95"),
            first=GOOD,
            steps=((0.25, FAIR), (0.5, BAD)),
        ),
    ]


def _wanted() -> Panels:
    return [
        chart(
            Caption(
                11,
                "Click-through by algorithm",
                "Clicks on recommended items for each list of the algorithm, over an hour.",
                PercentUnit,
            ),
            Query(f"recstack:click_through:1h{{{CHOSEN}}}", "{{algorithm}}"),
            colours=colours.ALGORITHMS,
        ),
        chart(
            Caption(
                12,
                "Conversion by algorithm",
                "Purchases of recommended items for each list of the algorithm, over an hour.",
                PercentUnit,
            ),
            Query(f"recstack:conversion:1h{{{CHOSEN}}}", "{{algorithm}}"),
            colours=colours.ALGORITHMS,
        ),
        chart(
            Caption(
                13,
                "Revenue per 1,000 lists, by algorithm",
                "Prices of what was bought from lists of the algorithm, over an hour.",
                MONEY,
            ),
            Query(f"recstack:revenue_per_1000_lists:1h{{{CHOSEN}}}", "{{algorithm}}"),
            colours=colours.ALGORITHMS,
            width=8,
        ),
        chart(
            Caption(14, "Events from lists, by type", "Events on an item of the list that they name.", EventsPerSecond),
            Query(rate("recstack_attributed_events_total", CHOSEN, "type"), "{{type}}"),
            colours=colours.EVENTS,
            stacked=StackingMode.NORMAL,
            width=8,
        ),
        bars(
            Caption(15, "Revenue in the time shown", "Prices of what was bought from lists, by algorithm.", MONEY),
            Query(growth("recstack_attributed_revenue_total", CHOSEN, "algorithm"), "{{algorithm}}"),
            colours=colours.ALGORITHMS,
        ),
    ]


def _behaviour() -> Panels:
    funnel = (("view", "1 viewed"), ("click", "2 clicked"), ("cart", "3 in the cart"), ("purchase", "4 bought"))
    return [
        chart(
            Caption(
                21, "Events by type", "Events that were stored, whether they came from a list or not.", EventsPerSecond
            ),
            Query(rate("recstack_events_total", 'outcome="stored"', "type"), "{{type}}"),
            colours=colours.EVENTS,
            stacked=StackingMode.NORMAL,
            width=8,
        ),
        bars(
            Caption(22, "From view to purchase", "Stored events in the time that is shown.", Short),
            *(
                Query(growth("recstack_events_total", f'outcome="stored", type="{event}"'), name)
                for event, name in funnel
            ),
            decimals=0,
        ),
        chart(
            Caption(
                23,
                "What became of events",
                "stored once; duplicate: sent again; the others were refused or, unavailable, could not be stored.",
                EventsPerSecond,
            ),
            Query(rate("recstack_events_total", by="outcome"), "{{outcome}}"),
            colours={"stored": GOOD, "duplicate": CALM, "failed": BAD, "unavailable": BAD},
            width=8,
        ),
        chart(
            Caption(
                24,
                "Hidden items",
                "Calls that hide an item from a user for good, or show it again; unchanged: it was so already.",
                EventsPerSecond,
            ),
            Query(rate("recstack_hidden_items_total", by="outcome"), "{{outcome}}"),
            colours={"hidden": BAD, "shown": GOOD, "unchanged": CALM},
            width=24,
        ),
    ]


def _guests() -> Panels:
    return [
        chart(
            Caption(
                81,
                "Guests' sessions",
                "begun; merged: the guest signed up; refused: a merge of a session that is gone or somebody else's.",
                EventsPerSecond,
            ),
            Query(rate("recstack_sessions_total", by="outcome"), "{{outcome}}"),
            colours={"begun": CALM, "merged": GOOD, "refused": FAIR, "unavailable": BAD},
            width=12,
        ),
        chart(
            Caption(
                82, "Guests' events", "stored once; duplicate: sent again; the others were refused.", EventsPerSecond
            ),
            Query(rate("recstack_session_events_total", by="outcome"), "{{outcome}}"),
            colours={"stored": GOOD, "duplicate": CALM, "failed": BAD, "unavailable": BAD},
            width=12,
        ),
    ]


def _effect() -> Panels:
    parts = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    return [
        chart(
            Caption(
                31,
                "Event to effect",
                "From receiving an event to the moment from which the user's next list knows it.",
                Seconds,
            ),
            *(Query(quantile(part, LAG), name) for part, name in parts),
            colours=colours.PERCENTILES,
            steps=((0.5, BAD),),
            width=8,
        ),
        density(Caption(32, "Where the lags lie", "The stronger the colour, the more.", Seconds), LAG, width=8),
        chart(
            Caption(
                33,
                "Events that name no list of theirs",
                "Events with a recommendation_id that could not be attributed, by why.",
                EventsPerSecond,
            ),
            Query(rate("recstack_unattributed_events_total", by="reason"), "{{reason}}"),
            width=8,
        ),
    ]
