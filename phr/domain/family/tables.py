"""The tables of this package: TOML files that are read once and checked, so that a slip stops the service, not a child."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, TypeVar

T = TypeVar("T")


class BadTable(ValueError):
    """A table of the package cannot be used; names the file, never its content."""


def table(name: str, make: Callable[[Mapping[str, Any]], T]) -> T:
    """What ``make`` makes of the table of this name."""
    text = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return parsed(text, f"{name}.toml", make)


def parsed(text: str, file: str, make: Callable[[Mapping[str, Any]], T]) -> T:
    """What ``make`` makes of a TOML text; BadTable when it lacks or contradicts anything."""
    try:
        return make(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise BadTable(f"{file}: cannot be used ({type(error).__name__})") from error


def hold(holds: bool, what: str) -> None:
    """Refuses a table that breaks one of its rules."""
    if not holds:
        raise ValueError(what)
