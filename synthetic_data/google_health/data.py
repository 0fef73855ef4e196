"""The endpoints for data points: list, reconcile, get, rollUp and dailyRollUp."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from datetime import date
from typing import Any, Final
from zlib import crc32

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synthetic_data.google_health import pages, rollups, wire
from synthetic_data.google_health.checks import (
    Caller,
    caller,
    family,
    json_body,
    kind_for,
    members,
    page_size,
    query,
)
from synthetic_data.google_health.cloud import Cloud
from synthetic_data.google_health.faults import SMALL_PAGE
from synthetic_data.google_health.filters import instant, parse
from synthetic_data.google_health.kinds import Kind
from synthetic_data.google_health.pages import Asked, Place
from synthetic_data.google_health.people import DAY
from synthetic_data.google_health.problems import invalid, not_found
from synthetic_data.google_health.rows import Rows

_ROOT: Final = "/v4/users/{user}/dataTypes/{kind}/dataPoints"
_AFTER_EMPTY: Final = -2
_LAST_EMPTY: Final = -3
"""Pages that only odd paging has: the one after an empty page, and an empty one at the very end."""


def answer(body: bytes) -> Response:
    """JSON bytes."""
    return Response(body, media_type="application/json; charset=UTF-8")


def _finish(who: Caller, body: bytes) -> Response:
    return answer(body[: len(body) * 2 // 3] if who.hit("truncate") else body)


def _asked(request: Request, who: Caller, kind: Kind, *, merged: bool) -> tuple[Asked, str | None]:
    allowed = {"pageSize", "pageToken", "filter"} | ({"dataSourceFamily"} if merged else set())
    given = query(request, allowed)
    size = page_size(given.get("pageSize"), kind.page_default, kind.page_maximum)
    if who.hit("small-pages"):
        size = min(size, SMALL_PAGE)
    text = given.get("filter", "")
    asked = Asked(kind, merged, family(given.get("dataSourceFamily")), text, parse(text, kind), size)
    return asked, given.get("pageToken")


def _page(cloud: Cloud, who: Caller, asked: Asked, text: str | None) -> bytes:
    """The body of one page, odd where a fault says so."""
    person = who.person
    place = pages.place_of(asked, person, text)
    if who.hit("civil-empty") and asked.filter.civil and asked.kind.record in {"interval", "sample"}:
        return b"{}"
    if who.hit("odd-pages") and place is not None:
        if place.page == _LAST_EMPTY:
            return b"{}"
        if place.page == 2:
            return pages.body(
                person, asked, Rows(), pages.token(asked, person, replace(place, page=_AFTER_EMPTY))
            )

    def make() -> bytes:
        rows, following = pages.page(cloud.held, person, asked, place)
        if following is not None and following.page < 2:
            following = replace(following, page=3)
        if following is None and len(rows) and who.hit("odd-pages"):
            following = Place(int(rows.start[-1]), len(rows), _LAST_EMPTY)
        token = pages.token(asked, person, following) if following else None
        if text and token and who.hit("repeat-token"):
            token = text
        return pages.body(person, asked, rows, token)

    if cloud.held.edits.waiting(person.number, asked.kind.name, cloud.clock()):
        return make()
    odd = (who.hit("odd-pages"), who.hit("repeat-token"))
    return cloud.remembered((asked.digest(person), person.number, asked.size, text, *odd), make)


def _start(value: Any, field: str) -> int:
    second = instant(value) if isinstance(value, str) else None
    if second is None:
        raise invalid("INVALID_TIMESTAMP", f"The {field} is not a timestamp.", f"range.{field}")
    return int(second)


def _seconds(value: Any) -> int:
    """A window size such as ``3600s``."""
    digits = value[:-1] if isinstance(value, str) and value.endswith("s") else ""
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits) <= 90 * DAY):
        raise invalid("INVALID_WINDOW_SIZE", "The window size is not a positive duration.", "window_size")
    return int(digits)


def _too_long(kind: Kind, seconds: int) -> None:
    if not 0 < seconds <= kind.rollup_days * DAY:
        text = f"The range must be positive and at most {kind.rollup_days} days."
        raise invalid("INVALID_ROLLUP_QUERY_DURATION", text, "range")


def _civil_day(value: Any, field: str) -> int:
    """A civil midnight as a day counted from 1970-01-01."""
    place = f"range.{field}"
    found = members(value, {"date", "time"}, place)
    day = members(found.get("date"), {"year", "month", "day"}, f"{place}.date")
    clock = members(found.get("time", {}), {"hours", "minutes", "seconds", "nanos"}, f"{place}.time")
    try:
        found_day = date(int(day["year"]), int(day["month"]), int(day["day"]))
    except (KeyError, TypeError, ValueError):
        raise invalid("INVALID_CIVIL_TIME", "The civil date is not valid.", place) from None
    if any(clock.values()):
        raise invalid("INVALID_CIVIL_TIME", "The range must begin and end at midnight.", place)
    return (found_day - date(1970, 1, 1)).days


def _rolled(items: list[str], token: str | None = None) -> bytes:
    parts = [f'"rollupDataPoints":[{",".join(items)}]'] if items else []
    parts += [f'"nextPageToken":"{token}"'] if token else []
    return ("{" + ",".join(parts) + "}").encode()


def _skipped(text: Any, digest: int) -> int:
    """How many windows came on earlier pages."""
    if text is None or text == "":
        return 0
    try:
        told, skip = json.loads(base64.urlsafe_b64decode(str(text)))
    except (binascii.Error, ValueError, TypeError):
        told, skip = -1, 0
    if told != digest:
        raise invalid("INVALID_PAGE_TOKEN", "The page token is not valid for this request.", "page_token")
    return int(skip)


def _point_routes(cloud: Cloud) -> list[Route]:
    """The routes list, reconcile and get."""

    async def listed(request: Request, *, merged: bool = False) -> Response:
        name = request.path_params["kind"]
        who = await caller(cloud, request, name)
        kind = kind_for(who.grant, name, "R" if merged else "L")
        asked, token = _asked(request, who, kind, merged=merged)
        return _finish(who, _page(cloud, who, asked, token))

    async def reconciled(request: Request) -> Response:
        return await listed(request, merged=True)

    async def one(request: Request) -> Response:
        name = request.path_params["kind"]
        who = await caller(cloud, request, name)
        kind = kind_for(who.grant, name, "G")
        query(request, set())
        start = wire.start_of(request.path_params["point"])
        world = who.person.world
        rows = cloud.held.rows(who.person, kind, world.first - DAY, world.end + DAY, merged=False)
        found = rows.take(rows.start == (-1 if start is None else start))
        if not len(found):
            raise not_found()
        return _finish(who, wire.points(who.person, kind, found.take(slice(0, 1))))

    return [
        Route(f"{_ROOT}:reconcile", reconciled, methods=["GET"]),
        Route(_ROOT, listed, methods=["GET"]),
        Route(f"{_ROOT}/{{point}}", one, methods=["GET"]),
    ]


def _rollup_routes(cloud: Cloud) -> list[Route]:
    """Both kinds of roll-up."""

    async def rolled(request: Request) -> Response:
        name = request.path_params["kind"]
        who = await caller(cloud, request, name)
        kind = kind_for(who.grant, name, "U")
        body = await json_body(request, {"range", "windowSize", "pageSize", "pageToken", "dataSourceFamily"})
        span = members(body.get("range"), {"startTime", "endTime"}, "range")
        start, end = _start(span.get("startTime"), "startTime"), _start(span.get("endTime"), "endTime")
        _too_long(kind, end - start)
        width, chosen = _seconds(body.get("windowSize")), family(body.get("dataSourceFamily"))
        size = page_size(body.get("pageSize"), 1440, 10_000)
        digest = crc32(f"{who.person.number} {name} {start} {end} {width} {chosen}".encode())
        skip = _skipped(body.get("pageToken"), digest)
        rows = cloud.held.rows(who.person, kind, start, end, merged=True, family=chosen)
        items = rollups.physical(kind, rows, start, end, width)
        rest = json.dumps([digest, skip + size]).encode() if len(items) > skip + size else b""
        return _finish(
            who, _rolled(items[skip : skip + size], base64.urlsafe_b64encode(rest).decode() or None)
        )

    async def daily(request: Request) -> Response:
        name = request.path_params["kind"]
        who = await caller(cloud, request, name)
        kind = kind_for(who.grant, name, "D")
        body = await json_body(
            request, {"range", "windowSizeDays", "pageSize", "pageToken", "dataSourceFamily"}
        )
        span = members(body.get("range"), {"start", "end"}, "range")
        first, last = _civil_day(span.get("start"), "start"), _civil_day(span.get("end"), "end")
        _too_long(kind, (last - first) * DAY)
        width = body.get("windowSizeDays", 1)
        if not isinstance(width, int) or isinstance(width, bool) or not 1 <= width <= 90:
            raise invalid(
                "INVALID_WINDOW_SIZE", "The window size is not a positive number of days.", "window_size_days"
            )
        low, high = rollups.around(who.person, first, last)
        chosen = family(body.get("dataSourceFamily"))
        rows = cloud.held.rows(who.person, kind, low, high, merged=True, family=chosen)
        return _finish(who, _rolled(rollups.civil_days(kind, rows, first, last, width)))

    return [
        Route(f"{_ROOT}:rollUp", rolled, methods=["POST"]),
        Route(f"{_ROOT}:dailyRollUp", daily, methods=["POST"]),
    ]


def routes(cloud: Cloud) -> list[Route]:
    """The routes of data points."""
    return [*_point_routes(cloud), *_rollup_routes(cloud)]
