"""One line a happening: JSON in containers, coloured on a terminal, the request's id bound, nobody's id in it."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from recsys.settings import Settings

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
_DIGITS = re.compile(r"\d+")
_QUIET = ("httpx", "urllib3", "asyncio")


def configure(settings: Settings) -> None:
    """Send structlog and the standard library's loggers, the web server's among them, to stderr in one form."""
    shared: list[Processor] = [
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_exception,
    ]
    renderer: Processor = structlog.processors.JSONRenderer()
    if not settings.log_json:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        cache_logger_on_first_use=False,
    )


def masked(error: BaseException) -> str:
    """The error's class and words; ids, like every other figure, are left out of them."""
    return f"{type(error).__name__}: {_DIGITS.sub('#', str(error))}"


def _mask_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A traceback whose messages are masked: PostgreSQL's quote the row."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_chain(error))
    return event


def _chain(error: BaseException | None) -> list[str]:
    lines: list[str] = []
    while error is not None:
        lines += ["".join(traceback.format_tb(error.__traceback__)) + masked(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines


def _add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event
