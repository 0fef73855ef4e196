"""The profiles that are known here, from profiles.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

_NEEDS: Final = {
    "coding": {"at", "system"},
    "present": {"any"},
    "absent": {"any"},
    "quantity": {"codes"},
    "component": {"system", "code", "codes"},
    "reasoned": set[str](),
    "to-the-day": set[str](),
}
"""Rule -> what it must say."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; which parts count depends on its name."""

    name: str
    at: str = ""
    system: str = ""
    code: str = ""
    codes: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: its canonical URL, the type that it is of, and all its rules, those it inherits first."""

    key: str
    url: str
    title: str
    type: str
    rules: tuple[Rule, ...]


def load(text: str) -> Mapping[str, Profile]:
    """Profiles by their canonical URL. Raises ValueError or KeyError for a table that could not be applied."""
    raw = tomllib.loads(text)
    made: dict[str, Profile] = {}
    for key, entry in raw["profile"].items():
        parent = made[entry["extends"]] if "extends" in entry else None
        rules = tuple(_rule(key, one, raw["systems"]) for one in entry["rules"])
        if parent is None:
            made[key] = Profile(key, entry["url"], entry["title"], entry["type"], rules)
        else:
            made[key] = Profile(key, entry["url"], entry["title"], parent.type, (*parent.rules, *rules))
    return MappingProxyType({one.url: one for one in made.values()})


def _rule(key: str, raw: Mapping[str, Any], systems: Mapping[str, str]) -> Rule:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
    }
    name = str(given.pop("rule"))
    if name not in _NEEDS or not _NEEDS[name] <= set(given):
        raise ValueError(f"profiles.toml: {key}: {name}")
    if "system" in given:
        given["system"] = systems[given["system"]]
    return Rule(name, **given)


PROFILES: Final[Mapping[str, Profile]] = load(
    resources.files("phr.domain.profiles").joinpath("profiles.toml").read_text("utf-8")
)
