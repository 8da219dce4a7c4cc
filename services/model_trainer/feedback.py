"""What the platform learns from itself: how much of the data its own lists brought, and whether they were clicked as
expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from psycopg import Connection

from model_trainer.click_through import RANKS, ClickThrough, Shown, click_through
from model_trainer.database import connect, reaching_postgres
from model_trainer.quality import Check
from recsys.domain import Algorithm
from recsys.manifest import Manifest
from recsys.settings import GateSettings

READ_TIMEOUT = "10min"
EVER = datetime(1970, 1, 1, tzinfo=UTC)
MOST_SHOWN = 0.01
"""Of the catalogue: the items that stand in the most lists."""
LISTS = 50_000
"""Looked at for that, the newest ones."""
MIN_NEW = 100
"""New events below which nothing dominates."""
WORTH_A_WARNING = 0.2
"""Of the predicted click-through, missing for sure."""
FROM_LISTS, MOST_SHOWN_ITEMS, SHORTFALL = "events from lists", "events on the most shown items", "missing clicks"


@dataclass(frozen=True, slots=True)
class Feedback:
    from_lists: float
    """Share of all events that name a list."""
    on_most_shown: float
    """Share of the events that came since the live release was trained that are on the items it showed most."""
    clicks: ClickThrough | None
    """Of the live release."""

    def checks(self, limits: GateSettings) -> list[Check]:
        """Warnings: nothing of this refuses a release."""
        found = [
            Check(FROM_LISTS, self.from_lists, 1.0, warn_above=limits.warn_from_lists),
            Check(MOST_SHOWN_ITEMS, self.on_most_shown, 1.0, warn_above=limits.warn_most_shown),
        ]
        if self.clicks:
            found.append(Check(SHORTFALL, self.clicks.shortfall, 1.0, warn_above=WORTH_A_WARNING))
        return found


def read_feedback(database_url: str, champion: Manifest | None) -> Feedback:
    """Of the lists that are still kept. Raises `Unavailable`."""
    since = champion.created_at if champion else EVER
    with reaching_postgres(), connect(database_url) as connection:
        connection.execute("SELECT set_config('statement_timeout', %s, true)", (READ_TIMEOUT,))
        clicks = _clicks(connection, champion.version) if champion else None
        return Feedback(_from_lists(connection), _on_most_shown(connection, since), clicks)


def _from_lists(connection: Connection) -> float:
    ((named, events),) = connection.execute("SELECT count(recommendation_id), count(*) FROM interactions").fetchall()
    return float(named / max(events, 1))


def _on_most_shown(connection: Connection, since: datetime) -> float:
    ((items,),) = connection.execute("SELECT count(*) FROM items").fetchall()
    ((on_them, events),) = connection.execute(
        """WITH lists AS (
            SELECT item_ids FROM recommendation_lists WHERE generated_at >= %(since)s
            ORDER BY generated_at DESC LIMIT %(lists)s
        ), shown AS (
            SELECT item_id FROM lists, unnest(item_ids) AS item_id GROUP BY item_id
            ORDER BY count(*) DESC, item_id LIMIT %(items)s
        )
        SELECT count(shown.item_id), count(*) FROM interactions LEFT JOIN shown USING (item_id)
        WHERE received_at >= %(since)s""",
        {"since": since, "lists": LISTS, "items": ceil(MOST_SHOWN * items)},
    ).fetchall()
    return float(on_them / events) if events >= MIN_NEW else 0.0


def _clicks(connection: Connection, version: str) -> ClickThrough | None:
    rows = connection.execute(
        """SELECT champion, (figures -> 'hybrid' ->> 'ndcg@10')::float8, (figures ->> 'champion_ndcg_10')::float8
        FROM release_decisions WHERE version = %s AND outcome = 'accepted' ORDER BY decision_id DESC LIMIT 1""",
        (version,),
    ).fetchall()
    shown = _shown(connection, version)
    for before, ndcg, ndcg_before in rows:
        if before and ndcg and ndcg_before:
            return click_through(version, shown, _shown(connection, before), ndcg / ndcg_before)
    return click_through(version, shown)


def _shown(connection: Connection, version: str) -> Shown:
    """Of the hybrid's lists, which are what was judged."""
    asked = {"release": version, "algorithm": Algorithm.HYBRID.value, "ranks": RANKS}
    lengths = connection.execute(
        """SELECT cardinality(item_ids), count(*) FROM recommendation_lists
        WHERE release = %(release)s AND algorithm = %(algorithm)s GROUP BY 1""",
        asked,
    ).fetchall()
    clicks = connection.execute(
        """SELECT least(array_position(item_ids, item_id), %(ranks)s) AS rank,
            count(DISTINCT (recommendation_id, item_id))
        FROM interactions JOIN recommendation_lists lists USING (recommendation_id, user_id)
        WHERE type = 'click' AND item_id = ANY (item_ids) AND release = %(release)s AND algorithm = %(algorithm)s
        GROUP BY 1""",
        asked,
    ).fetchall()
    return Shown(_places(lengths), dict(clicks))


def _places(lengths: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How many places there were at each rank, from how many lists have each length."""
    longest = max((length for length, _ in lengths), default=0)
    at = {rank: sum(count for length, count in lengths if length >= rank) for rank in range(1, longest + 1)}
    deeper = sum(count for rank, count in at.items() if rank > RANKS)
    places = {rank: count for rank, count in at.items() if rank <= RANKS}
    return places | {RANKS: places[RANKS] + deeper} if deeper else places
