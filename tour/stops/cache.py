"""What is kept, and until when."""

from __future__ import annotations

import time

from tour.display import grid, ids, label
from tour.guide import Tour
from tour.stops.taste import EXPECTED

REPEATS = 15


def cache(tour: Tour, _user_id: int) -> None:
    """The same question twice, then an event in between."""
    user_id = tour.ask("POST", "/users", status=201, json={})["user_id"]
    computed, cached = tour.recommend(user_id), tour.recommend(user_id)
    consumed = ids(computed)[0]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {"event_id": f"demo-{user_id}-{consumed}-{now}", "occurred_at": now}
    tour.act(user_id, consumed, "purchase", **event)
    after = tour.recommend(user_id)
    table = grid("One list three times", "question", "cached", "list", "first item")
    for question, answer in (("asked", computed), ("asked again", cached), ("asked after an event", after)):
        first = label(answer["recommendations"][0])
        table.add_row(question, "yes" if answer["cached"] else "no", answer["recommendation_id"][:8], first)
    tour.show(table)
    same = cached["recommendation_id"] == computed["recommendation_id"] and ids(cached) == ids(computed)
    tour.promise("the second answer is the first one, kept", same and cached["cached"], "the same id, cached true")
    fresh = not after["cached"] and after["recommendation_id"] != computed["recommendation_id"]
    tour.promise("one event, and the answer is computed anew", fresh, "a new id, cached false")
    lists = [ids(tour.recommend(user_id, algorithm=name)) for name in EXPECTED]
    tour.promise(
        "what was bought is not recommended again, by no algorithm", not any(consumed in each for each in lists)
    )
    repeat = {"user_id": user_id, "item_id": consumed, "type": "purchase", **event}
    tour.promise("an event sent twice counts once", tour.ask("POST", "/interactions", json=repeat)["duplicate"])
    for _ in range(REPEATS):
        tour.recommend(user_id)
        tour.recommend(user_id, use_cache=False)
