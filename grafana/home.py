"""Home: are recommendations fast, wanted, varied and fresh? And where to look when not."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink
from grafana_foundation_sdk.builders.dashboard import Panel as AnyPanel
from grafana_foundation_sdk.builders.stat import Panel as Figure
from grafana_foundation_sdk.builders.timeseries import Panel as Chart
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, Panel
from grafana_foundation_sdk.models.units import PercentUnit, RequestsPerSecond, Seconds, Short

from grafana import colours
from grafana.alerts import ENGAGEMENT, INFRASTRUCTURE, PLACES, QUALITY, SERVICE, runbook
from grafana.colours import BAD, CALM, FAINT, FAIR, GOOD, Steps
from grafana.engagement import MONEY, WANTED, per_list
from grafana.layout import Section, dashboard
from grafana.panels import Caption, chart, figure, note, states
from grafana.quality import AGE, DIVERSITY, OLD, VARIED
from grafana.queries import DATASOURCE_NAME, Query, growth
from grafana.service import FAST, time_to_a_list, times_to_a_list

HOME = "recstack-home"
LEADS = {
    SERVICE: ("Service", "requests, their times, the cache, failures"),
    ENGAGEMENT: ("Engagement", "clicks, purchases, revenue, events"),
    QUALITY: ("Recommendation quality", "models, variety, groups, releases"),
    INFRASTRUCTURE: ("Infrastructure", "services, PostgreSQL, Redis, jobs"),
}


def home() -> Dashboard:
    about = "Are recommendations fast, wanted, varied and fresh?"
    sections = [Section("", _answers()), Section("Today", _today()), Section("Lately", _lately())]
    return dashboard(HOME, "RecStack", about, [*sections, Section("Alerts", _alerts())], since="now-24h")


def _answers() -> list[Figure]:
    fast = figure(
        Caption(1, "Fast?", "All but one list in twenty are answered within this time, over five minutes.", Seconds),
        time_to_a_list("p95"),
        first=GOOD,
        steps=FAST,
        width=6,
        height=6,
        bold=True,
    )
    wanted = figure(
        Caption(2, "Wanted?", "Clicks on recommended items for each list answered, over an hour.", PercentUnit),
        Query(per_list("click"), "Click-through"),
        first=FAIR,
        steps=WANTED,
        width=6,
        height=6,
        bold=True,
    )
    varied = figure(
        Caption(3, "Varied?", "Mean share of a list's pairs that are of different categories.", PercentUnit),
        DIVERSITY,
        first=BAD,
        steps=VARIED,
        width=6,
        height=6,
        bold=True,
    )
    fresh = figure(
        Caption(
            4,
            "Fresh?",
            "Since the live release was trained. Events since then count already: they are folded in.",
            Seconds,
        ),
        Query(AGE, "Age of the release"),
        first=GOOD,
        steps=OLD,
        width=6,
        height=6,
        bold=True,
    )
    leads = ((fast, SERVICE), (wanted, ENGAGEMENT), (varied, QUALITY), (fresh, QUALITY))
    return [panel.links([_link(uid)]) for panel, uid in leads]


def _link(uid: str) -> DashboardLink:
    title, content = LEADS[uid]
    return DashboardLink(title).type(DashboardLinkType.LINK).url(f"/d/{uid}").tooltip(content).keep_time(True)


def _today() -> list[Figure]:
    hits, reads = growth("recstack_cache_total", 'outcome="hit"'), growth("recstack_cache_total", 'outcome=~"hit|miss"')
    clicks = growth("recstack_attributed_events_total", 'type="click"')
    failed = growth("recstack_requests_total", 'status=~"5.."')
    return [
        _count(11, "Lists", "Lists answered since midnight.", growth("recstack_recommendations_total")),
        _count(12, "Events", "Events stored since midnight.", growth("recstack_events_total", 'outcome="stored"')),
        _count(13, "Clicks on lists", "Clicks on recommended items since midnight.", clicks),
        _count(
            14,
            "Revenue from lists",
            "Prices of what was bought from lists since midnight, in the catalogue's currency.",
            growth("recstack_attributed_revenue_total"),
            MONEY,
        ),
        _count(
            15, "From the cache", "Share of lists that Redis had, since midnight.", f"{hits} / {reads}", PercentUnit
        ),
        _count(
            16,
            "Failed requests",
            "Requests answered with a 5xx since midnight.",
            f"{failed} or vector(0)",
            first=GOOD,
            steps=((1, FAIR), (100, BAD)),
        ),
    ]


def _count(
    number: int, title: str, about: str, expr: str, unit: str = Short, *, first: str = CALM, steps: Steps = ()
) -> Figure:
    return figure(Caption(number, title, about, unit), Query(expr, title), first=first, steps=steps, since="now/d")


def _lately() -> list[Chart]:
    return [
        times_to_a_list(21, width=8),
        chart(
            Caption(22, "Requests", "All routes together, over five minutes.", RequestsPerSecond),
            Query("sum(recstack:request_rate:5m)", "requests"),
            colours={"requests": CALM},
            width=8,
        ),
        chart(
            Caption(
                23,
                "Click-through by algorithm",
                "Clicks on recommended items for each list of the algorithm, over an hour.",
                PercentUnit,
            ),
            Query("recstack:click_through:1h", "{{algorithm}}"),
            colours=colours.ALGORITHMS,
            width=8,
        ),
    ]


def _alerts() -> list[Builder[Panel]]:
    firing = 'max by (alertname) (ALERTS{alertstate="firing"})'
    none = 'label_replace(vector(0), "alertname", "none", "", "")'
    return [
        _alert_list(),
        states(
            Caption(32, "Alerts over time", "When each alert fired; a band called none is always there."),
            Query(f"{firing} or {none}", "{{alertname}}"),
            words={0: ("calm", FAINT), 1: ("firing", BAD)},
            width=8,
            height=9,
        ),
        note(
            Caption(33, "Where to look", "Each alert's panel, and the page that says what to do."),
            _directory(),
            height=9,
        ),
    ]


def _alert_list() -> AnyPanel:
    """The SDK has no builder for this panel; it reads Prometheus' alerts by the datasource's name."""
    panel = AnyPanel().type("alertlist").id(31).title("Firing or about to").span(8).height(9)
    panel = panel.description("Alerts of Prometheus that fire or are about to.")
    wanted = {"firing": True, "pending": True, "error": True, "noData": False, "normal": False, "recovering": True}
    return panel.options(
        {
            "datasource": DATASOURCE_NAME,
            "viewMode": "list",
            "groupMode": "default",
            "groupBy": [],
            "maxItems": 20,
            "sortOrder": 3,
            "dashboardAlerts": False,
            "alertName": "",
            "alertInstanceLabelFilter": "",
            "stateFilter": wanted,
        }
    )


def _directory() -> str:
    """Markdown: the dashboards, then alert, panel, runbook."""
    boards = [f"- [{title}](/d/{uid}): {content}" for uid, (title, content) in LEADS.items()]
    alerts = [
        f"| {alert} | [{LEADS[place.dashboard_uid][0]}](/d/{place.dashboard_uid}?viewPanel={place.panel_id}) |"
        f" `{runbook(alert)}` |"
        for alert, place in PLACES.items()
    ]
    return "\n".join([*boards, "", "| alert | panel | runbook |", "|---|---|---|", *alerts])
