"""Which releases there are, what was live when, and the admin's way to change it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from recommendation_api import releases as control
from recommendation_api.openapi import ADMIN_ONLY, problems
from recommendation_api.routes.dependencies import (
    LiveServing,
    OpenSettings,
    OpenStores,
    refuse_body,
    refuse_strangers,
)
from recommendation_api.schemas.releases import (
    DecisionAnswer,
    DeploymentAnswer,
    LiveReleaseAnswer,
    ReleaseAnswer,
    ReleasesAnswer,
)
from recsys.domain import Algorithm, Deployment, ReleaseDecision

SHOWN = 100
SHOWN_REFUSALS = 20
DIGITS = 6

router = APIRouter(tags=["Releases"])

Version = Annotated[str, Path(description="The release's version")]
FOR_THE_ADMIN = [Depends(refuse_strangers), Depends(refuse_body)]


@router.get("/releases", summary="The releases, and what was live when", responses=problems(503))
async def releases(stores: OpenStores, settings: OpenSettings) -> ReleasesAnswer:
    """With what the gate decided of each, and what it refused. A release with a `problem` cannot be promoted."""
    known = await asyncio.to_thread(control.known_releases, settings.releases)
    history = await stores.deployments.newest(SHOWN)
    decided = await stores.decisions.of_releases([each.version for each in known])
    refused = await stores.decisions.refusals(SHOWN_REFUSALS)
    live = history[0].version if history else None
    return ReleasesAnswer(
        releases=[_described(each, decided.get(each.version), is_live=each.version == live) for each in known],
        deployments=_periods(history),
        refusals=[_told(decision) for decision in refused],
    )


@router.post(
    "/releases/{version}/promote",
    summary="Make a release live",
    dependencies=FOR_THE_ADMIN,
    responses=problems(403, 404, 409, 422, 503),
    openapi_extra=ADMIN_ONLY,
)
async def promote(version: Version, serving: LiveServing, stores: OpenStores) -> LiveReleaseAnswer:
    """The worker that answers serves it from now on, the others within seconds; what is live stays as it is."""
    change = await control.promote(version, serving, stores)
    return LiveReleaseAnswer(release=change.release, previous=change.previous)


@router.post(
    "/releases/rollback",
    summary="Go back to the release that was live before",
    dependencies=FOR_THE_ADMIN,
    responses=problems(403, 409, 422, 503),
    openapi_extra=ADMIN_ONLY,
)
async def rollback(serving: LiveServing, stores: OpenStores, settings: OpenSettings) -> LiveReleaseAnswer:
    """A release that was rolled back is not come back to: a second rollback goes one further back."""
    change = await control.roll_back(serving, stores, settings.releases)
    return LiveReleaseAnswer(release=change.release, previous=change.previous)


def _described(known: control.KnownRelease, decision: ReleaseDecision | None, *, is_live: bool) -> ReleaseAnswer:
    hybrid = known.manifest.algorithms.get(Algorithm.HYBRID) if known.manifest else None
    return ReleaseAnswer(
        version=known.version,
        created_at=known.manifest.created_at if known.manifest else None,
        metrics={name: round(value, DIGITS) for name, value in hybrid.metrics.items()} if hybrid else {},
        is_live=is_live,
        problem=known.problem,
        decision=_told(decision) if decision else None,
    )


def _told(decision: ReleaseDecision) -> DecisionAnswer:
    return DecisionAnswer.model_validate(decision, from_attributes=True)


def _periods(newest_first: Sequence[Deployment]) -> list[DeploymentAnswer]:
    ends = [None, *(each.live_from for each in newest_first)]
    return [
        DeploymentAnswer.model_validate(
            {
                "version": each.version,
                "action": each.action,
                "live_from": each.live_from,
                "live_until": end,
                "reason": each.reason,
            }
        )
        for each, end in zip(newest_first, ends, strict=False)
    ]
