"""What a researcher sees and does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.research import Catalogue, Release


@dataclass(frozen=True, slots=True)
class ResearchRequest:
    """A request for de-identified data. ``resolution``: day, week, or empty for the finest of the profile.

    ``longitudinal``: whether later releases of the same protocol may be joined with this one.
    """

    title: str
    protocol: str
    committee: str
    purpose: str
    variables: tuple[str, ...]
    first: date
    last: date
    responsible: str
    since: date
    until: date
    profile: str = "anonymised"
    resolution: str = ""
    longitudinal: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way out: its media type and its bytes in pieces (the consent is checked again before each file)."""

    media_type: str
    content: Iterator[bytes]


class ResearchPages(Protocol):
    """What a researcher sees and does. No count below k comes back."""

    def catalogue(self, session: Session) -> Catalogue:
        """The variables with their counts, and the own requests."""
        ...

    def request_data(self, session: Session, request: ResearchRequest) -> str:
        """File the request and return its number."""
        ...

    def release(self, session: Session, number: str) -> Release:
        """One release. NotFound when it is not of this researcher."""
        ...

    def release_file(self, session: Session, number: str, name: str) -> Download:
        """One file of a release. NotFound, or NotAllowed when it was withdrawn meanwhile."""
        ...
