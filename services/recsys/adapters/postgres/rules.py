"""Rules in PostgreSQL. Each change moves the catalogue's revision in its own transaction: whoever follows the catalogue
reads the rules anew when it moves, and misses none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, Integer, and_, bindparam, func, insert, not_, or_, select, update

from recsys.adapters.postgres import items
from recsys.adapters.postgres.engine import Connection, Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import MOMENT, rule_versions, rules
from recsys.adapters.verdicts import refuse_change, too_many_rules, unknown_rule
from recsys.domain import Algorithm
from recsys.ports import Clock
from recsys.rules import MAX_RULES, Rule, RuleAction, RuleTarget, RuleTerms, accept_terms

STATED = ("name", "action", "target", "algorithms", "factor", "position", "starts_at", "ends_at")
FIELDS = ("rule_id", "version", "changed_at", "ended", *STATED)

_COLUMNS = [rule_versions.c[name] for name in FIELDS]
_ID = bindparam("rule_id", type_=BigInteger)
_AT = bindparam("at", type_=MOMENT)
_NEWEST = and_(rule_versions.c.rule_id == rules.c.rule_id, rule_versions.c.version == rules.c.version)
_LASTS = and_(not_(rules.c.ended), or_(rules.c.ends_at.is_(None), rules.c.ends_at > _AT))

_CURRENT = Statement(select(*_COLUMNS).join(rules, _NEWEST).where(_LASTS).order_by(rules.c.rule_id))
_LAST = Statement(
    select(*_COLUMNS).join(rules, _NEWEST).order_by(rules.c.rule_id.desc()).limit(bindparam("at_most", type_=Integer))
)
_GET = Statement(select(*_COLUMNS).join(rules, _NEWEST).where(rules.c.rule_id == _ID))
_VERSIONS = Statement(select(*_COLUMNS).where(rule_versions.c.rule_id == _ID).order_by(rule_versions.c.version.desc()))
_OTHERS = Statement(select(func.count()).select_from(rules).where(_LASTS, rules.c.rule_id != _ID))
_HEAD = {name: bindparam(name, type_=rules.c[name].type) for name in ("version", "ended", "ends_at")}
_CREATE = Statement(insert(rules).values(_HEAD).returning(rules.c.rule_id))
_MOVE = Statement(update(rules).where(rules.c.rule_id == _ID).values(_HEAD))
_ADD = Statement(
    insert(rule_versions).values({name: bindparam(name, type_=rule_versions.c[name].type) for name in FIELDS})
)
NEW = 0
"""The id of a rule that has none yet."""


class PostgresRules:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock

    async def create(self, terms: RuleTerms) -> Rule:
        now = self._clock.now()
        rule = Rule(NEW, 1, now, accept_terms(terms, now))

        async def create(connection: Connection) -> Rule:
            return await self._write(rule, connection)

        return await self._in_turn(create)

    async def change(self, rule_id: int, change: Callable[[RuleTerms], RuleTerms]) -> Rule:
        async def next_version(connection: Connection) -> Rule:
            before, now = await _newest(rule_id, connection), self._clock.now()
            refuse_change(before)
            rule = Rule(rule_id, before.version + 1, now, accept_terms(change(before.terms), now))
            return await self._write(rule, connection)

        return await self._in_turn(next_version)

    async def end(self, rule_id: int) -> Rule:
        async def end(connection: Connection) -> Rule:
            before = await _newest(rule_id, connection)
            if before.ended:
                return before
            ended = replace(before, version=before.version + 1, changed_at=self._clock.now(), ended=True)
            return await self._write(ended, connection)

        return await self._in_turn(end)

    async def versions(self, rule_id: int) -> Sequence[Rule]:
        return [_rule(row) for row in await self._postgres.read(partial(_VERSIONS.all, rule_id=rule_id))]

    async def current(self) -> Sequence[Rule]:
        return [_rule(row) for row in await self._postgres.read(partial(_CURRENT.all, at=self._clock.now()))]

    async def newest(self, limit: int) -> Sequence[Rule]:
        return [_rule(row) for row in await self._postgres.read(partial(_LAST.all, at_most=limit))]

    async def _in_turn(self, write: Callable[[Connection], Any]) -> Rule:
        """Touching the catalogue takes its writers' lock, to the commit: changes of rules wait for one another."""

        async def touch_and_write(connection: Connection) -> Rule:
            async with connection.transaction():
                await items.TOUCH.run(connection)
                rule: Rule = await write(connection)
            return rule

        return await self._postgres.run(touch_and_write)

    async def _write(self, rule: Rule, connection: Connection) -> Rule:
        if not rule.ended:
            (others,) = await _OTHERS.one(connection, at=self._clock.now(), rule_id=rule.rule_id)
            if others >= MAX_RULES:
                raise too_many_rules(MAX_RULES)
        head = {"version": rule.version, "ended": rule.ended, "ends_at": rule.terms.ends_at}
        if rule.rule_id == NEW:
            (rule_id,) = await _CREATE.one(connection, **head)
            rule = replace(rule, rule_id=rule_id)
        else:
            await _MOVE.run(connection, rule_id=rule.rule_id, **head)
        await _ADD.run(connection, **_row(rule))
        return rule


async def _newest(rule_id: int, connection: Connection) -> Rule:
    row = await _GET.one(connection, rule_id=rule_id)
    if row is None:
        raise unknown_rule(rule_id)
    return _rule(row)


def _row(rule: Rule) -> dict[str, object]:
    terms = rule.terms
    target = {name: list(values) for name in RuleTarget.__slots__ if (values := getattr(terms.target, name))}
    stated = {name: getattr(terms, name) for name in STATED}
    codes = {"action": terms.action.value, "algorithms": [name.value for name in terms.algorithms]}
    head = {name: getattr(rule, name) for name in ("rule_id", "version", "changed_at", "ended")}
    return {**head, **stated, **codes, "target": Jsonb(target)}


def _rule(row: Sequence[Any]) -> Rule:
    rule_id, version, changed_at, ended, name, action, target, algorithms, *rest = row
    named = RuleTarget(**{name: tuple(values) for name, values in target.items()})
    terms = RuleTerms(name, RuleAction(action), named, tuple(map(Algorithm, algorithms)), *rest)
    return Rule(rule_id, version, changed_at, terms, ended)
