"""`POST /recommendations`, answered directly under the ASGI server; everything else goes on to the application."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from recommendation_api.limits import read_body
from recommendation_api.observe import ALGORITHM
from recommendation_api.problems import problem_response
from recommendation_api.schemas.recommendations import RecommendationRequest
from recommendation_api.serving.serving import Serving
from recsys.errors import NotReady, RecstackError

PATH = "/recommendations"
_validate = RecommendationRequest.__pydantic_validator__.validate_json


class HotPath:
    """Plain ASGI below the counting and the keys, above FastAPI, which only documents this route."""

    def __init__(self, app: ASGIApp, serving: Callable[[], Serving | None]) -> None:
        """`serving` gives the one that the lifespan opened; None before."""
        self._app = app
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            request = _validate(await read_body(scope, receive))
            scope[ALGORITHM] = request.algorithm.value
            serving = self._serving()
            if serving is None:
                raise NotReady("the service is starting")
            body = await serving.recommend(request)
        except (ValidationError, RecstackError, HTTPException) as error:
            await problem_response(error, PATH)(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
        await send({"type": "http.response.body", "body": body})
