"""What a resident sees of scores, trends and questionnaires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.domain.home_target import Target
from phr.domain.questionnaires import Answers
from phr.web.ports.session import Session
from phr.web.views.health import Filling, QuestionnaireList, QuestionnaireResult, RiskPage
from phr.web.views.home import TargetPage


@dataclass(frozen=True, slots=True)
class PaperForm:
    """A paper form that staff copy: whose it is by its number, the birth date and the day written on it."""

    patient: str
    born: date
    day: date
    answers: Answers


class HealthPages(Protocol):
    """What a resident sees of scores, trends and questionnaires."""

    def risk(self, session: Session, answers: Mapping[str, bool]) -> RiskPage:
        """The published score, computed now where the person asked for it; ``answers`` are not kept."""
        ...

    def questionnaires(self, session: Session) -> QuestionnaireList:
        """Every questionnaire, and when it was last answered."""
        ...

    def questionnaire(self, session: Session, name: str) -> Filling:
        """The empty form. NotFound for an unknown name."""
        ...

    def answer(self, session: Session, name: str, answers: Answers) -> str:
        """Store the answers; gives their id. Invalid names the item, NotAllowed: not consented to collect."""
        ...

    def answered(self, session: Session, name: str, ident: str) -> QuestionnaireResult:
        """The own answers: those of that id, else the newest."""
        ...

    def paper(self, session: Session, name: str, language: str) -> bytes:
        """The form as a PDF; a resident's own carries the number of the record."""
        ...

    def copy_paper(self, session: Session, name: str, form: PaperForm) -> str:
        """Store a paper form; gives the id. Invalid (field patient or day), NotAllowed as for ``answer``."""
        ...

    def answered_by(self, session: Session, name: str, patient: str, ident: str) -> QuestionnaireResult:
        """A person's answers with their points, for staff who may see them. NotFound when there is no such person."""
        ...

    def patient_of(self, session: Session, case: str) -> str:
        """The number of the record that a case is about. NotFound for a case that is not there or not shared."""
        ...

    def home_target(self, session: Session, patient: str) -> TargetPage:
        """A person's week of home blood pressure and goal, for staff who may see them."""
        ...

    def set_home_target(self, session: Session, patient: str, target: Target | None) -> None:
        """Set the goal, or end it. Invalid (field systolic or diastolic) when it can be none."""
        ...
