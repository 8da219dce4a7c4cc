"""Rules as editors write and read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from recommendation_api.schemas.body import Strict
from recommendation_api.schemas.fields import CategoryName, Count, Id, Moment
from recommendation_api.schemas.recommendations import Filters, RecommendedItem
from recsys.domain import Algorithm
from recsys.rules import (
    MAX_FACTOR,
    MAX_ITEMS,
    MAX_LABEL,
    MAX_NAME,
    MAX_NAMES,
    MAX_POSITION,
    Rule,
    RuleAction,
    RuleTarget,
    RuleTerms,
)

RuleName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LABEL)]
Factor = Annotated[float, Field(gt=0, le=MAX_FACTOR, allow_inf_nan=False)]
Position = Annotated[int, Field(ge=1, le=MAX_POSITION)]

EXAMPLE: JsonDict = {
    "name": "Winter sale",
    "action": "boost",
    "target": {"categories": ["Books"], "tags": ["history"]},
    "factor": 1.5,
    "starts_at": "2026-12-01T00:00:00Z",
    "ends_at": "2027-01-07T00:00:00Z",
}


class Target(Strict):
    """The items that each list given here names: a category and a tag mean what has both."""

    item_ids: tuple[Id, ...] = Field(default=(), max_length=MAX_ITEMS)
    """Of a pin in the order of their places."""
    categories: tuple[CategoryName, ...] = Field(default=(), max_length=MAX_NAMES)
    tags: tuple[Label, ...] = Field(default=(), max_length=MAX_NAMES)
    brands: tuple[Label, ...] = Field(default=(), max_length=MAX_NAMES)

    def to_target(self) -> RuleTarget:
        return RuleTarget(self.item_ids, self.categories, self.tags, self.brands)


class NewRule(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: RuleName
    action: RuleAction
    """boost and bury take the scores times `factor`; pin gives places from `position` on; block keeps out."""
    target: Target
    algorithms: tuple[Algorithm, ...] | None = Field(default=None, min_length=1, max_length=len(Algorithm))
    """Whose lists; null: all."""
    factor: Factor | None = None
    """Above 1 to boost, below 1 to bury."""
    position: Position | None = None
    """The place of the first pinned item; the others follow."""
    starts_at: Moment | None = None
    """Null: at once."""
    ends_at: Moment | None = None
    """Null: until it is ended."""

    def to_terms(self) -> RuleTerms:
        return RuleTerms(
            name=self.name,
            action=self.action,
            target=self.target.to_target(),
            algorithms=self.algorithms or (),
            factor=self.factor,
            position=self.position,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


class RuleChange(Strict):
    """Fields that are left out stay, null clears. What a rule does stays for good: another action is another rule."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ends_at": "2027-01-14T00:00:00Z"}]})

    name: RuleName | None = None
    target: Target | None = None
    algorithms: tuple[Algorithm, ...] | None = Field(default=None, min_length=1, max_length=len(Algorithm))
    factor: Factor | None = None
    position: Position | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    def applied_to(self, terms: RuleTerms) -> RuleTerms:
        stated = {name: getattr(self, name) for name in self.model_fields_set}
        if "target" in stated:
            stated["target"] = self.target.to_target() if self.target else RuleTarget()
        if "name" in stated:
            stated["name"] = self.name or ""
        if "algorithms" in stated:
            stated["algorithms"] = self.algorithms or ()
        return replace(terms, **stated)


class Preview(Strict):
    """What a rule would do to one list; nothing is stored, and nothing is counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user_id": 1, "rule": EXAMPLE}]})

    user_id: Id
    rule: NewRule
    instead_of: Id | None = None
    """The id of a rule that it would take the place of."""
    at: Moment | None = None
    """When; null: now, and the rule as if it held already."""
    num_recommendations: Count = 10
    algorithm: Algorithm = Algorithm.HYBRID
    filters: Filters | None = None


class RuleState(StrEnum):
    SCHEDULED = "scheduled"
    LIVE = "live"
    OVER = "over"
    """Past its end; it can be prolonged."""
    ENDED = "ended"
    """For good."""


class TargetAnswer(BaseModel):
    item_ids: Sequence[int]
    categories: Sequence[str]
    tags: Sequence[str]
    brands: Sequence[str]


class VersionAnswer(BaseModel):
    """A rule as it was stated once; in force from `changed_at` to that of the next version, within its schedule."""

    rule_id: int
    version: int
    changed_at: datetime
    ended: bool
    name: str
    action: RuleAction
    target: TargetAnswer
    algorithms: Sequence[Algorithm] | None
    factor: float | None
    position: int | None
    starts_at: datetime | None
    ends_at: datetime | None

    @classmethod
    def of(cls, rule: Rule) -> Self:
        return cls.model_validate(_fields(rule))


class RuleAnswer(VersionAnswer):
    """The newest version."""

    state: RuleState
    items: int
    """How many of the catalogue it names now."""

    @classmethod
    def at(cls, rule: Rule, now: datetime, items: int) -> Self:
        return cls.model_validate({**_fields(rule), "state": state_of(rule, now), "items": items})


class RuleHistoryAnswer(RuleAnswer):
    versions: list[VersionAnswer]
    """Newest first."""

    @classmethod
    def telling(cls, newest_first: Sequence[Rule], now: datetime, items: int) -> Self:
        versions = [_fields(rule) for rule in newest_first]
        rule = newest_first[0]
        return cls.model_validate({**versions[0], "state": state_of(rule, now), "items": items, "versions": versions})


class RulesAnswer(BaseModel):
    rules: list[RuleAnswer]
    """Newest first."""


class PreviewAnswer(BaseModel):
    items: int
    """How many of the catalogue the rule names."""
    before: list[RecommendedItem]
    after: list[RecommendedItem]


def state_of(rule: Rule, now: datetime) -> RuleState:
    if rule.ended:
        return RuleState.ENDED
    if rule.is_over(now):
        return RuleState.OVER
    return RuleState.LIVE if rule.holds(now) else RuleState.SCHEDULED


def _fields(rule: Rule) -> dict[str, object]:
    terms = rule.terms
    target = {name: list(getattr(terms.target, name)) for name in TargetAnswer.model_fields}
    return {
        **{name: getattr(rule, name) for name in ("rule_id", "version", "changed_at", "ended")},
        **{name: getattr(terms, name) for name in ("name", "action", "factor", "position", "starts_at", "ends_at")},
        "target": target,
        "algorithms": list(terms.algorithms) or None,
    }
