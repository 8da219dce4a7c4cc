"""How entries and lists look."""

from __future__ import annotations

from typing import Any, Literal

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta", "bright_green")
PALETTE: dict[str, str] = {}
WIDE = 110
FIGURES = {"#", "NDCG@10", "taste", "answer", "calls", "p50", "p95"}
NARROW = FIGURES | {"algorithm", "share", "question", "cached", "list", "sent", "call", "store", "state"}


def ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


def share(answer: dict[str, Any], categories: set[str]) -> float:
    """How much of a list lies in these categories."""
    entries = answer["recommendations"]
    return sum(entry["category"] in categories for entry in entries) / max(len(entries), 1)


def tint(category: str | None) -> str:
    """Each category its colour, in the order in which they show up."""
    return PALETTE.setdefault(category, COLOURS[len(PALETTE) % len(COLOURS)]) if category else "white"


def label(entry: dict[str, Any], mark: str = "") -> str:
    dot = f"[{tint(entry['category'])}]●[/]"
    return f"{mark}{dot} {escape(entry['title'])} [dim]{escape(entry['category'] or 'no category')}[/]"


def bar(fraction: float, width: int = 16) -> str:
    return "█" * max(1, round(fraction * width)) if fraction > 0 else ""


def grid(title: str, *headings: str) -> Table:
    """A table over the whole width; narrow columns keep theirs, the others share what is left."""
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="dim", expand=True)
    for heading in headings:
        justify: Literal["right", "left"] = "right" if heading in FIGURES else "left"
        ratio = None if heading in NARROW else 1
        table.add_column(heading, justify=justify, no_wrap=True, overflow="ellipsis", ratio=ratio)
    return table


def beside(console: Console, *parts: RenderableType) -> RenderableType:
    """Next to each other where there is room, else one below the other."""
    if console.width < WIDE:
        return Group(*parts)
    table = Table.grid(padding=(0, 3), expand=True)
    for place in range(len(parts)):
        table.add_column(ratio=2 if place == 0 else 5)
    table.add_row(*parts)
    return table


def moving(title: str, headings: tuple[str, ...], answers: list[dict[str, Any]]) -> Table:
    """Lists side by side; what was not in the one before is marked."""
    table, columns, before = grid(title, *headings), [], set(ids(answers[0]))
    for answer in answers:
        marks = ["" if item_id in before else "[green]+[/] " for item_id in ids(answer)]
        columns.append([label(*pair) for pair in zip(answer["recommendations"], marks, strict=True)])
        before = set(ids(answer))
    for rank, row in enumerate(zip(*columns, strict=False), 1):
        table.add_row(str(rank), *row)
    return table
