"""Rows of the spool as one FHIR batch, and the answers of the service to each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import msgspec
import numpy as np
import orjson

from ingest.codes import VITALS
from ingest.convert import LAST_UPDATED
from ingest.errors import BadPayload
from ingest.gateway.cards import SYSTEM
from ingest.gateway.readings import Outgoing
from ingest.phd import type_of
from ingest.to_fhir import observations

_HEAD: Final = b'{"resourceType":"Bundle","type":"batch","entry":['
_ENTRY: Final = b'{"request":{"method":"POST","url":"Observation"},"resource":'
_PLACE: Final = "urn:phr:card"
_SUBJECT: Final = b'"subject":{"reference":"' + _PLACE.encode() + b'"}'
_NAMED: Final = b"-" + _PLACE.encode() + b"-"
_WORD: Final = re.compile(r"[a-z0-9-]{1,40}")
_Key = tuple[str, str, str, str, bool, str]


def bundle(rows: Sequence[Outgoing]) -> bytes:
    """A Bundle with one entry for each row, in their order."""
    return _HEAD + b",".join(_ENTRY + one + b"}" for one in resources(rows)) + b"]}"


def resources(rows: Sequence[Outgoing]) -> Iterator[bytes]:
    """One Observation for each row; neighbours of one kind are rendered together."""
    for key, group in groupby(rows, _kind):
        if key[1]:
            yield from _rendered(key, list(group))
        else:
            yield from (_document(row) for row in group)


def _kind(row: Outgoing) -> _Key:
    return (row.card, row.code, row.label, row.method, row.duration is None, row.phd)


def _subject(card: str) -> dict[str, Any]:
    return {"identifier": {"system": SYSTEM, "value": card}}


def _rendered(key: _Key, rows: Sequence[Outgoing]) -> Iterator[bytes]:
    card, code, label, method, is_instant, phd = key
    vital = VITALS[code]
    values = [msgspec.json.decode(row.values, type=dict[str, float]) for row in rows]
    made = observations(
        vital,
        ids=["x"] * len(rows),  # the service gives them ids of its own
        subject=_PLACE,
        start=np.array([row.start for row in rows], np.int64),
        duration=None if is_instant else np.array([row.duration for row in rows], np.int64),
        channels={
            channel.name: np.array([each.get(channel.name, np.nan) for each in values], np.float64)
            for channel in vital.channels
        },
        offset=np.array([row.offset for row in rows], np.int32),
        quality=np.array([row.quality for row in rows], np.uint8),
        last_updated=LAST_UPDATED,
        device=label,
        method=method,
        phd=phd if type_of(vital) else "",
    )
    subject = b'"subject":' + orjson.dumps(_subject(card))
    whose = orjson.dumps(f"{card}-{SYSTEM}")[1:-1]  # in an identifier: of a person whose id nobody here knows
    return (one.replace(_SUBJECT, subject, 1).replace(_NAMED, b"-" + whose + b"-", 1) for one in made)


def _document(row: Outgoing) -> bytes:
    """A document about a device: the device is its focus, the person is whose record it goes to."""
    body = orjson.loads(row.document)
    about = body.get("subject")
    return orjson.dumps({**body, "focus": [about], "subject": _subject(row.card)})


class _Issue(msgspec.Struct):
    severity: str = ""
    diagnostics: str = ""


class _Outcome(msgspec.Struct):
    issue: list[_Issue] = []


class _Response(msgspec.Struct):
    status: str
    outcome: _Outcome = msgspec.field(default_factory=_Outcome)


class _Entry(msgspec.Struct):
    response: _Response


class _Answer(msgspec.Struct):
    resourceType: str  # noqa: N815 - the FHIR name
    type: str
    entry: list[_Entry] = []


_ANSWER: Final = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to one entry: an HTTP status, and the words of its alarms: how grave, and which text."""

    status: int
    alarms: tuple[tuple[str, str], ...] = ()


def answers(body: bytes, expected: int) -> list[Answered]:
    """The answer to each entry, in order. Raises BadPayload where it is none to this many."""
    try:
        answer = _ANSWER.decode(body)
    except (ValueError, RecursionError) as error:
        raise BadPayload("not a Bundle of answers", field="Bundle") from error
    if answer.resourceType != "Bundle" or answer.type != "batch-response":
        raise BadPayload("not an answer to a batch", field="Bundle.type")
    if len(answer.entry) != expected:
        raise BadPayload("another number of answers than entries", field="Bundle.entry")
    return [_answered(place, entry.response) for place, entry in enumerate(answer.entry)]


def _answered(place: int, response: _Response) -> Answered:
    code = response.status[:3]
    if not (code.isascii() and code.isdigit() and len(code) == 3):
        raise BadPayload("not a status", field=f"Bundle.entry[{place}].response.status")
    words = (issue.diagnostics for issue in response.outcome.issue if issue.severity == "warning")
    return Answered(int(code), tuple(_alarm(each) for each in words))


def _alarm(text: str) -> tuple[str, str]:
    """How grave, and which text; never anything else that a server may have written there."""
    grave, _, key = text.partition(": ")
    return (grave if _WORD.fullmatch(grave) else "alarm", key if _WORD.fullmatch(key) else "")
