"""Every error that a caller may see, each with the HTTP status that it becomes.

RecstackError
├── InvalidInput        422  the caller's words are off; `fields` names them
├── NotFound            404  unknown user, item, release
├── Erased              410  the user asked to be forgotten
├── Conflict            409  same key, other content
├── Forbidden           403  a key is missing or wrong
├── NotReady            503  nothing to serve yet
├── Unavailable         503  a dependency is away and the answer needs it
├── DataRefused              the job's input cannot be used (command line)
└── ArtifactCorrupt          a release's file does not match its hash
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the input that was refused, and why."""

    field: str
    message: str


class RecstackError(Exception):
    """Base of the tree; `detail` is safe to show to the caller."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields


class InvalidInput(RecstackError):
    status = 422
    title = "Invalid input"


class NotFound(RecstackError):
    status = 404
    title = "Not found"


class Erased(RecstackError):
    status = 410
    title = "Erased"


class Conflict(RecstackError):
    status = 409
    title = "Conflict"


class Forbidden(RecstackError):
    status = 403
    title = "Forbidden"


class NotReady(RecstackError):
    status = 503
    title = "Not ready"


class Unavailable(RecstackError):
    """`dependency` names who is away; `retry_after` is in seconds."""

    status = 503
    title = "Dependency unavailable"

    def __init__(self, detail: str, *, dependency: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.dependency = dependency
        self.retry_after = retry_after


class DataRefused(RecstackError):
    title = "Data refused"


class ArtifactCorrupt(RecstackError):
    title = "Corrupt artifact"
