"""Bodies are read from their bytes by the models themselves: one strict pass in Rust, no lenient parse before it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema


class Strict(BaseModel):
    """Base of everything that a caller sends: no unknown field, no `true` for a 1, no 1.0 for a 1, no `"1"` for a 1."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FromJson:
    """Marks a body's type: `Annotated[Model, FromJson()]` takes the request's bytes."""

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(TypeAdapter(source).validate_json, handler(source))


class _RawRequest(Request):
    async def json(self) -> Any:
        return await self.body()


class JsonRoute(APIRoute):
    """A route whose body, if it has one, is marked with `FromJson`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(_RawRequest(request.scope, request.receive))

        return handle
