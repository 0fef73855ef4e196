"""Structured logs without personal data: ids and counts only, one JSON object per line."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import Any, Final

import structlog

from phr import tracing

_SAFE = frozenset(
    {"event", "level", "timestamp", "request", "trace", "route", "status", "seconds", "count", "kind", "reason", "job"}
)  # fmt: skip
_REQUEST: Final[ContextVar[str]] = ContextVar("request", default="")


def bind(request: str) -> None:
    """Every line of this request names it from now on."""
    _REQUEST.set(request)


def bound() -> str:
    """The request that is being answered; empty outside of one."""
    return _REQUEST.get()


def _tied(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Adds the request and the trace that a line belongs to."""
    if "request" not in event and (request := _REQUEST.get()):
        event["request"] = request
    if trace := tracing.trace_id():
        event["trace"] = trace
    return event


def _only_safe(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drops every field that is not on the list: unknown means no, and the number dropped is kept."""
    dropped = [key for key in event if key not in _SAFE]
    for key in dropped:
        del event[key]
    if dropped:
        event["count"] = event.get("count", len(dropped))
    return event


def _to_standard_error(*_given: object) -> structlog.PrintLogger:
    """Standard error as it is when a line is written: it may have been another one when logs were set up."""
    return structlog.PrintLogger(sys.stderr)


def configure(level: str = "INFO") -> None:
    """Sends the service's logs to standard error."""
    structlog.configure(
        processors=[
            _tied,
            _only_safe,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=_to_standard_error,
    )


def get() -> Any:
    """The logger of the service."""
    return structlog.get_logger()
