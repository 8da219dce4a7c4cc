"""Somebody who has just come."""

from __future__ import annotations

from collections import Counter

from tour.display import ids, moving, share
from tour.guide import LIST, UNKNOWN, Tour


def newcomer(tour: Tour, _user_id: int) -> None:
    """A brand-new user: the first answer, after onboarding, after three events."""
    popular = tour.ask("GET", "/popular", params={"num_items": 500})["items"]
    user_id = tour.ask("POST", "/users", status=201, json={"age": 30, "country": "DE"})["user_id"]
    first = tour.recommend(user_id)
    known = Counter(entry["category"] for entry in popular if entry["category"])
    one, two, done, *_ = sorted(known, key=lambda name: (share(first, {name}), -known[name]))
    stated = {"categories": {one: 1.0, two: 0.8}}
    tour.ask("PATCH", f"/users/{user_id}", json={"preferences": stated})
    second = tour.recommend(user_id)
    taken = tour.ask("GET", "/popular", params={"category": done, "num_items": 3})["items"]
    for entry, kind in zip(taken, ("view", "like", "purchase"), strict=True):
        tour.act(user_id, entry["item_id"], kind)
    third = tour.recommend(user_id)
    headings = ("#", "at first", f"likes {one} and {two}", f"three times {done}")
    tour.show(moving(f"User {user_id}, signed up a moment ago", headings, [first, second, third]))
    tour.promise("a stranger is answered too", first["cold_start"] and len(ids(first)) == LIST, f"{LIST} items")
    said = share(second, {one, two}) > share(first, {one, two})
    tour.promise("the very next list follows what was said", said, f"more of {one} and {two}")
    acted = share(third, {done}) > share(second, {done})
    tour.promise("the very next list follows what was done", acted, f"more of {done}")
    tour.promise("what was just had is left out", not {entry["item_id"] for entry in taken} & set(ids(third)))
    tour.promise("three events end the cold start", not third["cold_start"], "cold_start false")
    tour.promise("an unknown id is a stranger, not an error", tour.recommend(UNKNOWN)["cold_start"], "cold_start true")
