"""`Rules`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from recsys.domain import MAX_ID, Algorithm
from recsys.errors import Conflict, InvalidInput, NotFound
from recsys.rules import Rule, RuleAction, RuleTarget, RuleTerms
from recsys.testing.contracts.database import Database

SALE = RuleTerms("Sale", RuleAction.BOOST, RuleTarget(categories=("Books", "Lamps")), factor=1.2)
FRONT = RuleTerms("Front", RuleAction.PIN, RuleTarget(item_ids=(3, 1)), position=2)
GONE = RuleTerms("Gone", RuleAction.BLOCK, RuleTarget(tags=("old",), brands=("Lumen",)), (Algorithm.HYBRID,))

BAD_TERMS = {
    "name": replace(SALE, name=" "),
    "name ": replace(SALE, name="x" * 201),
    "name  ": replace(SALE, name="nul\0"),
    "target": replace(SALE, target=RuleTarget()),
    "target.item_ids": replace(SALE, target=RuleTarget(item_ids=(0,))),
    "target.item_ids ": replace(SALE, target=RuleTarget(item_ids=tuple(range(1, 1002)))),
    "target.item_ids  ": replace(FRONT, target=RuleTarget(item_ids=(1, 1))),
    "target.categories": replace(SALE, target=RuleTarget(categories=("",))),
    "target.tags": replace(SALE, target=RuleTarget(tags=("x",) * 101)),
    "target ": replace(FRONT, target=RuleTarget(item_ids=(1,), categories=("Books",))),
    "target  ": replace(FRONT, target=RuleTarget(item_ids=tuple(range(1, 22)))),
    "factor": replace(SALE, factor=None),
    "factor ": replace(SALE, factor=1.0),
    "factor  ": replace(SALE, factor=float("nan")),
    "factor   ": replace(SALE, action=RuleAction.BURY),
    "factor    ": replace(GONE, factor=2.0),
    "position": replace(FRONT, position=None),
    "position ": replace(FRONT, position=501),
    "position  ": replace(SALE, position=1),
}


class RulesContract:
    async def test_a_rule_comes_back_as_it_was_stated(self, database: Database) -> None:
        soon = database.clock.now() + timedelta(hours=1)
        stated = [SALE, FRONT, GONE, replace(GONE, starts_at=soon, ends_at=soon + timedelta(days=1))]
        made = [await database.rules.create(terms) for terms in stated]
        assert [rule.terms for rule in made] == stated
        assert {(rule.version, rule.changed_at, rule.ended) for rule in made} == {(1, database.clock.now(), False)}
        assert list(await database.rules.current()) == made
        assert list(await database.rules.newest(3)) == made[:0:-1]
        assert list(await database.rules.versions(made[1].rule_id)) == [made[1]]

    async def test_of_no_rule_there_is_nothing(self, database: Database) -> None:
        assert list(await database.rules.current()) == []
        assert list(await database.rules.newest(10)) == []
        assert list(await database.rules.versions(MAX_ID)) == []
        for call in (database.rules.end(MAX_ID), database.rules.change(MAX_ID, lambda terms: terms)):
            with pytest.raises(NotFound):
                await call

    async def test_a_change_adds_a_version_and_keeps_the_others(self, database: Database) -> None:
        first = await database.rules.create(SALE)
        database.clock.advance(60)
        second = await database.rules.change(first.rule_id, lambda terms: replace(terms, factor=3.0))
        assert second == Rule(first.rule_id, 2, database.clock.now(), replace(SALE, factor=3.0))
        assert list(await database.rules.current()) == [second]
        assert list(await database.rules.versions(first.rule_id)) == [second, first]

    async def test_an_ended_rule_is_history(self, database: Database) -> None:
        first = await database.rules.create(SALE)
        database.clock.advance(60)
        ended = await database.rules.end(first.rule_id)
        assert ended == Rule(first.rule_id, 2, database.clock.now(), SALE, ended=True)
        assert await database.rules.end(first.rule_id) == ended
        assert list(await database.rules.current()) == []
        assert list(await database.rules.newest(10)) == [ended]
        with pytest.raises(Conflict):
            await database.rules.change(first.rule_id, lambda terms: replace(terms, factor=3.0))
        assert list(await database.rules.versions(first.rule_id)) == [ended, first]

    async def test_a_rule_past_its_end_is_no_longer_current_and_can_be_prolonged(self, database: Database) -> None:
        end = database.clock.now() + timedelta(minutes=1)
        made = await database.rules.create(replace(SALE, ends_at=end))
        database.clock.advance(60)
        assert list(await database.rules.current()) == []
        longer = replace(SALE, ends_at=end + timedelta(minutes=1))
        changed = await database.rules.change(made.rule_id, lambda _: longer)
        assert list(await database.rules.current()) == [changed]

    @pytest.mark.parametrize("field", BAD_TERMS)
    async def test_terms_that_cannot_be_are_refused_by_field(self, database: Database, field: str) -> None:
        made = await database.rules.create(SALE)
        for call in (
            database.rules.create(BAD_TERMS[field]),
            database.rules.change(made.rule_id, lambda _: BAD_TERMS[field]),
        ):
            with pytest.raises(InvalidInput) as refused:
                await call
            assert [problem.field for problem in refused.value.fields] == [field.strip()]
        assert list(await database.rules.newest(10)) == [made]

    async def test_a_rule_ends_after_its_start(self, database: Database) -> None:
        now = database.clock.now()
        hour = timedelta(hours=1)
        for start, end in ((now + hour, now + hour), (now + hour, now), (None, now), (None, now - hour)):
            with pytest.raises(InvalidInput) as refused:
                await database.rules.create(replace(SALE, starts_at=start, ends_at=end))
            assert [problem.field for problem in refused.value.fields] == ["ends_at"]
        await database.rules.create(replace(SALE, starts_at=now - hour, ends_at=now))

    async def test_their_number_is_bounded(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        for adapter in ("memory_rules", "postgres.rules"):
            monkeypatch.setattr(f"recsys.adapters.{adapter}.MAX_RULES", 2)
        end = database.clock.now() + timedelta(minutes=1)
        first = await database.rules.create(replace(SALE, ends_at=end))
        second = await database.rules.create(SALE)
        with pytest.raises(Conflict):
            await database.rules.create(SALE)
        await database.rules.change(second.rule_id, lambda terms: replace(terms, factor=2.0))
        database.clock.advance(60)
        await database.rules.create(SALE)
        with pytest.raises(Conflict):
            await database.rules.change(first.rule_id, lambda terms: replace(terms, ends_at=None))
        await database.rules.end(second.rule_id)
        await database.rules.change(first.rule_id, lambda terms: replace(terms, ends_at=None))

    async def test_the_versions_of_one_are_bounded(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("recsys.adapters.verdicts.MAX_VERSIONS", 3)
        rule_id = (await database.rules.create(SALE)).rule_id
        await database.rules.change(rule_id, lambda terms: terms)
        with pytest.raises(Conflict):
            await database.rules.change(rule_id, lambda terms: terms)
        assert (await database.rules.end(rule_id)).version == 3

    async def test_every_change_moves_the_catalogue_s_revision(self, database: Database) -> None:
        await database.item(1)
        revision = (await database.catalog.changed_since(0)).revision
        rule = await database.rules.create(SALE)
        for ended in (False, True):
            moved = (await database.catalog.changed_since(revision)).revision
            assert moved > revision
            revision = moved
            if ended:
                await database.rules.end(rule.rule_id)
            else:
                await database.rules.change(rule.rule_id, lambda terms: terms)
        assert (await database.catalog.changed_since(revision)).revision > revision

    async def test_changes_at_once_all_count(self, database: Database) -> None:
        await database.item(1)
        made = await database.rules.create(SALE)
        changes = [database.rules.change(made.rule_id, lambda terms: terms) for _ in range(5)]
        await asyncio.gather(*changes, *(database.rules.create(GONE) for _ in range(3)))
        assert [rule.version for rule in await database.rules.versions(made.rule_id)] == [6, 5, 4, 3, 2, 1]
        assert len(await database.rules.current()) == 4
