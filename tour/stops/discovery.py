"""Search and what is popular."""

from __future__ import annotations

import re

from rich.columns import Columns
from rich.markup import escape

from tour.display import grid, label, tint
from tour.guide import LIST, Tour


def discovery(tour: Tour, _user_id: int) -> None:
    """Search by words, and what everybody likes."""
    popular = tour.ask("GET", "/popular", params={"num_items": LIST})["items"]
    wanted = next(entry for entry in popular if re.search(r"[^\W\d_]{3}", entry["title"]))
    words = " ".join(re.findall(r"[^\W\d_]{3,}", wanted["title"])[:3])
    found = tour.ask("GET", "/search", params={"q": words, "num_items": 50})
    left, right = grid("Popular", "#", "item"), grid(f"Search: {escape(words)}", "#", "item")
    for table, entries in ((left, popular), (right, found["items"][:LIST])):
        for rank, entry in enumerate(entries, 1):
            table.add_row(str(rank), label(entry))
    facets = "   ".join(f"[{tint(name)}]{escape(name)}[/] {count}" for name, count in list(found["facets"].items())[:8])
    tour.show(Columns([left, right], equal=True, expand=True), f"[dim]found by category:[/] {facets}")
    hits = [entry["item_id"] for entry in found["items"]]
    tour.promise("an item is found by the words of its title", wanted["item_id"] in hits, f"item {wanted['item_id']}")
    scores = [entry["score"] for entry in popular]
    tour.promise("the most popular comes first", scores == sorted(scores, reverse=True), "ordered scores")
    category = next(entry["category"] for entry in popular if entry["category"])
    within = tour.ask("GET", "/popular", params={"category": category})["items"]
    tour.promise(
        "popular within a category stays there", {e["category"] for e in within} == {category}, f"only {category}"
    )
