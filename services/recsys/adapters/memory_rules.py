"""Rules in this process's memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from recsys.adapters.memory import MemoryCatalog, MemoryDatabase
from recsys.adapters.verdicts import refuse_change, too_many_rules, unknown_rule
from recsys.rules import MAX_RULES, Rule, RuleTerms, accept_terms


class MemoryRules:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def create(self, terms: RuleTerms) -> Rule:
        now = self._database.clock.now()
        accept_terms(terms, now)
        return await self._write(Rule(len(self._database.rules) + 1, 1, now, terms))

    async def change(self, rule_id: int, change: Callable[[RuleTerms], RuleTerms]) -> Rule:
        before, now = self._newest(rule_id), self._database.clock.now()
        refuse_change(before)
        terms = accept_terms(change(before.terms), now)
        return await self._write(Rule(rule_id, before.version + 1, now, terms))

    async def end(self, rule_id: int) -> Rule:
        before = self._newest(rule_id)
        if before.ended:
            return before
        now = self._database.clock.now()
        return await self._write(replace(before, version=before.version + 1, changed_at=now, ended=True))

    async def versions(self, rule_id: int) -> Sequence[Rule]:
        return self._database.rules.get(rule_id, [])[::-1]

    async def current(self) -> Sequence[Rule]:
        now = self._database.clock.now()
        return [versions[-1] for versions in self._database.rules.values() if not versions[-1].is_over(now)]

    async def newest(self, limit: int) -> Sequence[Rule]:
        return [versions[-1] for versions in reversed(self._database.rules.values())][:limit]

    def _newest(self, rule_id: int) -> Rule:
        if rule_id not in self._database.rules:
            raise unknown_rule(rule_id)
        return self._database.rules[rule_id][-1]

    async def _write(self, rule: Rule) -> Rule:
        others = [other for other in await self.current() if other.rule_id != rule.rule_id]
        if len(others) >= MAX_RULES and not rule.ended:
            raise too_many_rules(MAX_RULES)
        self._database.rules.setdefault(rule.rule_id, []).append(rule)
        await MemoryCatalog(self._database).touch()
        return rule
