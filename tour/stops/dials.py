"""More of the same, or less."""

from __future__ import annotations

from typing import Any

from tour.display import grid, ids, label
from tour.guide import LIST, Tour

POSITIONS = (0.0, 0.5, 1.0)


def dials(tour: Tour, user_id: int) -> None:
    """One list at three positions of the diversity dial."""
    answers = [tour.recommend(user_id, diversity=position) for position in POSITIONS]
    headings = [
        f"diversity {position:g}: {_categories(answer)}" for position, answer in zip(POSITIONS, answers, strict=True)
    ]
    table = grid("", *headings)
    for row in zip(*(answer["recommendations"] for answer in answers), strict=False):
        table.add_row(*map(label, row))
    tour.show(table)
    counts = [_categories(answer) for answer in answers]
    tour.promise("turned up, the list holds no fewer categories", counts[0] <= counts[-1], f"{counts[0]} or more")
    tour.promise("and other items", ids(answers[0]) != ids(answers[-1]))
    tour.promise(f"at each position exactly {LIST}", {len(ids(answer)) for answer in answers} == {LIST})


def _categories(answer: dict[str, Any]) -> int:
    return len({entry["category"] for entry in answer["recommendations"]})
