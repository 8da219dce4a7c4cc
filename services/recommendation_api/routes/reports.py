"""The page that a training wrote: what it learned from, how good it is, what was decided."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from recommendation_api.openapi import problems
from recommendation_api.routes.dependencies import OpenSettings
from recsys.errors import ArtifactCorrupt, Conflict
from recsys.release import read_report

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
"""The page has styles of its own and nothing else: whatever a title holds, no browser runs it."""

router = APIRouter(tags=["Releases"])


@router.get(
    "/releases/{version}/report",
    summary="The report of the training that wrote a release",
    response_class=HTMLResponse,
    responses=problems(404, 409),
)
async def report(
    version: Annotated[str, Path(description="The release's version")], settings: OpenSettings
) -> HTMLResponse:
    """One HTML page, complete in itself. 404 as well for a release that was written without one."""
    try:
        page = await asyncio.to_thread(read_report, settings.releases, version)
    except ArtifactCorrupt as error:
        raise Conflict(error.detail) from error
    return HTMLResponse(page, headers=HEADERS)
