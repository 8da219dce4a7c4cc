"""Whether the service is well, and what it counted."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from recommendation_api.metrics import exposition
from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import LiveServing, Mirror, OpenStores
from recommendation_api.schemas.health import Health, HealthAnswer, ReadyAnswer
from recsys.errors import NotReady, Unavailable
from recsys.stores import Ping

SLOW_SECONDS = 0.5

router = APIRouter(tags=["Operations"])


@router.get("/health", summary="How the service and its dependencies are")
async def health(stores: OpenStores, serving: LiveServing) -> HealthAnswer:
    """Always 200 while the process answers."""
    states = await asyncio.gather(*map(_ask, stores.pings.values()))
    release = serving.release
    well = release is not None and all(state is Health.OK for state in states)
    return HealthAnswer(
        status=Health.OK if well else Health.DEGRADED,
        release=release.version if release else None,
        dependencies=dict(zip(stores.pings, states, strict=True)),
    )


@router.get("/ready", summary="Whether a release serves", responses=problems(503))
async def ready(serving: LiveServing, catalogue: Mirror) -> ReadyAnswer:
    """503 until recommendations can be answered."""
    release = serving.release
    if release is None:
        raise NotReady("no release is live yet")
    if not catalogue.can_serve:
        raise NotReady("the catalogue is not loaded yet")
    return ReadyAnswer(status="ready", release=release.version)


@router.get(
    "/metrics",
    summary="Metrics of every worker",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_PLAIN_0_0_4: {}}, "description": "Prometheus' text format"}},
)
def metrics() -> Response:
    return Response(exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _ask(ping: Ping) -> Health:
    """`degraded` where the answer came late."""
    began = time.perf_counter()
    try:
        await ping()
    except Unavailable:
        return Health.DOWN
    return Health.OK if time.perf_counter() - began < SLOW_SECONDS else Health.DEGRADED
