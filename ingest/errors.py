"""Errors of the collectors, named for what the caller must do.

IngestError
├── BadPayload             drop this payload and tell its sender; names the field
│   └── NotOfThisFormat    perhaps a sound file, but of another format
├── Transient              try again later
├── Permanent              do not try again
└── NeedsReauthorisation   ask the person to connect again
"""

from __future__ import annotations


class IngestError(Exception):
    """Base of the collectors' errors."""


class BadPayload(IngestError):
    """The bytes are not what they claim to be. Carries the field (and file), never a value.

    >>> str(BadPayload("not a number", field="dataPoints[3].heartRate.beatsPerMinute", file="p.json"))
    'p.json: dataPoints[3].heartRate.beatsPerMinute: not a number'
    """

    def __init__(self, problem: str, *, field: str, file: str = "") -> None:
        super().__init__(": ".join(part for part in (file, field, problem) if part))
        self.problem = problem
        self.field = field
        self.file = file


class NotOfThisFormat(BadPayload):
    """The file may be sound, but it is none of the format; among several files it is counted and left out."""


class Transient(IngestError):
    """The other side cannot answer now; the same call may go through later."""


class Permanent(IngestError):
    """The same call will never go through."""


class NeedsReauthorisation(IngestError):
    """The person's authorisation has ended; only they can renew it."""
