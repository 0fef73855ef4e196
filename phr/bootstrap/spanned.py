"""Use cases with a span around each call: the class and method, and nothing of what was given or came back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, Final

from phr import tracing

_USE_CASES: Final = "phr.services."


class _UseCase:
    """A use case whose public methods are spans; everything else of it is as it was."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __call__(self, *given: Any, **more: Any) -> Any:
        """Calls a use case that is one call."""
        with tracing.span(type(self._real).__name__):
            return self._real(*given, **more)

    def __getattr__(self, name: str) -> Any:
        """A method with its span, or what else the use case holds."""
        found = getattr(self._real, name)
        if name.startswith("_") or not hasattr(found, "__func__") or isgeneratorfunction(found):
            return found
        return _spanned(f"{type(self._real).__name__}.{name}", found)


def _spanned(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def run(*given: Any, **more: Any) -> Any:
        with tracing.span(name):
            return method(*given, **more)

    return run


class _Spanning:
    """Hands out the use cases of a system with their spans."""

    def __getattribute__(self, name: str) -> Any:
        """What the system has; a use case comes with spans."""
        found = super().__getattribute__(name)
        if name.startswith("_") or not any(
            kind.__module__.startswith(_USE_CASES) for kind in type(found).__mro__
        ):
            return found
        return _UseCase(found)


def spanned(system: type[Any]) -> type[Any]:
    """The same system, whose use cases are spans."""
    return type("SpannedSystem", (_Spanning, system), {})
