"""Why an item is shown."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from tour.display import bar, grid, label
from tour.guide import Tour

EXACT = 1e-6
CAUSES = 5


def reasons(tour: Tour, user_id: int) -> None:
    """The first item of the list, taken apart: every algorithm's share, and the events behind it."""
    answer = tour.recommend(user_id, explain="without", use_cache=False)
    first = answer["recommendations"][0]
    parts = first["explanation"]["parts"]
    table = grid(f"{label(first)}: {first['score']:.3f}", "algorithm", "share", "brought by")
    for part in parts:
        height = bar(abs(part["share"]) / max(abs(first["score"]), EXACT), 10)
        events = ", ".join(_told(tour, cause) for cause in (part.get("because") or [])[:2])
        table.add_row(part["source"], f"{part['share']:.3f} {height}", events or "-")
    tour.show(table, f"[italic]{escape(first['reason'])}[/]")
    everything = [(entry["score"], entry["explanation"]["parts"]) for entry in answer["recommendations"]]
    whole = all(abs(sum(part["share"] for part in each) - score) <= EXACT for score, each in everything)
    tour.promise("the parts of every score sum to it", whole, f"within {EXACT:g}")
    caused = [part for _, each in everything for part in each if part.get("because")]
    sums = [abs(sum(cause["share"] for cause in part["because"]) - part["share"]) for part in caused]
    tour.promise("the events behind a part sum to it", bool(sums) and max(sums) <= EXACT, f"within {EXACT:g}")
    own = {event["item_id"] for event in tour.ask("GET", f"/users/{user_id}/export")["interactions"]}
    cited = {cause["item_id"] for part in caused for cause in part["because"]}
    tour.promise("only what the user did is named", cited <= own, "no other item")


def _told(tour: Tour, cause: dict[str, Any]) -> str:
    item = tour.ask("GET", f"/items/{cause['item_id']}")
    return f"{cause['type']} of {escape(item['title'])} {cause['share']:.3f}"
