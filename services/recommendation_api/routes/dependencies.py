"""What a route asks for: parts of the lifespan's state, and the check of the query's names."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Request

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.contents import Contents
from recommendation_api.erasing import Eraser
from recommendation_api.finding import Finder
from recommendation_api.forgotten import Forgotten
from recommendation_api.guests import GuestRecorder
from recommendation_api.invalidation import Invalidation
from recommendation_api.keys import require_admin
from recommendation_api.recording import Recorder
from recommendation_api.serving import Serving
from recsys.domain import MAX_ID
from recsys.errors import FieldError, InvalidInput, NotFound
from recsys.settings import Settings
from recsys.stores import Stores

_AN_ID = re.compile(r"[1-9][0-9]{0,18}")


def refuse_unknown_query(request: Request) -> None:
    """A misspelt or repeated parameter would otherwise be silently another question."""
    known = {parameter.alias for parameter in request.scope["route"].dependant.query_params}
    sent = [name for name, _ in request.query_params.multi_items()]
    problems = [FieldError(name, "is not a parameter of this address") for name in sorted({*sent} - known)]
    problems += [FieldError(name, "is given more than once") for name in sorted(known) if sent.count(name) > 1]
    if problems:
        detail = "; ".join(f"{problem.field} {problem.message}" for problem in problems[:3])
        raise InvalidInput(detail, fields=tuple(problems))


def refuse_strangers(request: Request) -> None:
    """Raises `Forbidden` for anybody but the admin."""
    require_admin(request.scope, _settings(request).admin_key)


async def refuse_body(request: Request) -> None:
    """What is sent where nothing is read would be silently ignored."""
    if await request.body():
        message = "this address takes no body"
        raise InvalidInput(message, fields=(FieldError("body", message),))


async def refuse_erased(request: Request) -> AsyncIterator[None]:
    """Whoever an address names: raises `Erased` for somebody whom this worker knows to be, and for an unknown user who
    was erased by another worker just now.
    """
    named = request.path_params.get("user_id") or request.query_params.get("user_id") or ""
    if not _AN_ID.fullmatch(named) or int(named) > MAX_ID:
        yield
        return
    user_id = int(named)
    forgotten = cast(Forgotten, request.state.forgotten)
    forgotten.refuse(user_id)
    try:
        yield
    except NotFound:
        await forgotten.refuse_late(user_id)
        raise


def _settings(request: Request) -> Settings:
    return cast(Settings, request.state.settings)


def _stores(request: Request) -> Stores:
    return cast(Stores, request.state.stores)


def _catalogue(request: Request) -> CatalogueMirror:
    return cast(CatalogueMirror, request.state.catalogue)


def _invalidation(request: Request) -> Invalidation:
    return cast(Invalidation, request.state.invalidation)


def _recorder(request: Request) -> Recorder:
    return cast(Recorder, request.state.recorder)


def _eraser(request: Request) -> Eraser:
    return cast(Eraser, request.state.eraser)


def _forgotten(request: Request) -> Forgotten:
    return cast(Forgotten, request.state.forgotten)


def _guests(request: Request) -> GuestRecorder:
    return cast(GuestRecorder, request.state.guests)


def _serving(request: Request) -> Serving:
    return cast(Serving, request.state.serving)


def _finder(request: Request) -> Finder:
    return cast(Finder, request.state.finder)


def _contents(request: Request) -> Contents:
    return cast(Contents, request.state.contents)


OpenSettings = Annotated[Settings, Depends(_settings)]
OpenStores = Annotated[Stores, Depends(_stores)]
Mirror = Annotated[CatalogueMirror, Depends(_catalogue)]
Dropping = Annotated[Invalidation, Depends(_invalidation)]
Recording = Annotated[Recorder, Depends(_recorder)]
GuestRecording = Annotated[GuestRecorder, Depends(_guests)]
LiveServing = Annotated[Serving, Depends(_serving)]
Finding = Annotated[Finder, Depends(_finder)]
Indexed = Annotated[Contents, Depends(_contents)]
Erasing = Annotated[Eraser, Depends(_eraser)]
Forgetting = Annotated[Forgotten, Depends(_forgotten)]
