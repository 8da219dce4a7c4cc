"""`/docs`, served whole from here: a machine without a way out shows it too."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

CACHE_SECONDS = 86_400
Asset = Literal["swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"]

router = APIRouter(include_in_schema=False)


def _asset_folder() -> Path:
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise LookupError("fastapi-offline is not installed: the page of /docs has no script")
    return Path(spec.origin).parent / "static"


FOLDER = _asset_folder()


@router.get("/")
async def root() -> RedirectResponse:
    return RedirectResponse("/docs")


@router.get("/docs")
async def docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="RecStack",
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="/docs/favicon.png",
        swagger_ui_parameters={"defaultModelsExpandDepth": 0, "displayRequestDuration": True, "tryItOutEnabled": True},
    )


@router.get("/docs/{name}")
async def asset(name: Asset) -> FileResponse:
    return FileResponse(FOLDER / name, headers={"Cache-Control": f"max-age={CACHE_SECONDS}"})
