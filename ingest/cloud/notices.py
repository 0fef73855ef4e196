"""Notifications of the cloud: which person's data of which type changed in which stretches of time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from ingest.errors import BadPayload
from ingest.files.google_bodies import Date, Wire
from ingest.files.google_health import place_of

LARGEST_BODY: Final = 1 << 20
MOST_NOTICES: Final = 1000
MOST_INTERVALS: Final = 1000
LONGEST_WORD: Final = 128

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch that changed, in physical time, in civil days (both inclusive), or in both."""

    start: datetime | None = None
    end: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. It carries no data: the intervals are read again with the person's own token.

    operation: UPSERT or DELETE, or a word that is not known yet; all of them mean "read again".
    intervals: what can be read of them; none means that only the wide re-read finds the change.
    """

    health_user_id: str
    data_type: str
    operation: str
    intervals: tuple[Interval, ...] = ()

    @property
    def key(self) -> str:
        """Equal for repeated deliveries of the same change, whatever their order of intervals.

        The vendor delivers at least once and names no delivery. A later change of the same stretch has the
        same key too, so it tells repeats apart only among notices that still wait to be read.
        """
        stretches = sorted(str(_plain(each)) for each in set(self.intervals))
        text = "\n".join([self.health_user_id, self.data_type, self.operation, *stretches])
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, to be kept until the notice was read."""
        return {
            "healthUserId": self.health_user_id,
            "dataType": self.data_type,
            "operation": self.operation,
            "intervals": [_plain(each) for each in self.intervals],
        }

    @classmethod
    def from_json(cls, raw: Any) -> Notice:
        """What ``to_json`` gave.

        Raises: BadPayload.
        """
        try:
            kept = msgspec.convert(raw, _Kept)
        except _WRONG as error:
            raise BadPayload("not a kept notice", field=place_of(error) or "notice") from error
        return cls(kept.health_user_id, kept.data_type, kept.operation, tuple(kept.intervals))


class _Kept(Wire):
    health_user_id: str
    data_type: str
    operation: str
    intervals: list[Interval]


class _Physical(Wire):
    start_time: str = ""
    end_time: str = ""


class _Moment(Wire):
    date: Date = msgspec.field(default_factory=Date)


class _Civil(Wire):
    start_date_time: _Moment = msgspec.field(default_factory=_Moment)
    end_date_time: _Moment = msgspec.field(default_factory=_Moment)


class _Interval(Wire):
    physical_time_interval: _Physical = msgspec.field(default_factory=_Physical)
    civil_date_time_interval: _Civil = msgspec.field(default_factory=_Civil)
    civil_iso8601_time_interval: _Physical = msgspec.field(default_factory=_Physical)


class _Data(Wire):
    health_user_id: str
    data_type: str
    operation: str = ""
    intervals: list[msgspec.Raw] = msgspec.field(default_factory=list)


class _Envelope(Wire):
    data: _Data


_DECODE_ONE: Final = msgspec.json.Decoder(_Envelope)
_DECODE_MANY: Final = msgspec.json.Decoder(list[_Envelope])
_DECODE_INTERVAL: Final = msgspec.json.Decoder(_Interval)
_DECODE_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def is_verification(body: bytes) -> bool:
    """Whether this is the probe that a new subscriber gets; it carries nothing and is never processed."""
    if len(body) > LARGEST_BODY:
        return False
    try:
        members = _DECODE_MEMBERS.decode(body)
        return "data" not in members and bytes(members.get("type", b"")) == b'"verification"'
    except _WRONG:
        return False


def parse(body: bytes) -> list[Notice]:
    """The notices of a body: one object as documented, or the array that is really sent; a probe has none.

    Raises: BadPayload, for a body that is neither.
    """
    if len(body) > LARGEST_BODY:
        raise BadPayload("too large", field="body")
    if is_verification(body):
        return []
    many = body.lstrip()[:1] == b"["
    try:
        found = _DECODE_MANY.decode(body) if many else [_DECODE_ONE.decode(body)]
    except _WRONG as error:
        broken = not isinstance(error, msgspec.ValidationError)
        field = place_of(error) or "body"
        raise BadPayload("not valid JSON" if broken else "no notification", field=field) from error
    if len(found) > MOST_NOTICES:
        raise BadPayload("too many notifications", field="body")
    return [_notice(each.data) for each in found]


def _notice(data: _Data) -> Notice:
    """One notice, with the intervals that can be read."""
    words = {"healthUserId": data.health_user_id, "dataType": data.data_type, "operation": data.operation}
    for field, word in words.items():
        plain = word.isascii() and word.isprintable() and len(word) <= LONGEST_WORD
        if not plain or (not word and field != "operation"):
            raise BadPayload("not a plain word", field=f"data.{field}")
    if len(data.intervals) > MOST_INTERVALS:
        raise BadPayload("too many intervals", field="data.intervals")
    intervals = tuple(each for each in map(_interval, data.intervals) if each != Interval())
    return Notice(data.health_user_id, data.data_type, data.operation, intervals)


def _interval(raw: msgspec.Raw) -> Interval:
    """What of an interval can be read; an interval of another form says nothing."""
    try:
        found = _DECODE_INTERVAL.decode(raw)
    except _WRONG:
        return Interval()
    start, end = (_instant(text) for text in _texts(found.physical_time_interval))
    if start is None or end is None or end < start:
        start = end = None
    civil = found.civil_date_time_interval
    first, last = _day(civil.start_date_time.date), _day(civil.end_date_time.date)
    if first is None or last is None:
        first, last = (_iso_day(text) for text in _texts(found.civil_iso8601_time_interval))
    if first is None or last is None or last < first:
        first = last = None
    return Interval(start, end, first, last)


def _texts(pair: _Physical) -> tuple[str, str]:
    return pair.start_time, pair.end_time


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST <= moment < _LAST else None


def _day(parts: Date) -> date | None:
    try:
        day = date(parts.year, parts.month, parts.day)
    except ValueError:
        return None
    return day if _FIRST.date() <= day < _LAST.date() else None


def _iso_day(text: str) -> date | None:
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        return None
    return day if _FIRST.date() <= day < _LAST.date() else None


def _plain(each: Interval) -> Mapping[str, str | None]:
    return {
        "start": each.start.isoformat() if each.start else None,
        "end": each.end.isoformat() if each.end else None,
        "first_day": each.first_day.isoformat() if each.first_day else None,
        "last_day": each.last_day.isoformat() if each.last_day else None,
    }
