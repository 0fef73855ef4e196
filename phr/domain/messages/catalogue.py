"""The catalogue of messages: kinds and versioned templates, checked when they are loaded."""

from __future__ import annotations

import calendar
import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from phr.errors import Invalid
from risk.reasons import alarm_text, alarm_texts

LANGUAGES: Final = ("ja", "easy", "en")
CHANNELS: Final = ("line", "push", "email", "post")
"""Ways to a person, in the order in which they are tried when nothing else was chosen."""
_PLACEHOLDERS: Final = frozenset({"day", "screening"})
_CODE: Final = re.compile(r"[a-z][a-z0-9.-]{0,60}")
_UNKNOWN: Final = "notice"  # a template that this version does not know


class CatalogueError(Exception):
    """The file of messages is wrong; names the entry."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message and its limits; per_day and per_week are None for what has no cap."""

    name: str
    asked: bool
    stoppable: bool
    urgent: bool
    paper: bool
    consent: str
    expires: timedelta
    per_day: int | None
    per_week: int | None


@dataclass(frozen=True, slots=True)
class Template:
    """One text in its languages; ``category`` is the kind of data that it speaks of."""

    key: str
    kind: str
    version: int
    category: str
    texts: Mapping[str, str]

    @property
    def placeholders(self) -> frozenset[str]:
        """What the text asks for."""
        return _placeholders(self.texts["ja"])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every kind and template, the quiet hours, and what travels outside."""

    quiet_from: time
    quiet_until: time
    push: Mapping[str, str]
    push_urgent: Mapping[str, str]
    duty: Mapping[str, str]
    kinds: Mapping[str, Kind]
    templates: Mapping[str, Template]

    def template(self, key: str) -> Template:
        """The template; that of any notice for a key that this version does not know."""
        return self.templates.get(key) or self.templates[_UNKNOWN]

    def kind_of(self, key: str) -> Kind:
        """The kind of a template's messages."""
        return self.kinds[self.template(key).kind]

    def outside(self, kind: str, language: str) -> str:
        """What may travel through e-mail, LINE and push."""
        return (self.push_urgent if self.kinds[kind].urgent else self.push)[language]


def load(text: str) -> Catalogue:
    """The catalogue of a TOML text. Raises CatalogueError that names the entry."""
    try:
        raw = tomllib.loads(text)
        kinds = {name: _kind(name, entry) for name, entry in raw["kind"].items()}
        templates = {key: _template(key, entry, kinds) for key, entry in raw["template"].items()}
        quiet = raw["quiet"]
        made = Catalogue(
            quiet["from"],
            quiet["until"],
            raw["push"],
            raw["push_urgent"],
            raw["duty"],
            kinds,
            templates,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CatalogueError(f"the messages cannot be read: {error}") from error
    if _UNKNOWN not in templates:
        raise CatalogueError(f"no template {_UNKNOWN!r}")
    return made


@cache
def catalogue() -> Catalogue:
    """The messages of this version, with a template for each alarm."""
    found = load(files("phr.domain.messages").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    alarms = {key: _alarm(key) for key in alarm_texts() if key != "closing"}
    return replace(found, templates={**alarms, **found.templates})


def text_of(template: Template, language: str, params: Mapping[str, str]) -> str:
    """The text with its placeholders filled; what is not given is left out with a dash."""
    given = {name: params.get(name, "-") for name in template.placeholders}
    return template.texts[language].format_map(given)


def plain_day(text: str, language: str) -> str:
    """A day in words; what is no day stays as it is.

    >>> plain_day("2027-03-31", "ja"), plain_day("2027-03-31", "en"), plain_day("-", "ja")
    ('3月31日', '31 March', '-')
    """
    if not _is_day(text):
        return text
    day = date.fromisoformat(text)
    return f"{day.day} {calendar.month_name[day.month]}" if language == "en" else f"{day.month}月{day.day}日"


def checked_params(template: Template, given: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that the template asks for: a date or a code, nothing else can travel.

    Raises Invalid with the name of the one that is neither.
    """
    found = {}
    for name in sorted(template.placeholders & set(given)):
        value = str(given[name])
        if not (_is_day(value) if name == "day" else _CODE.fullmatch(value)):
            raise Invalid("is no date and no code", field=name)
        found[name] = value
    return found


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _kind(name: str, raw: Mapping[str, Any]) -> Kind:
    if raw["urgent"] and raw["asked"]:
        raise ValueError(f"{name}: what is urgent cannot wait to be asked for")
    return Kind(
        name,
        bool(raw["asked"]),
        bool(raw["stoppable"]),
        bool(raw["urgent"]),
        bool(raw["paper"]),
        str(raw.get("consent", "")),
        timedelta(hours=int(raw["expires_hours"])),
        raw.get("per_day"),
        raw.get("per_week"),
    )


def _template(key: str, raw: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Template:
    texts = {language: str(raw[language]) for language in LANGUAGES}
    if raw["kind"] not in kinds or _CODE.fullmatch(key) is None:
        raise ValueError(f"{key}: unknown kind, or no code")
    wanted = {_placeholders(text) for text in texts.values()}
    if len(wanted) != 1 or not wanted.pop() <= _PLACEHOLDERS:
        raise ValueError(f"{key}: placeholders are not the same in all languages, or not known")
    return Template(key, raw["kind"], int(raw["version"]), str(raw.get("category", "")), texts)


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _text, name, _spec, _how in string.Formatter().parse(text) if name)


def _alarm(key: str) -> Template:
    """Alarms speak in the words of their own file; those are short enough to be easy."""
    ja, en = alarm_text(key, "ja"), alarm_text(key, "en")
    return Template(key, "alarm", 1, "", {"ja": ja, "easy": ja, "en": en})
