"""Rules of the house over every list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Body, Depends, Path, Query, Response

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.openapi import ADMIN_ONLY, problems
from recommendation_api.routes.dependencies import LiveServing, Mirror, OpenStores, refuse_body, refuse_strangers
from recommendation_api.schemas.body import FromJson, JsonRoute
from recommendation_api.schemas.fields import TextualId
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.schemas.rules import (
    NewRule,
    Preview,
    PreviewAnswer,
    RuleAnswer,
    RuleChange,
    RuleHistoryAnswer,
    RulesAnswer,
)
from recommendation_api.serving.rulings import matching
from recsys.adapters.verdicts import unknown_rule
from recsys.errors import FieldError, InvalidInput
from recsys.ports import Clock
from recsys.rules import Rule, RuleTarget, RuleTerms, accept_terms

SHOWN = 500
TRIED = 0
"""The id of a rule that is only tried."""

router = APIRouter(route_class=JsonRoute, tags=["Rules"], dependencies=[Depends(refuse_strangers)])

RuleId = Annotated[TextualId, Path(description="The rule's id")]


@router.post(
    "/rules",
    summary="Make a rule",
    status_code=HTTPStatus.CREATED,
    responses=problems(403, 409, 422, 503),
    openapi_extra=ADMIN_ONLY,
)
async def create(
    body: Annotated[NewRule, FromJson(), Body()], stores: OpenStores, catalogue: Mirror, response: Response
) -> RuleAnswer:
    """It is in force on every path, cached lists too, from the moment that it starts: in the worker that answers at
    once, in the others within the time in which they read the catalogue anew. At most 200 rules hold or will hold.
    """
    terms = body.to_terms()
    await _refuse_unknown(terms.target, catalogue)
    rule = await stores.rules.create(terms)
    await catalogue.announce()
    response.headers["Location"] = f"/rules/{rule.rule_id}"
    return _told(rule, catalogue, stores.clock)


@router.get("/rules", summary="The rules", responses=problems(403, 422, 503), openapi_extra=ADMIN_ONLY)
async def rules(
    stores: OpenStores,
    catalogue: Mirror,
    include_past: Annotated[bool, Query(description="Also those that are over or were ended")] = False,
) -> RulesAnswer:
    """In their newest versions: those that hold or will hold; with the others the 500 newest."""
    found = await stores.rules.newest(SHOWN) if include_past else [*reversed(await stores.rules.current())]
    return RulesAnswer(rules=[_told(rule, catalogue, stores.clock) for rule in found])


@router.post(
    "/rules/preview",
    summary="What a rule would do",
    responses=problems(403, 404, 409, 422, 503),
    openapi_extra=ADMIN_ONLY,
)
async def preview(
    body: Annotated[Preview, FromJson(), Body()], stores: OpenStores, catalogue: Mirror, serving: LiveServing
) -> PreviewAnswer:
    """One user's list as it is and as the rule would make it, explained. Nothing is stored, nothing is counted."""
    now = stores.clock.now()
    terms = accept_terms(body.rule.to_terms(), now)
    await _refuse_unknown(terms.target, catalogue)
    rule = Rule(body.instead_of or TRIED, 1, now, terms if body.at else replace(terms, starts_at=None))
    if body.instead_of:
        rule = replace(rule, version=(await _versions(body.instead_of, stores.rules.versions))[0].version + 1)
    others = [other for other in catalogue.view.rules if other.rule_id != rule.rule_id]
    request = RecommendationRequest(
        user_id=body.user_id,
        num_recommendations=body.num_recommendations,
        algorithm=body.algorithm,
        filters=body.filters,
        explain=True,
    )
    trial = sorted([*others, rule], key=lambda each: each.rule_id or np.inf)
    before, after = await serving.preview(request, trial, body.at or now)
    return PreviewAnswer.model_validate({"items": _count(terms, catalogue), "before": before, "after": after})


@router.get(
    "/rules/{rule_id}",
    summary="A rule and its history",
    responses=problems(403, 404, 422, 503),
    openapi_extra=ADMIN_ONLY,
)
async def rule_history(rule_id: RuleId, stores: OpenStores, catalogue: Mirror) -> RuleHistoryAnswer:
    """What it is, and every version that it had."""
    found = await _versions(rule_id, stores.rules.versions)
    return RuleHistoryAnswer.telling(found, stores.clock.now(), _count(found[0].terms, catalogue))


@router.patch(
    "/rules/{rule_id}",
    summary="Change a rule",
    responses=problems(403, 404, 409, 422, 503),
    openapi_extra=ADMIN_ONLY,
)
async def change(
    rule_id: RuleId, body: Annotated[RuleChange, FromJson(), Body()], stores: OpenStores, catalogue: Mirror
) -> RuleAnswer:
    """A new version; the earlier ones stay to be read."""
    if body.target:
        await _refuse_unknown(body.target.to_target(), catalogue)
    rule = await stores.rules.change(rule_id, body.applied_to)
    await catalogue.announce()
    return _told(rule, catalogue, stores.clock)


@router.delete(
    "/rules/{rule_id}",
    summary="End a rule",
    dependencies=[Depends(refuse_body)],
    responses=problems(403, 404, 422, 503),
    openapi_extra=ADMIN_ONLY,
)
async def end(rule_id: RuleId, stores: OpenStores, catalogue: Mirror) -> RuleAnswer:
    """From now on and for good; it stays to be read. An ended one stays as it is."""
    rule = await stores.rules.end(rule_id)
    await catalogue.announce()
    return _told(rule, catalogue, stores.clock)


async def _versions(rule_id: int, read: Callable[[int], Awaitable[Sequence[Rule]]]) -> Sequence[Rule]:
    found = await read(rule_id)
    if not found:
        raise unknown_rule(rule_id)
    return found


async def _refuse_unknown(target: RuleTarget, catalogue: CatalogueMirror) -> None:
    """Raises `InvalidInput` for items and categories that are not there; another worker may have written one now."""
    if _unknown(target, catalogue):
        await catalogue.refresh()
    errors = _unknown(target, catalogue)
    if errors:
        raise InvalidInput("; ".join(error.message for error in errors[:3]), fields=tuple(errors))


def _unknown(target: RuleTarget, catalogue: CatalogueMirror) -> list[FieldError]:
    view = catalogue.view
    errors = [
        FieldError(f"target.item_ids.{index}", f"there is no item {item_id}")
        for index, item_id in enumerate(target.item_ids)
        if view.position(item_id) is None
    ]
    errors += [
        FieldError(f"target.categories.{index}", f"there is no category {name!r}")
        for index, name in enumerate(target.categories)
        if name not in view.category_codes
    ]
    return errors


def _count(terms: RuleTerms, catalogue: CatalogueMirror) -> int:
    return int(np.count_nonzero(matching(catalogue.view, terms.target)))


def _told(rule: Rule, catalogue: CatalogueMirror, clock: Clock) -> RuleAnswer:
    return RuleAnswer.at(rule, clock.now(), _count(rule.terms, catalogue))
