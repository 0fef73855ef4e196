"""Dates in both calendars, moments, numbers, units and sizes, as a person reads them in each language."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from typing import Final

from babel import dates, numbers

BOTH, ERA, WESTERN = CALENDARS = ("both", "era", "western")
"""How a Japanese page writes years: forms of the city have both, short ones the western; or one kind everywhere."""

ERAS: Final = (
    (date(2019, 5, 1), "令和", "Reiwa"),
    (date(1989, 1, 8), "平成", "Heisei"),
    (date(1926, 12, 25), "昭和", "Showa"),
    (date(1912, 7, 30), "大正", "Taisho"),
    (date(1868, 10, 23), "明治", "Meiji"),
)
_WEEKDAYS: Final = "月火水木金土日"
_ENGLISH_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS: Final = {
    "mm[Hg]": ("mmHg", "mmHg"),
    "/min": ("回/分", "/min"),
    "{steps}": ("歩", "steps"),
    "{steps}/d": ("歩/日", "steps a day"),
    "h": ("時間", "hours"),
    "min": ("分", "min"),
    "Cel": ("℃", "°C"),
    "kg/m2": ("kg/m²", "kg/m²"),
    "mL/min/{1.73_m2}": ("mL/分/1.73m²", "mL/min/1.73 m²"),
    "{score}": ("点", "points"),
    "{points}": ("点", "points"),
    "{people}": ("人", "people"),
    "{devices}": ("台", "devices"),
    "m/s": ("m/秒", "m/s"),
    "1": ("", ""),
}
_COUNTED: Final = ("{steps}", "{steps}/d", "h", "min", "{score}", "{points}", "{people}", "{devices}")
_MORE_UNITS: Final = {
    locale: dict(zip(_COUNTED, words.split("|"), strict=True))
    for locale, words in (
        ("zh-Hans", "步|步/天|小时|分钟|分|分|人|台"),
        ("ko", "걸음|걸음/일|시간|분|점|점|명|대"),
        ("vi", "bước|bước/ngày|giờ|phút|điểm|điểm|người|thiết bị"),
        ("pt-BR", "passos|passos/dia|horas|min|pontos|pontos|pessoas|aparelhos"),
    )
}


def _japanese(locale: str) -> bool:
    return locale.split("-", maxsplit=1)[0] == "ja"


def _babel(locale: str) -> str:
    """Babel's name of a language: a private variant is not known there."""
    return locale.split("-x-", maxsplit=1)[0].replace("-", "_")


def era(day: date, locale: str) -> str:
    """The year in the Japanese calendar: 令和8年, or Reiwa 8; the first year is 元年.

    >>> era(date(2019, 5, 1), "ja"), era(date(2019, 4, 30), "ja"), era(date(2026, 1, 1), "en")
    ('令和元年', '平成31年', 'Reiwa 8')
    """
    for first, japanese, latin in ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{japanese}{'元' if year == 1 else year}年" if _japanese(locale) else f"{latin} {year}"
    return f"{day.year}年" if _japanese(locale) else str(day.year)


def full_day(day: date, locale: str, calendar: str = BOTH) -> str:
    """A day with both calendars, or the one chosen: 2026年（令和8年）11月21日（土）."""
    if _japanese(locale):
        both = f"{day.year}年（{era(day, locale)}）"
        year = {BOTH: both, ERA: era(day, locale), WESTERN: f"{day.year}年"}[calendar]
        return f"{year}{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"
    if locale == "en":
        weekday = _ENGLISH_DAYS[day.weekday()]
        return f"{weekday}, {day.day} {_MONTHS[day.month - 1]} {day.year} ({era(day, locale)})"
    return f"{dates.format_date(day, 'full', locale=_babel(locale))} ({era(day, locale)})"


def long_day(day: date, locale: str, calendar: str = BOTH) -> str:
    """A day with its year: 2027年3月31日, 令和9年3月31日, 31 Mar 2027."""
    if _japanese(locale):
        year = era(day, locale) if calendar == ERA else f"{day.year}年"
        return f"{year}{day.month}月{day.day}日"
    if locale == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return str(dates.format_date(day, "medium", locale=_babel(locale)))


def short_day(day: date, locale: str, calendar: str = BOTH) -> str:  # noqa: ARG001 - the form of every date filter
    """A day of this year with its weekday: 11月20日（金）, Fri 20 Nov."""
    if _japanese(locale):
        return f"{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"
    if locale == "en":
        return f"{_ENGLISH_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return str(dates.format_skeleton("MMMEd", day, locale=_babel(locale)))


def narrow_day(day: date, locale: str, calendar: str = BOTH) -> str:  # noqa: ARG001 - the form of every date filter
    """A day for a tight table: 11/20（金）, 20 Nov."""
    if _japanese(locale):
        return f"{day.month}/{day.day}（{_WEEKDAYS[day.weekday()]}）"
    if locale == "en":
        return f"{day.day} {_MONTHS[day.month - 1]}"
    return str(dates.format_skeleton("MMMd", day, locale=_babel(locale)))


def era_day(day: date, locale: str, calendar: str = BOTH) -> str:
    """A day for the head of a check-up column: R8.9.12, 2026.9.12, 12 Sep 2026."""
    if not _japanese(locale):
        return long_day(day, locale)
    for first, _, latin in ERAS:
        if day >= first and calendar != WESTERN:
            return f"{latin[0]}{day.year - first.year + 1}.{day.month}.{day.day}"
    return f"{day.year}.{day.month}.{day.day}"


def clock(moment: datetime, zone: tzinfo, *, seconds: bool = False) -> str:
    """The time of day in the city: 10:42, or 10:42:07."""
    there = local(moment, zone)
    return f"{there.hour}:{there.minute:02d}" + (f":{there.second:02d}" if seconds else "")


def local(moment: datetime, zone: tzinfo) -> datetime:
    """The moment in the city's zone; one without a zone is already local."""
    return moment if moment.tzinfo is None else moment.astimezone(zone)


def iso(value: date, zone: tzinfo) -> str:
    """The machine-readable form for a time element."""
    if isinstance(value, datetime):
        return local(value, zone).isoformat(timespec="seconds")
    return value.isoformat()


def number(value: float, locale: str, decimals: int = 0) -> str:
    """A number with thousands and a fixed count of decimals.

    >>> number(1240, "ja"), number(6.3, "en", 1), number(6.25, "ja", 1)
    ('1,240', '6.3', '6.2')
    """
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(numbers.format_decimal(value, format=pattern, locale=_babel(locale)))


def unit(ucum: str, locale: str) -> str:
    """A UCUM unit as people write it; one that needs no words is shown as it is."""
    both = _UNITS.get(ucum)
    if both is None:
        return ucum
    return both[0] if _japanese(locale) else _MORE_UNITS.get(locale, {}).get(ucum, both[1])


def size(count: int, locale: str) -> str:
    """Bytes as kB, MB or GB.

    >>> size(22_000, "en"), size(1_482_300_000, "en"), size(8_192_000_000, "ja")
    ('22 kB', '1.5 GB', '8.2 GB')
    """
    if count < 1_000_000:
        return f"{number(max(1, round(count / 1000)), locale)} kB"
    if count < 1_000_000_000:
        return f"{number(count / 1_000_000, locale, 1)} MB"
    return f"{number(count / 1_000_000_000, locale, 1)} GB"


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The civil day of a moment in the city.

    >>> from zoneinfo import ZoneInfo
    >>> day_of(datetime(2026, 11, 20, 15, 0, tzinfo=UTC), ZoneInfo("Asia/Tokyo"))
    datetime.date(2026, 11, 21)
    """
    return local(moment, zone).date()
