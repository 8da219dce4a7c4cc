"""What storing comes to when it is refused: the same words from every adapter."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from recsys.domain import Interaction
from recsys.errors import Conflict, Erased, FieldError, InvalidInput, NotFound
from recsys.ports import Recorded
from recsys.rules import MAX_VERSIONS, Rule


def unknown_user(user_id: int) -> NotFound:
    return _unknown("user", user_id)


def erased_user(user_id: int) -> Erased:
    detail = f"user {user_id} asked to be forgotten and was erased"
    return Erased(detail, fields=(FieldError("user_id", detail),))


def erased_external() -> Erased:
    detail = "the user with this external id asked to be forgotten and was erased"
    return Erased(detail, fields=(FieldError("external_id", detail),))


def erased_session() -> Erased:
    detail = "the session was merged into an account whose user asked to be forgotten and was erased"
    return Erased(detail, fields=(FieldError("session_id", detail),))


def unknown_item(item_id: int) -> NotFound:
    return _unknown("item", item_id)


def hides_too_many(most: int) -> Conflict:
    detail = f"a user hides at most {most} items: show another one again first"
    return Conflict(detail, fields=(FieldError("item_id", detail),))


def unknown_rule(rule_id: int) -> NotFound:
    return _unknown("rule", rule_id)


def too_many_rules(most: int) -> Conflict:
    return Conflict(f"{most} rules hold or will hold, and that is the most there may be: end one first")


def refuse_change(rule: Rule) -> None:
    """Raises `Conflict` for a rule that was ended, and for one with as many versions as there may be."""
    if rule.ended:
        raise Conflict(f"rule {rule.rule_id} was ended: create another one")
    if rule.version >= MAX_VERSIONS - 1:
        raise Conflict(f"rule {rule.rule_id} was changed too often: end it and create another one")


def not_registered(version: str) -> NotFound:
    return NotFound(f"release {version} is not registered in MLflow")


def _unknown(what: str, number: int) -> NotFound:
    detail = f"there is no {what} {number}"
    return NotFound(detail, fields=(FieldError(f"{what}_id", detail),))


def refuse_unknown(categories: Iterable[str], item_ids: Iterable[int]) -> None:
    """Raises `InvalidInput` if a user stated anything about what does not exist."""
    problems = [FieldError(f"preferences.categories.{name}", f"there is no category {name}") for name in categories]
    problems += [FieldError("liked_item_ids", f"there is no item {item_id}") for item_id in item_ids]
    if problems:
        raise InvalidInput("; ".join(problem.message for problem in problems), fields=tuple(problems))


def taken(what: str, external_id: str | None) -> Conflict:
    detail = f"another {what} has the external id {external_id}"
    return Conflict(detail, fields=(FieldError("external_id", detail),))


def repeated(stored: Interaction, event: Interaction) -> Recorded | Conflict:
    """What an event whose id is stored already comes to: a duplicate, or a conflict where the contents differ.

    A time that the server set, in either of them, is no content.
    """
    if _content(stored, event) == _content(event, stored):
        return Recorded(event.event_id, duplicate=True)
    detail = f"the event id {event.event_id} is taken by an event with other content"
    return Conflict(detail, fields=(FieldError("event_id", detail),))


def _content(event: Interaction, other: Interaction) -> tuple[object, ...]:
    said_at = None if event.timed_by_server or other.timed_by_server else event.occurred_at
    # The store holds single precision.
    value = None if event.value is None else struct.pack("f", event.value)
    return event.user_id, event.item_id, event.type, value, said_at, event.recommendation_id
