"""Turns a view into a page: one strict Jinja2 environment per language, with its words, dates, numbers and charts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import lru_cache, partial
from typing import Any, Protocol

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from phr.domain.family.acting import Scope
from phr.web import formats, furigana
from phr.web.charts import Chart
from phr.web.languages import FOLDER, LANGUAGES, LOCALES, offered, translations
from phr.web.ports import Session
from phr.web.sentences import SENTENCES
from phr.web.sheets import asset
from phr.web.words import ITEMS, N_, WORDS, Item

__all__ = ["FOLDER", "LOCALES", "Frame", "Renderer", "static_url", "translations"]


class Ending(Protocol):
    """When the service ends, until when records can be taken out, and whether it has ended."""

    @property
    def ends_on(self) -> date:
        """The first day on which nothing new comes in."""
        ...

    @property
    def export_until(self) -> date:
        """The last day on which records can be taken out."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds a view: who is signed in, the form token, and where we are (to come back after a change of language).

    ``ending``: the end of the service, once the city has announced it.
    """

    user: Session | None = None
    csrf: str = ""
    path: str = "/"
    calendar: str = formats.BOTH
    furigana: bool = True
    ending: Ending | None = None

    @property
    def acting(self) -> Scope | None:
        """For whom this page acts; None for the own record."""
        return getattr(self.user, "acting", None)

    @property
    def may_enter(self) -> bool:
        """Whether the forms of this page are for who looks at it."""
        return self.acting is None or self.acting.may_enter

    @property
    def shared(self) -> bool:
        """Whether somebody is signed in on a device that several people use."""
        return bool(getattr(self.user, "shared", False))


@dataclass(frozen=True)
class Renderer:
    """Renders pages for one city: its name, its zone and where to call for help."""

    city: str
    zone: tzinfo
    telephone: str = ""
    _environments: dict[tuple[str, str], Environment] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def page(self, name: str, view: object, *, locale: str, frame: Frame) -> str:
        """The HTML of templates/NAME.html for this view."""
        made = self.environment(locale, frame.calendar).get_template(f"{name}.html")
        text = made.render(v=view, frame=frame)
        return furigana.shown(text, ruby=frame.furigana) if LANGUAGES[locale].furigana else text

    def environment(self, locale: str, calendar: str = formats.BOTH) -> Environment:
        """The environment of one language and calendar, made once."""
        key = (locale, calendar if LANGUAGES[locale].html == "ja" else formats.BOTH)
        if key not in self._environments:
            self._environments[key] = self._make(*key)
        return self._environments[key]

    def _make(self, locale: str, calendar: str) -> Environment:
        made = Environment(
            loader=PackageLoader("phr.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        catalogue = translations(locale)
        made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined] # by the extension
        say: Callable[[str], str] = catalogue.gettext
        made.globals |= {
            "locale": LANGUAGES[locale].data,
            "language": LANGUAGES[locale],
            "languages": LANGUAGES,
            "offered": offered,
            "city": self.city,
            "telephone": self.telephone,
            "static": static_url,
            "zone_of": partial(_zone_of, self.zone),
            "word": partial(_word, say),
            "sentence": partial(_sentence, say),
            "codes": _codes,
            "item": partial(_item, say),
            "chart_spec": partial(_chart_spec, say),
        }
        made.filters |= _filters(locale, self.zone, calendar)
        return made


@lru_cache
def renderer(city: str, zone: tzinfo, telephone: str = "") -> Renderer:
    """The one renderer of a city in this process: its templates are compiled once, however many applications ask."""
    return Renderer(city, zone, telephone)


def _filters(locale: str, zone: tzinfo, calendar: str) -> dict[str, Callable[..., str]]:
    def on_day(shape: Callable[[date, str, str], str]) -> Callable[[date], str]:
        def shaped(value: date) -> str:
            day = formats.day_of(value, zone) if isinstance(value, datetime) else value
            return shape(day, locale, calendar)

        return shaped

    return {
        "full_day": on_day(formats.full_day),
        "long_day": on_day(formats.long_day),
        "short_day": on_day(formats.short_day),
        "narrow_day": on_day(formats.narrow_day),
        "era_day": on_day(formats.era_day),
        "clock": lambda moment, seconds=False: formats.clock(moment, zone, seconds=seconds),
        "iso": lambda value: formats.iso(value, zone),
        "number": lambda value, decimals=0: formats.number(value, locale, decimals),
        "unit": lambda ucum: formats.unit(ucum, locale),
        "size": lambda count: formats.size(count, locale),
    }


@lru_cache
def static_url(name: str) -> str:
    """The address of an asset, with a piece of its hash, so that a browser may keep it for ever."""
    digest = hashlib.sha256(asset(name)).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _zone_of(zone: tzinfo, at: date) -> str:
    """How far the city's clock is from UTC at a moment, as in ISO 8601."""
    there = (
        at.astimezone(zone)
        if isinstance(at, datetime)
        else datetime(at.year, at.month, at.day, 12, tzinfo=zone)
    )
    text = there.strftime("%z")
    return f"{text[:3]}:{text[3:]}"


def _word(say: Callable[[str], str], table: str, code: str) -> str:
    known = WORDS[table].get(code)
    return code if known is None else say(known)


def _sentence(say: Callable[[str], str], table: str, code: str, **filling: str | int) -> str:
    known = SENTENCES[table].get(code)
    if known is None:
        return code
    return say(known) % filling if filling else say(known)


def _codes(table: str) -> tuple[str, ...]:
    return tuple(WORDS.get(table) or SENTENCES[table])


def _item(say: Callable[[str], str], code: str) -> Item:
    known = ITEMS.get(code)
    return Item(code, "1") if known is None else known._replace(name=say(known.name))


def _chart_spec(say: Callable[[str], str], chart: Chart) -> str:
    """What chart.js needs beside the table: axis, bands, limits and the looks of the lines."""
    limits = [{"at": at, "t": f"{at:g}"} for at in chart.style.limits]
    if chart.target is not None:
        limits.append({"at": chart.target, "t": f"{chart.target:,.0f}"})
    spec: dict[str, Any] = {
        "y": [chart.axis.low, chart.axis.high],
        "tick": chart.axis.tick,
        "step": {"moment": 0, "day": 1, "week": 7}[chart.step],
        "none": say(N_("はかっていません")),
        "bands": [{"lo": chart.usual[0], "hi": chart.usual[1]}] if chart.usual else [],
        "normal": [{"lo": chart.style.normal[0], "hi": chart.style.normal[1]}] if chart.style.normal else [],
        "limits": limits,
        "period": [day.isoformat() for day in chart.period] if chart.period else None,
        "series": [
            {"k": line.key, "m": line.mark, "c": line.colour, "t": _word(say, "line", line.key)}
            for line in chart.style.lines
        ],
    }
    return orjson.dumps(spec).decode()
