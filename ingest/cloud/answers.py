"""What an answer of the cloud means for the caller: which error it is, and when to ask again."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from ingest.errors import IngestError, NeedsReauthorisation, Permanent, Transient

_SCOPE: Final = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
_REVOKED: Final = "RESOURCE_PERMISSION_DENIED"
_UNLINKED: Final = "ACCOUNT_NOT_LINKED"
_QUOTA: Final = "RATE_LIMIT_EXCEEDED"
_KNOWN: Final = frozenset(
    {
        "INVALID_DATA_POINT_FILTER",
        "INVALID_PARENT_DATA_TYPE_COLLECTION",
        "INVALID_PARENT_DATA_TYPE_COLLECTION_FORMAT",
        "INVALID_DATA_POINT_DATA_SOURCE_FAMILY",
        "INVALID_FILTER_FORMAT",
        "INVALID_ROLLUP_QUERY_DURATION",
    }
)
"""Reasons that may be repeated in an error's text; others are somebody else's words."""


class ScopeMissing(Permanent):
    """The person did not grant what this type needs; other types may still be read."""


class AccountNotLinked(Permanent):
    """The person's account has no Google Health; signing up there is what helps."""

    where: Final = "https://fitbit.google.com/auth/signup"


class Refused(Permanent):
    """The cloud refuses to be asked for this type, or does not know it; others may still be read."""


class Busy(Transient):
    """The cloud asks for a pause that is longer than one sync may wait.

    seconds: ask again after these, at the earliest; 0: it did not say.
    """

    def __init__(self, problem: str, seconds: float = 0.0) -> None:
        super().__init__(problem)
        self.seconds = seconds


def reasons(body: bytes) -> frozenset[str]:
    """The reasons that an error body names; none for any body of another form."""
    try:
        error = msgspec.json.decode(body)["error"]
        details = error.get("details", ())
        return frozenset(
            each["reason"]
            for each in details
            if isinstance(each, dict) and isinstance(each.get("reason"), str)
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        return frozenset()


def worth_a_retry(status: int, found: frozenset[str]) -> bool:
    """Whether the same request may go through in a moment."""
    return status in {408, 429} or status >= 500 or (status == 403 and _QUOTA in found)


def error_of(status: int, found: frozenset[str], what: str) -> IngestError:
    """The error for an answer that is not 200. Names what was asked for, never what was answered."""
    if status == 401:
        return NeedsReauthorisation(f"{what}: the authorisation was refused")
    if status == 403 and _SCOPE in found:
        return ScopeMissing(f"{what}: the scope was not granted")
    if status == 403 and _REVOKED in found:
        return NeedsReauthorisation(f"{what}: the permission has ended")
    if status == 400 and _UNLINKED in found:
        return AccountNotLinked(f"{what}: the account has no Google Health")
    if worth_a_retry(status, found):
        return Transient(f"{what}: the cloud cannot answer now ({status})")
    told = ", ".join(sorted(found & _KNOWN))
    return Refused(f"{what}: the cloud refused the request ({status}{' ' + told if told else ''})")


def pause_of(header: str | None, now: Any) -> float | None:
    """The seconds of a Retry-After, as a number or a date; None when there is none that can be read.

    now: asked for the time of day only where the header is a date.
    """
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now()).total_seconds()) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None
