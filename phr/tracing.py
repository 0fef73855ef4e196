"""Spans of what the service does, for an OpenTelemetry collector: none unless a setting names one, and of nobody.

A span says which route, use case, reason or kind of letter took how long. Attributes that are not on the list are
dropped, and of an exception only its class is kept: its text may hold a value or a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from phr.errors import Refused

_SAFE: Final = frozenset(
    {"http.request.method", "http.route", "http.response.status_code", "phr.request", "phr.role", "phr.purpose",
     "phr.kind", "error.type"}
)  # fmt: skip
_tracers: list[Any] = []
"""The tracer of this process, once there is one."""
_NOTHING: Final = nullcontext()


def begin(url: str, share: float, exporter: Any = None) -> Callable[[], None]:
    """Lets spans be made and sent to ``url`` (or to ``exporter``); gives what ends that. Raises Refused without the library."""
    try:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra that few install
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import (  # noqa: PLC0415 - as above
            BatchSpanProcessor,
            SimpleSpanProcessor,
        )
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415 - as above
    except ImportError:
        raise Refused("PHR_TRACING_URL needs the extra: pip install 'phr[tracing]'") from None
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource({"service.name": "phr"}),
        shutdown_on_exit=exporter is None,
    )
    processor = BatchSpanProcessor(_exporter(url)) if exporter is None else SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    _tracers[:] = [provider.get_tracer("phr")]

    def end() -> None:
        _tracers.clear()
        provider.shutdown()

    return end


def _exporter(url: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - as above
            OTLPSpanExporter,
        )
    except ImportError:
        raise Refused("PHR_TRACING_URL needs the extra: pip install 'phr[tracing]'") from None
    return OTLPSpanExporter(endpoint=url)


def is_on() -> bool:
    """Whether spans are made."""
    return bool(_tracers)


def span(name: str, /, **attributes: str | int) -> AbstractContextManager[Any]:
    """A span around what follows, within the one that is open. Names of attributes have ``__`` for a dot."""
    return _made(name, attributes) if _tracers else _NOTHING


@contextmanager
def _made(name: str, attributes: dict[str, str | int]) -> Iterator[Any]:
    with _tracers[0].start_as_current_span(
        name, attributes=_safe(attributes), record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except Exception as error:
            made.set_attribute("error.type", type(error).__name__)
            raise


def tell(made: Any, **attributes: str | int) -> None:
    """Adds what is only known later; nothing when there is no span."""
    if made is not None:
        made.set_attributes(_safe(attributes))


def _safe(attributes: dict[str, str | int]) -> dict[str, str | int]:
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return {name: value for name, value in named.items() if name in _SAFE}


def trace_id() -> str:
    """The id of the trace that is open, 32 hexadecimal digits; empty without one."""
    if not _tracers:
        return ""
    from opentelemetry import trace  # noqa: PLC0415 - as above

    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""
