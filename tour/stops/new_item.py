"""An item that nobody knows yet."""

from __future__ import annotations

import time

from tour.display import grid, label
from tour.guide import Tour

FIRST_ID = 10**12
PAST = "2020-01-01T00:00:00Z"


def new_item(tour: Tour, user_id: int) -> None:
    """An item put a moment ago: found, placed beside what it is like, and whom to show it to."""
    model = tour.recommend(user_id)["recommendations"][0]
    like = tour.ask("GET", f"/items/{model['item_id']}")
    item_id = FIRST_ID + time.time_ns() // 1_000
    title = f"{like['title']} revisited {item_id}"
    item = {"title": title, "category": like["category"], "description": like["description"], "tags": like["tags"]}
    tour.ask("PUT", f"/items/{item_id}", status=201, json=item)
    try:
        found = tour.ask("GET", "/search", params={"q": title})["items"]
        near = tour.ask("GET", f"/items/{item_id}/similar")["similar"]
        audience = tour.ask("GET", f"/items/{item_id}/audience", params={"num_users": 5})["users"]
    finally:
        tour.ask("PUT", f"/items/{item_id}", json=item | {"available_until": PAST})
    table = grid(f"Beside {label(item)}", "near it", "whom to show it to")
    for entry, user in zip(near, audience, strict=False):
        table.add_row(label(entry), f"user {user['user_id']}: {user['reason']}")
    tour.show(table)
    tour.promise("it is found at once", item_id in [entry["item_id"] for entry in found], f"item {item_id}")
    tour.promise("its text alone gives it neighbours", model["item_id"] in [entry["item_id"] for entry in near])
    tour.promise("and people to show it to", len(audience) > 0, "users")
    gone = [entry["item_id"] for entry in tour.ask("GET", "/search", params={"q": title})["items"]]
    tour.promise("withdrawn, it is not found any more", item_id not in gone)
