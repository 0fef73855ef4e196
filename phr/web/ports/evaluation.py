"""What staff see of whether a programme helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.evaluation import ProgrammePage, Programmes


@dataclass(frozen=True, slots=True)
class NewProgramme:
    """A programme as the form has it; years: year, took part, invited."""

    name: str
    target: str
    starts: date
    ends: date
    primary: str
    by_threshold: bool
    years: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of the last report."""

    body: bytes
    media: str


class EvaluationPages(Protocol):
    """What staff see of whether a programme helps. Every read is for the purpose guidance and is audited."""

    def programmes(self, session: Session) -> Programmes:
        """Every programme."""
        ...

    def programme(self, session: Session, ident: str, page: int = 1) -> ProgrammePage:
        """One programme with its last report. NotFound when it is not this organisation's."""
        ...

    def programme_make(self, session: Session, new: NewProgramme) -> str:
        """A new programme; its ident. Invalid names the field."""
        ...

    def programme_add(
        self, session: Session, ident: str, people: Sequence[str], kind: str, cohort: str
    ) -> tuple[int, int, int]:
        """Adds people by number, or those of the work list of one kind: added, known, refused."""
        ...

    def programme_mark(self, session: Session, ident: str, number: str, what: str, on: date | None) -> None:
        """Notes that a member enrolled, completed or withdrew."""
        ...

    def programme_lend(self, session: Session, ident: str, number: str, kind: str, serial: str) -> None:
        """Lends a device. Conflict when it is lent already."""
        ...

    def programme_loan_end(self, session: Session, ident: str, loan: str, how: str) -> None:
        """A device came back or is lost."""
        ...

    def programme_run(self, session: Session, ident: str) -> None:
        """Makes a new report."""
        ...

    def programme_file(self, session: Session, ident: str, name: str, locale: str) -> ReportFile:
        """report.pdf, numbers.csv or figure.svg of the last report. NotFound when there is none."""
        ...
