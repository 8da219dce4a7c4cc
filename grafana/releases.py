"""What stands between a training and a release: checks of the data, refusals, and what lists brought."""

from __future__ import annotations

from grafana_foundation_sdk.models.units import NoUnit, PercentUnit, Short

from grafana.colours import BAD, CALM, FAIR, GOOD
from grafana.layout import Panels
from grafana.panels import Caption, bars, chart, states
from grafana.queries import Query

PASSED = {0: ("passed", GOOD), 1: ("warning", FAIR), 2: ("refused", BAD)}
LISTS = "events_from_lists|events_on_the_most_shown_items"


def checks() -> Panels:
    return [
        states(
            Caption(61, "Checks of the data", "By the newest training. What is refused is not learned from."),
            Query("max by (check) (recstack_data_check_outcome)", "{{check}}"),
            words=PASSED,
            width=8,
        ),
        bars(
            Caption(
                62,
                "Drift",
                "Population stability index since the live release's data: above 0.1 the mix has changed.",
                NoUnit,
            ),
            Query('sort_desc(max by (check) (recstack_data_check{check=~"drift_of_.*"}))', "{{check}}"),
            first=GOOD,
            steps=((0.1, FAIR), (1, BAD)),
            decimals=2,
        ),
        bars(
            Caption(63, "Refused so far", "Trainings whose release was not published; some for two reasons.", Short),
            Query("sort_desc(max by (reason) (recstack_release_refusals) > 0)", "{{reason}}"),
            decimals=0,
        ),
    ]


def feedback() -> Panels:
    return [
        chart(
            Caption(
                71,
                "Click-through, predicted and observed",
                "Of each place in the hybrid's lists of the release before the newest training. Predicted: what the "
                "one before it got at each rank, times how much better the judge found it. Missing: at least that.",
                PercentUnit,
            ),
            *(
                Query(f'max(recstack_release_click_through{{figure="{figure}"}})', figure)
                for figure in ("predicted", "observed", "low", "high")
            ),
            Query('max(recstack_data_check{check="missing_clicks"})', "missing"),
            colours={"predicted": CALM, "observed": GOOD, "low": "#757575", "high": "#757575", "missing": BAD},
            width=12,
        ),
        chart(
            Caption(
                72,
                "Events that lists brought",
                "Of all events, those that name a list; of the new ones, those on the hundredth of the catalogue that "
                "was shown most. The more, the more the models learn from themselves.",
                PercentUnit,
            ),
            Query(f'max by (check) (recstack_data_check{{check=~"{LISTS}"}})', "{{check}}"),
            top=1,
            width=12,
        ),
    ]
