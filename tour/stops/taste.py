"""One user, every algorithm."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from tour.display import bar, beside, grid, ids, label, share, tint
from tour.guide import LIST, Tour

EXPECTED = ("hybrid", "als", "svd", "user_based", "item_based", "content_based", "popularity")


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
