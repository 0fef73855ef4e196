"""When things happened: clock text of mixed forms and epoch numbers to instants, with the offset they were written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import numpy as np

from ingest.files.clock_text import (
    DAY,
    LAST_YEAR,
    SECOND,
    Mask,
    dates,
    instants,
    to_utc,
    wall_clocks,
    zone_offsets,
)
from ingest.series import ZONE_ASSUMED, Flags, Micros, Seconds, Values

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = float((datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
_WIDEST: Final = 40
_MINUTE_FORM: Final = 16
"""The length of ``YYYY-MM-DDTHH:MM``."""


@dataclass(frozen=True, slots=True)
class When:
    """One instant for each row; where ``good`` is false the row told none, where ``assumed`` it named no zone."""

    start: Micros
    offset: Seconds
    good: Mask
    assumed: Mask

    def __len__(self) -> int:
        return len(self.start)

    @property
    def quality(self) -> Flags:
        """The quality bit of the rows without a zone."""
        return np.where(self.assumed, ZONE_ASSUMED, 0).astype(np.uint8)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone of that IANA name; None for any other text, which never becomes a path.

    >>> zone_named("Asia/Tokyo"), zone_named("../etc/passwd")
    (zoneinfo.ZoneInfo(key='Asia/Tokyo'), None)
    """
    return ZoneInfo(name) if name in _zone_names() else None


def _iso(text: str) -> str:
    """Clock text of the exports in ISO form: slashes, a space or a missing second are all in use.

    >>> _iso("2019/12/09 12:15")
    '2019-12-09T12:15:00'
    """
    text = text.strip()
    if len(text) > _WIDEST:
        return ""
    if text[4:5] == "/" and text[7:8] == "/":
        text = f"{text[:4]}-{text[5:7]}-{text[8:]}"
    if text[10:11] == " ":
        text = f"{text[:10]}T{text[11:]}"
    return text + ":00" if len(text) == _MINUTE_FORM else text


def when(texts: Sequence[str], zone: ZoneInfo) -> When:
    """Instants of clock texts.

    A written offset other than UTC is the person's; UTC says nothing of the place, so the zone does.
    Text without an offset is on the wall clock of the zone, and marked as such.
    """
    texts = [_iso(text) for text in texts]
    local, naive = wall_clocks(texts)
    start, offset = to_utc(local, zone)
    start, offset = start.copy(), offset.copy()
    good = naive.copy()
    rest = np.flatnonzero(~naive)
    if len(rest):
        found, fine = instants([texts[row] for row in rest.tolist()])
        start[rest], good[rest] = found, fine
        offset[rest] = np.where(fine, zone_offsets(np.where(fine, found, 0), zone), 0)
        for row in rest[fine].tolist():
            if not texts[row].endswith(("Z", "+00:00", "+0000")):
                offset[row] = _written_offset(texts[row])
    return When(np.where(good, start, 0), offset, good, naive)


def _written_offset(text: str) -> int:
    return int((datetime.fromisoformat(text).utcoffset() or timedelta()).total_seconds())


def epochs(seconds: Sequence[float], zone: ZoneInfo) -> When:
    """Instants of seconds since 1970."""
    values: Values = np.array(seconds, np.float64)
    good = np.isfinite(values) & (values >= 0) & (values < _LAST)
    start = np.rint(np.where(good, values, 0.0) * SECOND).astype(np.int64)
    return When(start, zone_offsets(start, zone), good, np.zeros(len(values), np.bool_))


def days(texts: Sequence[str], zone: ZoneInfo) -> When:
    """Local midnights of civil days; a clock behind the date is left out."""
    found, good = dates([_iso(text)[:10] for text in texts])
    start, offset = to_utc(found * DAY, zone)
    return When(start, offset, good, np.zeros(len(texts), np.bool_))


def with_offsets(times: When, offsets: Sequence[int | None]) -> When:
    """The same instants at the offsets that stand beside them, where there is one."""
    given = np.array(
        [times.offset[row] if each is None else each for row, each in enumerate(offsets)], np.int32
    )
    return When(times.start, given, times.good, times.assumed)
