"""Somebody without an account."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tour.display import ids, moving, share
from tour.guide import LIST, Tour

LIKES = 2


def guest(tour: Tour, _user_id: int) -> None:
    """A guest without an account: each event counts at once, and comes along at sign-up."""
    session = tour.ask("POST", "/sessions", status=201, json={})["session_id"]
    first = _list(tour, session)
    popular = tour.ask("GET", "/popular", params={"num_items": 500})["items"]
    known = Counter(entry["category"] for entry in popular if entry["category"])
    liked = min(known, key=lambda name: (share(first, {name}), -known[name]))
    taken = [entry["item_id"] for entry in popular if entry["category"] == liked][:LIKES]
    lists = [first]
    for item_id in taken:
        tour.ask("POST", f"/sessions/{session}/interactions", status=201, json={"item_id": item_id, "type": "like"})
        lists.append(_list(tour, session))
    tour.show(moving("A guest", ("#", "at first", f"one like of {liked}", f"{LIKES} likes"), lists))
    user_id = tour.ask("POST", "/users", status=201, json={"session_id": session})["user_id"]
    total = tour.ask("GET", f"/users/{user_id}/profile")["counts"]["total"]
    tour.ask("PATCH", f"/users/{user_id}", json={"session_id": session})
    again = tour.ask("GET", f"/users/{user_id}/profile")["counts"]["total"]
    after_one = share(lists[1], {liked}) - share(first, {liked})
    tour.promise("one like changes the very next list", after_one > 0, f"more of {liked}")
    tour.promise("what was liked is not shown again", not set(taken) & set(ids(lists[-1])))
    tour.promise("an account takes the guest's events over", total == len(taken), f"{len(taken)} events, not {total}")
    tour.promise("once: a second time adds nothing", again == total, f"{total} events, not {again}")
    signed_up = share(tour.recommend(user_id), {liked}) > share(first, {liked})
    tour.promise("and its first list knows the taste", signed_up, f"more of {liked}")


def _list(tour: Tour, session: str) -> Any:
    body = {"session_id": session, "num_recommendations": LIST}
    return tour.ask("POST", "/sessions/recommendations", json=body)
