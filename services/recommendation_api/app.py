"""The composition root: what stands around what."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from recommendation_api import problems
from recommendation_api.keys import RequireKey
from recommendation_api.lifespan import Lifespan, OpenStores
from recommendation_api.limits import LimitBodies, LimitConcurrency
from recommendation_api.observe import Observe
from recommendation_api.openapi import DESCRIPTION, describe_api
from recommendation_api.routes import (
    algorithms,
    discovery,
    docs,
    health,
    hidden_items,
    interactions,
    items,
    privacy,
    recommendations,
    releases,
    reports,
    rules,
    sessions,
    users,
)
from recommendation_api.routes.dependencies import refuse_erased, refuse_unknown_query
from recommendation_api.serving import HotPath
from recsys.settings import Settings
from recsys.stores import open_stores

DIRECT = frozenset({"/recommendations"})
ROUTERS = (
    recommendations.router,
    algorithms.router,
    interactions.router,
    users.router,
    sessions.router,
    hidden_items.router,
    privacy.router,
    items.router,
    discovery.router,
    rules.router,
    releases.router,
    reports.router,
    health.router,
    docs.router,
)


def create_app(settings: Settings, open_stores: OpenStores = open_stores) -> ASGIApp:
    """The whole service as one ASGI application; its lifespan opens everything and closes it in order.

    From the outside in: every request is counted, a crowd is refused, a key is asked for, `POST /recommendations` is
    answered, and FastAPI has the rest, its bodies bounded.
    """
    lifespan = Lifespan(settings, open_stores)
    app: ASGIApp = LimitBodies(_routes(lifespan))
    app = HotPath(app, lambda: lifespan.serving)
    keys = tuple(key for key in (settings.api_key, settings.admin_key) if key)
    if settings.api_key:
        app = RequireKey(app, keys)
    return Observe(LimitConcurrency(app), DIRECT)


def _routes(lifespan: Lifespan) -> FastAPI:
    app = FastAPI(
        title="RecStack",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_unknown_query), Depends(refuse_erased)],
    )
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    describe_api(app)
    return app
