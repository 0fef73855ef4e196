"""Forms on paper: the sheets of residents, and what staff copy from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.domain.paper_forms import Entry
from phr.services.paper import Copied
from phr.web.ports.session import Session
from phr.web.views.paper import Copying, CopyingConsent, PaperList


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose sheet it is, and on which day it was written."""

    patient: str
    born: date
    day: date


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided on a sheet about a purpose, under which text, and the SHA-256 of the scanned sheet."""

    signed: Signed
    on: bool
    text_version: str
    scan: str = ""


class PaperPages(Protocol):
    """Forms on paper."""

    def paper_list(self, session: Session) -> PaperList:
        """Every form, with the sheets of a resident's own, or blank ones for staff."""
        ...

    def paper_sheet(self, session: Session, name: str, language: str) -> bytes:
        """The sheet of a diary as PDF. NotFound for an unknown one."""
        ...

    def consent_sheet(self, session: Session, purpose: str, language: str) -> bytes:
        """The sheet of a decision about one purpose as PDF. NotFound for an unknown one."""
        ...

    def copying(self, session: Session, name: str) -> Copying:
        """The empty form for a sheet. NotFound for an unknown one."""
        ...

    def copy_sheet(
        self, session: Session, name: str, patient: str, born: date, entries: Sequence[Entry]
    ) -> Copied:
        """Store a sheet. Invalid names the field."""
        ...

    def copying_consent(self, session: Session, purpose: str) -> CopyingConsent:
        """The empty form for a decision on paper. NotFound for an unknown purpose."""
        ...

    def copy_consent(self, session: Session, purpose: str, decision: Decision) -> None:
        """Record a decision on paper. Invalid names the field; Conflict when nothing was shared that could stop."""
        ...
