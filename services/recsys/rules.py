"""Rules of the house: what an editor has lifted, lowered, put in a place or kept out of lists, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from recsys.domain import MAX_ID, Algorithm
from recsys.errors import FieldError, InvalidInput

MAX_RULES = 200
"""That hold or will hold."""
MAX_VERSIONS = 1000
"""Of one rule."""
MAX_ITEMS, MAX_PINNED, MAX_NAMES = 1000, 20, 100
MAX_NAME, MAX_LABEL = 200, 200
MAX_FACTOR, MAX_POSITION = 100.0, 500
SOURCE = "rule:"
"""Before the id, in the source of a share."""


class RuleAction(StrEnum):
    BOOST = "boost"
    BURY = "bury"
    PIN = "pin"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """Items that are named by each of the lists that is not empty."""

    item_ids: tuple[int, ...] = ()
    """For pins in the order of their places."""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What an editor says."""

    name: str
    action: RuleAction
    target: RuleTarget
    algorithms: tuple[Algorithm, ...] = ()
    """Whose lists; none: all."""
    factor: float | None = None
    """Times which the score is taken: above 1 to boost, below 1 to bury."""
    position: int | None = None
    """Of the first pinned item, from 1; the others follow."""
    starts_at: datetime | None = None
    """None: at once."""
    ends_at: datetime | None = None
    """None: until it is ended."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule: in force from `changed_at` to the next version's, within its own schedule."""

    rule_id: int
    version: int
    changed_at: datetime
    terms: RuleTerms
    ended: bool = field(default=False)

    def is_over(self, at: datetime) -> bool:
        return self.ended or (self.terms.ends_at is not None and self.terms.ends_at <= at)

    def holds(self, at: datetime) -> bool:
        return not self.is_over(at) and (self.terms.starts_at is None or self.terms.starts_at <= at)

    @property
    def source(self) -> str:
        """Of its shares in a score."""
        return f"{SOURCE}{self.rule_id}"


def is_rule(source: str) -> bool:
    """Whether a share of this source is a rule's."""
    return source.startswith(SOURCE)


def accept_terms(terms: RuleTerms, now: datetime) -> RuleTerms:
    """The same terms. Raises `InvalidInput` naming each field that is off."""
    problems = [*_problems(terms, now)]
    if problems:
        reasons = "; ".join(f"{problem.field} {problem.message}" for problem in problems)
        raise InvalidInput(f"the rule cannot be: {reasons}", fields=tuple(problems))
    return terms


def _problems(terms: RuleTerms, now: datetime) -> Iterator[FieldError]:
    if not terms.name.strip() or len(terms.name) > MAX_NAME or not _is_text(terms.name):
        yield FieldError("name", f"is not between 1 and {MAX_NAME} characters of text")
    yield from _target_problems(terms.target)
    yield from _factor_problems(terms)
    yield from _pin_problems(terms)
    for name, moment in (("starts_at", terms.starts_at), ("ends_at", terms.ends_at)):
        if moment is not None and moment.utcoffset() is None:
            yield FieldError(name, "has no time zone")
            return
    if terms.ends_at is not None and terms.ends_at <= (terms.starts_at or now):
        yield FieldError("ends_at", "is not after the rule's start")


def _target_problems(target: RuleTarget) -> Iterator[FieldError]:
    if not (target.item_ids or target.categories or target.tags or target.brands):
        yield FieldError("target", "names nothing")
    if len(target.item_ids) > MAX_ITEMS:
        yield FieldError("target.item_ids", f"are more than {MAX_ITEMS}")
    if any(not 1 <= item_id <= MAX_ID for item_id in target.item_ids):
        yield FieldError("target.item_ids", f"are not all between 1 and {MAX_ID}")
    for field_name in ("categories", "tags", "brands"):
        names = getattr(target, field_name)
        if len(names) > MAX_NAMES:
            yield FieldError(f"target.{field_name}", f"are more than {MAX_NAMES}")
        if any(not 1 <= len(name) <= MAX_LABEL or not _is_text(name) for name in names):
            yield FieldError(f"target.{field_name}", f"are not all between 1 and {MAX_LABEL} characters of text")


def _factor_problems(terms: RuleTerms) -> Iterator[FieldError]:
    factor = terms.factor
    if terms.action is RuleAction.BOOST and not (factor is not None and 1 < factor <= MAX_FACTOR):
        yield FieldError("factor", f"is needed to boost: above 1, at most {MAX_FACTOR:g}")
    elif terms.action is RuleAction.BURY and not (factor is not None and 1 / MAX_FACTOR <= factor < 1):
        yield FieldError("factor", f"is needed to bury: below 1, at least {1 / MAX_FACTOR:g}")
    elif terms.action in {RuleAction.PIN, RuleAction.BLOCK} and factor is not None:
        yield FieldError("factor", "belongs to boost and bury only")


def _pin_problems(terms: RuleTerms) -> Iterator[FieldError]:
    if terms.action is not RuleAction.PIN:
        if terms.position is not None:
            yield FieldError("position", "belongs to pins only")
        return
    if terms.position is None or not 1 <= terms.position <= MAX_POSITION:
        yield FieldError("position", f"is needed to pin: from 1 to {MAX_POSITION}")
    target = terms.target
    if target.categories or target.tags or target.brands or not 1 <= len(target.item_ids) <= MAX_PINNED:
        yield FieldError("target", f"of a pin names 1 to {MAX_PINNED} items by their ids, and nothing else")
    if len(set(target.item_ids)) < len(target.item_ids):
        yield FieldError("target.item_ids", "hold an item twice")


def _is_text(value: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
