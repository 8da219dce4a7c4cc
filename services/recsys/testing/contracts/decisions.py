"""`DecisionLog`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recsys.domain import ReleaseDecision
from recsys.testing.contracts.database import Database

ACCEPTED = ReleaseDecision(
    decided_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
    version="20260101-120000-aaaa",
    champion=None,
    outcome="accepted",
    reasons=[],
    figures={"hybrid": {"ndcg@10": 0.25}, "ratio": {"high": None}},
)
REFUSED = replace(
    ACCEPTED,
    decided_at=ACCEPTED.decided_at + timedelta(days=1),
    version=None,
    champion=ACCEPTED.version,
    outcome="refused",
    reasons=[{"reason": "volume", "sentence": "Not published: too few."}],
)


class DecisionLogContract:
    async def test_before_the_first_there_is_none(self, database: Database) -> None:
        assert await database.decisions.of_releases(["20260101-120000-aaaa"]) == {}
        assert await database.decisions.refusals(5) == []

    async def test_what_was_decided_of_releases_is_found_by_version(self, database: Database) -> None:
        other = replace(ACCEPTED, version="20260102-120000-bbbb", champion=ACCEPTED.version)
        for decision in (ACCEPTED, REFUSED, other):
            await database.decide(decision)
        found = await database.decisions.of_releases(["20260101-120000-aaaa", "20260109-120000-ffff"])
        assert found == {"20260101-120000-aaaa": ACCEPTED}
        assert await database.decisions.of_releases([]) == {}

    async def test_the_newest_refusals_come_first_and_no_more_than_asked_for(self, database: Database) -> None:
        later = replace(REFUSED, decided_at=REFUSED.decided_at + timedelta(days=1), champion=None)
        for decision in (REFUSED, ACCEPTED, later):
            await database.decide(decision)
        assert list(await database.decisions.refusals(5)) == [later, REFUSED]
        assert list(await database.decisions.refusals(1)) == [later]
