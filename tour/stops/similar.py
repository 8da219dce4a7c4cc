"""Items near an item."""

from __future__ import annotations

from tour.display import grid, ids, label
from tour.guide import Tour

NEAR = ("content_based", "item_based", "als", "hybrid")
SHORT = 5


def similar(tour: Tour, user_id: int) -> None:
    """Items near an item, by what they say and by who chose them."""
    item_id = ids(tour.recommend(user_id))[0]
    item = tour.ask("GET", f"/items/{item_id}")
    near = {name: tour.ask("GET", f"/items/{item_id}/similar", params={"algorithm": name})["similar"] for name in NEAR}
    table = grid(f"Near {label(item)}", *NEAR)
    for row in zip(*near.values(), strict=False):
        table.add_row(*(label(entry) for entry in row))
    tour.show(table)
    tour.promise(f"{SHORT} neighbours by default, whichever way", all(len(each) == SHORT for each in near.values()))
    found = [entry["item_id"] for each in near.values() for entry in each]
    tour.promise("an item is not its own neighbour", item_id not in found)
