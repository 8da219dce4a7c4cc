#!/usr/bin/env python3
"""A guided tour of the running platform, over HTTP only. Every promise on the way is checked.

Exits with 0 when all were kept, 1 when one was broken, 2 when there is nothing to tour.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Literal, NoReturn

KEPT, BROKEN, NO_TOUR = 0, 1, 2


def _stop(sentence: str) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(NO_TOUR)


def _continue_in_venv() -> NoReturn:
    """Start again under an interpreter that has the libraries; it is made where there is none."""
    root = Path(__file__).resolve().parent
    python = root / os.environ.get("RECSTACK_VENV", ".venv") / "bin" / "python"
    inside = Path(sys.prefix).resolve() == python.parent.parent.resolve()
    if inside or (not python.exists() and subprocess.call(["/bin/sh", str(root / "setup.sh"), "install", "--demo"])):
        _stop("demo.py needs Python packages that are not there: ./setup.sh install brings them.")
    os.execv(str(python), [str(python), *sys.argv])  # noqa: S606 - our own interpreter, our own arguments


try:
    import httpx
    from rich.columns import Columns
    from rich.console import Console, Group, RenderableType
    from rich.markup import escape
    from rich.padding import Padding
    from rich.panel import Panel
    from rich.table import Table
except ImportError:
    _continue_in_venv()

EXPECTED = ("hybrid", "als", "svd", "user_based", "item_based", "content_based", "popularity")
NEAR = ("content_based", "item_based", "als", "hybrid")
COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta", "bright_green")
PALETTE: dict[str, str] = {}
LIST, SHORT, REPEATS = 10, 5, 15
UNKNOWN = 2**62
WIDE = 110
VIEW: dict[str, Any] = {"item_id": 1, "type": "view"}
FIGURES = {"#", "NDCG@10", "taste", "answer", "calls", "p50", "p95"}
NARROW = FIGURES | {"algorithm", "share", "question", "cached", "list", "sent", "call"}
PROBLEM = {"type", "title", "status", "detail", "instance"}


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


class Missing(Exception):
    """An answer that the rest of a stop builds on did not come."""


class Tour:
    """Calls the API, keeps the time of each call and whether each promise held."""

    def __init__(self, url: str, console: Console) -> None:
        key = os.environ.get("RECSTACK_API_KEY")
        headers = {"Content-Type": "application/json", **({"X-API-Key": key} if key else {})}
        self.client = httpx.Client(base_url=url, timeout=15, headers=headers)
        self.console = console
        self.seconds: dict[str, list[float]] = {}
        self.broken: list[str] = []
        self.kept = 0

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        began = time.perf_counter()
        response = self.client.request(method, path, **how)
        took = time.perf_counter() - began
        name = f"{method} {re.sub(r'/[0-9]+', '/{id}', path)}"
        if response.is_success and path == "/recommendations":
            name += ", from the cache" if response.json().get("cached") else ", computed"
        if response.is_success:
            self.seconds.setdefault(name, []).append(took)
        return response

    def ask(self, method: str, path: str, *, status: int = 200, **how: Any) -> Any:
        """The JSON of an answer with `status`. Raises `Missing` for any other."""
        response = self.send(method, path, **how)
        if response.status_code != status:
            raise Missing(f"{method} {path} answered {response.status_code}, not {status}: {response.text[:200]}")
        return response.json()

    def recommend(self, user_id: int, **body: Any) -> Any:
        return self.ask("POST", "/recommendations", json={"user_id": user_id, "num_recommendations": LIST, **body})

    def act(self, user_id: int, item_id: int, kind: str, **more: Any) -> Any:
        body = {"user_id": user_id, "item_id": item_id, "type": kind, **more}
        return self.ask("POST", "/interactions", status=201, json=body)

    def promise(self, words: str, held: bool, expected: str = "") -> None:
        """Print whether it holds; where it does not, what was expected."""
        self.kept += held
        if not held:
            self.broken.append(words)
        line = f"[green]✓[/] {words}" if held else f"[bold red]✗ expected: {words}[/] [red]{escape(expected)}[/]"
        self.console.print(Padding(line, (0, 0, 0, 2)))

    def show(self, *parts: RenderableType) -> None:
        self.console.print(Padding(Group(*parts), (1, 2)))


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


def health(tour: Tour, _user_id: int) -> None:
    """Is it there, and what does it serve?"""
    state = tour.ask("GET", "/health")
    lights = {"ok": "green", "degraded": "yellow", "down": "red"}
    dots = [f"[{lights.get(mood, 'red')}]●[/] {name} {mood}" for name, mood in state["dependencies"].items()]
    tour.show(Panel(Columns(dots, expand=True), title=f"release [bold]{state['release']}[/]", border_style="cyan"))
    tour.promise("everything that it depends on answers", state["status"] == "ok", f"status ok, not {state['status']}")
    ready = tour.send("GET", "/ready")
    tour.promise("a trained release serves", ready.status_code == httpx.codes.OK, "200 from /ready")


def taste(tour: Tour, user_id: int) -> None:
    """What one user likes, beside what each algorithm makes of it."""
    profile = tour.ask("GET", f"/users/{user_id}/profile")
    measured = {entry["name"]: entry["metrics"] for entry in tour.ask("GET", "/algorithms")["algorithms"]}
    answers = {name: tour.recommend(user_id, algorithm=name) for name in measured}
    tour.show(beside(tour.console, liking(profile), made_of_it(profile, measured, answers)))
    lists = [ids(answer) for answer in answers.values()]
    tour.promise("every algorithm of the course is served", set(EXPECTED) <= set(measured), ", ".join(EXPECTED))
    tour.promise(f"each answers exactly {LIST}, none twice", all(len(set(each)) == len(each) == LIST for each in lists))
    scores = [[entry["score"] for entry in answer["recommendations"]] for answer in answers.values()]
    tour.promise("scores fall from first to last", all(each == sorted(each, reverse=True) for each in scores))
    consumed = {event["item_id"] for event in profile["recent_interactions"]}
    tour.promise("what the user just had does not come again", not any(consumed & set(each) for each in lists))
    tour.promise("the hybrid is personal: not what is popular", ids(answers["hybrid"]) != ids(answers["popularity"]))
    best = answers["hybrid"]["recommendations"][0]
    reason = f"{label(best)}\n[italic]{escape(best['reason'])}[/]"
    tour.show(Panel(reason, title="why the hybrid puts it first", border_style="magenta"))


def liking(profile: dict[str, Any]) -> Table:
    table = grid(f"User {profile['user_id']} likes", "category", "share")
    for entry in profile["taste"][:8]:
        colour = tint(entry["category"])
        amount = f"[{colour}]{bar(entry['share'], 10)}[/] {entry['share']:.0%}"
        table.add_row(f"[{colour}]{escape(entry['category'])}[/]", amount)
    return table


def made_of_it(profile: dict[str, Any], measured: dict[str, Any], answers: dict[str, Any]) -> Table:
    favourites = {entry["category"] for entry in profile["taste"][:3]}
    table = grid("What each algorithm recommends", "algorithm", "NDCG@10", "taste", "first of ten")
    for name, answer in answers.items():
        quality = measured[name].get("ndcg@10")
        first = "\n".join(label(entry) for entry in answer["recommendations"][:3])
        shown = "-" if quality is None else f"{quality:.3f}"
        table.add_row(f"[bold]{name}[/]", shown, f"{share(answer, favourites):.0%}", first)
        table.add_section()
    return table


def similar(tour: Tour, user_id: int) -> None:
    """Items near an item, by what they say and by who chose them."""
    item_id = ids(tour.recommend(user_id))[0]
    item = tour.ask("GET", f"/items/{item_id}")
    near = {name: tour.ask("GET", f"/items/{item_id}/similar", params={"algorithm": name})["similar"] for name in NEAR}
    table = grid(f"Near {label(item)}", *NEAR)
    for row in zip(*near.values(), strict=False):
        table.add_row(*(label(entry) for entry in row))
    tour.show(table)
    tour.promise(f"{SHORT} neighbours by default, whichever way", all(len(each) == SHORT for each in near.values()))
    found = [entry["item_id"] for each in near.values() for entry in each]
    tour.promise("an item is not its own neighbour", item_id not in found)


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


def times(tour: Tour) -> None:
    table = grid("", "call", "calls", "p50", "p95", "")
    longest = max(max(each) for each in tour.seconds.values())
    for name, each in sorted(tour.seconds.items()):
        middle, late = statistics.median(each), sorted(each)[-1 - len(each) // 20]
        table.add_row(name, str(len(each)), f"{middle * 1e3:.1f} ms", f"{late * 1e3:.1f} ms", bar(middle / longest, 12))
    tour.show(table)


STOPS = (health, taste, similar, newcomer, cache, discovery, bad_input)


def run(tour: Tour, user_id: int) -> int:
    tour.console.rule("[bold]RecStack[/] · a guided tour", style="cyan")
    for number, stop in enumerate(STOPS, 1):
        tour.console.rule(f"[bold]{number}[/] · {stop.__doc__}", align="left", style="dim")
        try:
            stop(tour, user_id)
        except (Missing, KeyError, IndexError, StopIteration, ValueError) as error:
            tour.promise("the stop goes to its end", held=False, expected=f"{type(error).__name__}: {error}")
    tour.console.rule(f"[bold]{len(STOPS) + 1}[/] · How long it took", align="left", style="dim")
    if tour.seconds:
        times(tour)
    count = tour.kept + len(tour.broken)
    if tour.broken:
        tour.console.print(
            Panel("\n".join(tour.broken), title=f"{len(tour.broken)} of {count} promises broken", border_style="red")
        )
        return BROKEN
    tour.console.print(Panel(f"[green]All {count} promises were kept.[/]", border_style="green"))
    return KEPT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--url", default=f"http://127.0.0.1:{os.environ.get('API_PORT', '8000')}", help="where the API is"
    )
    parser.add_argument("--user", type=int, default=1, help="whose taste to look at (default: 1)")
    arguments = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    tour = Tour(arguments.url, Console(highlight=False))
    try:
        if tour.send("GET", f"/users/{arguments.user}/profile").status_code == httpx.codes.NOT_FOUND:
            _stop(f"There is no user {arguments.user}: name another with --user.")
        return run(tour, arguments.user)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        _stop(
            f"The API does not answer at {arguments.url} ({error}): "
            "start it with ./setup.sh, or name another address with --url."
        )


if __name__ == "__main__":
    sys.exit(main())
