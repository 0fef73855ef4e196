"""Reads a person's data from the Google Health API v4, page after page of a window of a type."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import msgspec
import numpy as np

from ingest.cloud.answers import ScopeMissing
from ingest.cloud.endpoints import Endpoints
from ingest.cloud.limits import TokenBucket
from ingest.cloud.plan import Window
from ingest.cloud.transport import Request, Transport
from ingest.cloud.types import LIMITS, DataType
from ingest.errors import BadPayload
from ingest.files.google_bodies import Wire
from ingest.files.google_health import decode
from ingest.series import Batch, Reject, Series

_LONGEST_TOKEN: Final = 4096
_LONGEST_ID: Final = 128
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the account is: the key of its notifications, and the id that old Fitbit data carries."""

    health_user_id: str
    legacy_user_id: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a window.

    next_token: where the next page begins; "" after the last.
    complete: this was the last page, so the whole window has been read.
    """

    batch: Batch
    next_token: str = ""
    complete: bool = False


class _Token(Wire):
    next_page_token: str | None = None


class _Identity(Wire):
    health_user_id: str
    legacy_user_id: str = ""


class _Device(Wire):
    device_type: str = ""
    last_sync_time: str = ""


class _Devices(Wire):
    paired_devices: list[_Device] = msgspec.field(default_factory=list)


_DECODE_TOKEN: Final = msgspec.json.Decoder(_Token)
_DECODE_IDENTITY: Final = msgspec.json.Decoder(_Identity)
_DECODE_DEVICES: Final = msgspec.json.Decoder(_Devices)


def project_bucket() -> TokenBucket:
    """The bucket that all connections of one process share."""
    return TokenBucket(limit=LIMITS.per_project_minute, burst=LIMITS.per_project_burst)


class GoogleHealth:
    """The API for one connection.

    authorise: gives an access token. It is asked once, and again only after the token that it gave was
    refused with 401: then it must refresh. When the new one is refused too, the person must connect again.
    clock: seconds that never go back; sleep: waits. project: the bucket shared with other connections.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        http: httpx.Client,
        authorise: Callable[[], str],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        project: TokenBucket | None = None,
    ) -> None:
        own = TokenBucket(limit=LIMITS.per_user_minute, burst=LIMITS.per_user_burst)
        buckets = [own] if project is None else [own, project]
        self._transport = Transport(endpoints.api, http, authorise, clock=clock, sleep=sleep, buckets=buckets)

    def identity(self) -> Identity:
        """Whose account it is. The token's answer names nobody, so this is asked once after connecting.

        Raises: IngestError of any kind.
        """
        body = self._transport.ask(Request("identity", "users/me/identity"))
        found = _decoded(_DECODE_IDENTITY, body, "identity")
        for word in (found.health_user_id, found.legacy_user_id):
            if len(word) > _LONGEST_ID or not word.isascii() or not word.isprintable():
                raise BadPayload("not a plain word", field="identity")
        if not found.health_user_id:
            raise BadPayload("missing", field="identity.healthUserId")
        return Identity(found.health_user_id, found.legacy_user_id)

    def last_sync(self) -> datetime | None:
        """When a tracker of the person was last in touch; None when that is not known or may not be.

        Raises: IngestError of any kind.
        """
        try:
            body = self._transport.ask(
                Request("pairedDevices", "users/me/pairedDevices", {"pageSize": "100"})
            )
        except ScopeMissing:
            return None
        devices = _decoded(_DECODE_DEVICES, body, "pairedDevices").paired_devices
        times = [_instant(each.last_sync_time) for each in devices if each.device_type == "TRACKER"]
        return max((each for each in times if each is not None), default=None)

    def pull(self, kind: DataType, window: Window, *, zone: ZoneInfo, page_token: str = "") -> Iterator[Page]:
        """The pages of a window of a type, newest first. Each page is asked for when it is wanted.

        A type whose scope was not granted gives one page that says so and is not complete.

        Raises: IngestError of any kind; the pages before it were good.
        """
        seen = {page_token}
        token = page_token
        for _ in range(LIMITS.pages):
            try:
                body = self._transport.ask(_request(kind, window, token))
            except ScopeMissing:
                yield Page(Batch(rejects=(Reject("scope-missing", kind.key),)))
                return
            token = _next_token(body, kind)
            if token and token in seen:
                raise BadPayload("a page token came twice", field=f"{kind.key}.nextPageToken")
            seen.add(token)
            yield Page(_batch(body, kind, window, zone), token, not token)
            if not token:
                return
        raise BadPayload("too many pages", field=kind.key)


def _request(kind: DataType, window: Window, token: str) -> Request:
    """How a page of a window is asked for; the page size is always sent, and all of it again with a token."""
    path = f"users/me/dataTypes/{kind.name}/dataPoints"
    if kind.read == "dailyRollUp":
        body: dict[str, Any] = {
            "range": {"start": _civil(window.start), "end": _civil(window.end)},
            "windowSizeDays": 1,
            "pageSize": kind.page_size,
        }
        return Request(kind.key, f"{path}:dailyRollUp", body=body | ({"pageToken": token} if token else {}))
    params = {"pageSize": str(kind.page_size), "filter": _filter(kind, window)}
    if token:
        params["pageToken"] = token
    return Request(kind.key, path + (":reconcile" if kind.read == "reconcile" else ""), params)


def _civil(midnight: datetime) -> dict[str, dict[str, int]]:
    """A civil midnight as the API writes it: a zero is left out."""
    return {"date": {"year": midnight.year, "month": midnight.month, "day": midnight.day}, "time": {}}


def _filter(kind: DataType, window: Window) -> str:
    """The filter of a window, in the only member and form that the record type allows."""
    end = window.end + timedelta(days=kind.tail_days)
    if kind.literal == "instant":
        low, high = (f"{edge.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" for edge in (window.start, end))
    else:
        low, high = (f"{edge:%Y-%m-%d}" for edge in (window.start, end))
    lower = f'{kind.filter} >= "{low}"'
    return f'{lower} AND {kind.filter} < "{high}"' if kind.upper else lower


def _next_token(body: bytes, kind: DataType) -> str:
    """The token of the next page; "" when there is none, whatever the number of points says."""
    token = _decoded(_DECODE_TOKEN, body, kind.key).next_page_token or ""
    if len(token) > _LONGEST_TOKEN:
        raise BadPayload("too long", field=f"{kind.key}.nextPageToken")
    return token


def _batch(body: bytes, kind: DataType, window: Window, zone: ZoneInfo) -> Batch:
    """The measurements of a page that were asked for: of this type, and of this window."""
    found, rejects = decode(body, zone=zone, file=kind.key)
    low, high = window.span(zone)
    wanted: list[Series] = []
    strange = 0
    for series in found:
        if series.code not in kind.vitals:
            strange += len(series)
            continue
        inside = (series.start >= low) & (series.start < high)
        if inside.all():
            wanted.append(series)
        elif inside.any():
            wanted.append(series.take(np.asarray(inside)))
    if strange:
        rejects.append(Reject("not-asked-for", kind.key, strange))
    return Batch(series=tuple(wanted), rejects=tuple(rejects))


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes, what: str) -> Any:
    try:
        return decoder.decode(body)
    except _WRONG as error:
        raise BadPayload("not the answer that was expected", field=what) from error


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
