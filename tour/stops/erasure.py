"""The end of an account."""

from __future__ import annotations

from http import HTTPStatus

from tour.display import grid
from tour.guide import Tour

EVENTS = 3


def erasure(tour: Tour, _user_id: int) -> None:
    """A user asks for everything that is kept, and then to be forgotten."""
    user_id = tour.ask("POST", "/users", status=201, json={"age": 44, "country": "SE"})["user_id"]
    popular = tour.ask("GET", "/popular", params={"num_items": EVENTS})["items"]
    for entry in popular:
        tour.act(user_id, entry["item_id"], "like")
    exported = tour.ask("GET", f"/users/{user_id}/export")
    receipt = tour.ask("DELETE", f"/users/{user_id}")
    table = grid("The receipt", "store", "state", "what")
    for each in receipt["stores"]:
        table.add_row(each["store"], each["state"], each["what"])
    tour.show(table)
    said = {event["item_id"] for event in exported["interactions"]}
    tour.promise("the export holds every event", said == {entry["item_id"] for entry in popular}, f"{EVENTS} events")
    tries = (
        tour.send("GET", f"/users/{user_id}/profile"),
        tour.send("POST", "/recommendations", json={"user_id": user_id}),
        tour.send("POST", "/interactions", json={"user_id": user_id, "item_id": popular[0]["item_id"], "type": "view"}),
    )
    gone = {response.status_code for response in tries} == {HTTPStatus.GONE}
    tour.promise("profile, lists and late events: 410 from now on", gone, "410 from each")
