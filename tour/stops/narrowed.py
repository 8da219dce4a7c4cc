"""What may not be shown."""

from __future__ import annotations

from tour.display import grid, ids, label
from tour.guide import LIST, Tour

EXCLUDED = 400


def narrowed(tour: Tour, user_id: int) -> None:
    """Filters and "don't show again": kept exactly, and the list stays as long as it was."""
    whole = tour.recommend(user_id)
    first = whole["recommendations"][0]
    prices = [tour.ask("GET", f"/items/{item_id}")["price"] or 0 for item_id in ids(whole)]
    bound = sorted(prices)[len(prices) // 2]
    longer = ids(tour.recommend(user_id, num_recommendations=EXCLUDED))
    longer = longer[: len(longer) // 2]
    lists = {
        f"at most {bound:.2f}": tour.recommend(user_id, filters={"max_price": bound}),
        f"no {first['category']}": tour.recommend(user_id, filters={"exclude_categories": [first["category"]]}),
        f"none of the first {len(longer)}": tour.recommend(user_id, filters={"exclude_item_ids": longer}),
    }
    table = grid("", *lists)
    for row in zip(*(answer["recommendations"] for answer in lists.values()), strict=False):
        table.add_row(*map(label, row))
    tour.show(table)
    cheap, other, rest = lists.values()
    asked = [tour.ask("GET", f"/items/{item_id}")["price"] for item_id in ids(cheap)]
    tour.promise(f"each list holds exactly {LIST}", {len(ids(answer)) for answer in lists.values()} == {LIST})
    tour.promise("nothing dearer than asked for", all(price is not None and price <= bound for price in asked))
    kept_out = all(entry["category"] != first["category"] for entry in other["recommendations"])
    tour.promise("nothing of a category that was left out", kept_out, f"nothing of {first['category']}")
    tour.promise(f"{len(longer)} excluded items leave {LIST} others", not set(longer) & set(ids(rest)))
    hidden = f"/users/{user_id}/hidden_items/{first['item_id']}"
    tour.send("PUT", hidden)
    absent = first["item_id"] not in ids(tour.recommend(user_id))
    tour.send("DELETE", hidden)
    tour.promise("what a user hides is gone from the very next list", absent, f"no item {first['item_id']}")
    tour.promise("and back when it is shown again", first["item_id"] in ids(tour.recommend(user_id)))
