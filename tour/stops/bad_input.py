"""What is refused."""

from __future__ import annotations

import json
from typing import Any

from rich.markup import escape

from tour.display import grid
from tour.guide import UNKNOWN, Tour

PROBLEM = {"type", "title", "status", "detail", "instance"}
VIEW: dict[str, Any] = {"item_id": 1, "type": "view"}
MISTAKES: tuple[tuple[str, str, str, Any, int, str], ...] = (
    ("no items at all", "POST", "/recommendations", {"num_recommendations": 0}, 422, "num_recommendations"),
    ("text for a number", "POST", "/recommendations", {"user_id": "one"}, 422, "user_id"),
    ("an unknown algorithm", "POST", "/recommendations", {"algorithm": "magic"}, 422, "algorithm"),
    ("half a JSON", "POST", "/recommendations", b'{"user_id": 1', 422, "body"),
    ("an item that is not there", "GET", f"/items/{UNKNOWN}", {}, 404, "item_id"),
    ("an event on it", "POST", "/interactions", {"item_id": UNKNOWN, "type": "view"}, 404, "item_id"),
    ("an event to come", "POST", "/interactions", VIEW | {"occurred_at": "2126-01-01T00:00:00Z"}, 422, "occurred_at"),
    ("a rating without stars", "POST", "/interactions", VIEW | {"type": "rating"}, 422, "value"),
)


def bad_input(tour: Tour, user_id: int) -> None:
    """What is wrong is said, with the name of the field."""
    table, good = grid("", "sent", "answer", "says"), []
    for what, method, path, body, status, field in MISTAKES:
        content = body if isinstance(body, bytes) else json.dumps({"user_id": user_id, **body}).encode()
        response = tour.send(method, path, content=content if method == "POST" else None)
        problem = response.json()
        named = {error["field"] for error in problem.get("errors", [])}
        is_problem = response.headers["content-type"] == "application/problem+json" and problem.keys() >= PROBLEM
        good.append(is_problem and response.status_code == status and field in named)
        colour = "green" if good[-1] else "red"
        table.add_row(what, f"[{colour}]{response.status_code}[/]", escape(problem.get("detail", "")))
    tour.show(table)
    tour.promise("each is a problem+json that names the field", all(good), "status, type and field as designed")
