"""The history Bundle: what is asked in its parameters, its entries, and the key of its next page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from phr.api import parameters
from phr.domain.fhir.history import Asked, Version
from phr.domain.fhir.texts import instant
from phr.domain.query import moment_range
from phr.errors import Invalid

_KNOWN: Final = frozenset({"_count", "_since", "_at", "_format", "_pretty", "_cursor", "patient", "subject"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST: Final = 1000


def asked(given: parameters.Pairs, person: UUID, kind: str, identity: str, zone: ZoneInfo) -> Asked:
    """What the parameters ask for. Raises Invalid for one that is not known."""
    parameters.check(given, _KNOWN)
    since = [value for name, value in given if name == "_since"]
    at = [value for name, value in given if name == "_at"]
    low, high = moment_range(at[-1], "_at", zone) if at else (None, None)
    return Asked(
        person,
        own=False,
        kind=kind,
        id=identity,
        since=_moment(moment_range(since[-1], "_since", zone)[0]) if since else None,
        low=None if low is None else _moment(low),
        high=None if high is None else _moment(high),
        count=max(1, min(parameters.count(given), _MOST)),
        after=_cursor(given),
    )


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _cursor(given: parameters.Pairs) -> tuple[datetime, str, str, int] | None:
    found = [value for name, value in given if name == "_cursor"]
    if not found:
        return None
    try:
        us, kind, identity, version = json.loads(base64.urlsafe_b64decode(found[-1].encode("ascii") + b"=="))
        place = str(kind).replace("\0", ""), str(identity).replace("\0", "")
        return _moment(int(us)), *place, min(int(version), 2**31 - 1)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid("not a page of this history", field="_cursor") from error


def bundle(
    base: str, place: str, given: parameters.Pairs, shown: Sequence[Version], following: Version | None
) -> bytes:
    """The Bundle; following: the last version of this page when another page follows."""
    links = [{"relation": "self", "url": _address(base, place, given)}]
    if following is not None:
        us = (following.updated_at - _EPOCH) // timedelta(microseconds=1)
        text = json.dumps([us, following.type, following.id, following.version], separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        rest = [pair for pair in given if pair[0] != "_cursor"]
        links.append({"relation": "next", "url": _address(base, place, [*rest, ("_cursor", cursor)])})
    return _bundle(links, [_entry(base, one) for one in shown])


def within(asked: Asked, versions: Sequence[Version]) -> list[Version]:
    """Those of one resource, newest first, that lie in the time that is asked for."""
    found, ended = [], None
    for one in versions:
        since = asked.since is None or one.updated_at >= asked.since
        begun = asked.high is None or one.updated_at < asked.high
        stood = asked.low is None or ended is None or ended > asked.low
        if since and begun and stood:
            found.append(one)
        ended = one.updated_at
    return found[: asked.count]


def joined(
    count: int, one: tuple[Sequence[Version], bool], other: tuple[Sequence[Version], bool]
) -> tuple[list[Version], bool]:
    """One page of two that begin at the same place, newest first, each with whether more of it follow.

    Where more of one follow, the page ends with its last version: what comes after it is not known yet.
    """
    versions = merge(one[0], other[0], key=_place, reverse=True)
    ends = [_place(page[-1]) for page, more in (one, other) if more and page]
    known = [version for version in versions if all(_place(version) >= end for end in ends)]
    return known[:count], bool(ends) or len(known) > count


def _place(version: Version) -> tuple[datetime, str]:
    """As far as it orders two pages whose types differ; each keeps its own order of ids, which is the database's."""
    return version.updated_at, version.type


def _bundle(links: list[dict[str, str]], entries: list[bytes]) -> bytes:
    head = b'{"resourceType":"Bundle","type":"history","link":' + orjson.dumps(links)
    return head + (b',"entry":[' + b",".join(entries) + b"]}" if entries else b"}")


def _address(base: str, place: str, given: parameters.Pairs) -> str:
    return f"{base}/{place}?{urlencode(given)}" if given else f"{base}/{place}"


def _entry(base: str, one: Version) -> bytes:
    where = f"{one.type}/{one.id}"
    if one.deleted:
        return _parts(base, one.type, one.id, b"", "DELETE", where, "204", str(one.version), one.updated_at)
    method, url, status = ("POST", one.type, "201") if one.version == 1 else ("PUT", where, "200")
    return _parts(
        base, one.type, one.id, one.body.encode(), method, url, status, str(one.version), one.updated_at
    )


def _parts(
    base: str,
    kind: str,
    identity: str,
    body: bytes,
    method: str,
    url: str,
    status: str,
    version: str,
    at: datetime,
) -> bytes:
    """One entry; the resource as its bytes, which are not parsed again."""
    response: dict[str, Any] = {"status": status, "etag": f'W/"{version}"', "lastModified": instant(at)}
    rest = {"request": {"method": method, "url": url}, "response": response}
    resource = b'"resource":' + body + b"," if body else b""
    full = orjson.dumps(f"{base}/{kind}/{identity}")
    return b'{"fullUrl":' + full + b"," + resource + orjson.dumps(rest)[1:]
