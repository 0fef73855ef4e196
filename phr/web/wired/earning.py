"""Earning points: proofs in words, awards that a person looks at, lists of staff, and codes of classes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.points import Award
from phr.domain.points_evidence import read
from phr.domain.points_rules import fiscal_year, rules_of
from phr.errors import NotFound
from phr.services.points import Listing, Reviewed
from phr.web.ports import Session
from phr.web.ports.earning import PointList
from phr.web.sessions import WebSession, held
from phr.web.views.earning import PointProof, PointReview, StaffPoints
from phr.web.wired.parts import Area, together

RULES: Final = {
    "steps_goal": "steps",
    "steps_half": "steps-half",
    "instead_of_walking": "exercise",
    "checkup_imported": "checkup",
    "guidance_decided": "guidance-decided",
    "guidance_completed": "guidance",
    "bp_or_weight_entry": "entry",
    "class_attended": "event",
    "outcome": "outcome",
    "screening": "screening",
    "brushing_day": "brushing",
}
"""Rule -> its words."""
_DECIDED: Final = 20


def proof_of(text: str, names: Mapping[UUID, str]) -> PointProof:
    """The evidence of an award as a page shows it: the person's own value, and the devices as they call them."""
    found = read(text)
    shown = tuple(dict.fromkeys(names[one] for one in found.sources if names.get(one)))
    return PointProof(found.kind, found.day, found.amount, shown)


def review_of(one: Reviewed, names: Mapping[UUID, str], name: str = "", decided_by: str = "") -> PointReview:
    """A review as a page shows it."""
    row = one.row
    state = {"open": "looked" if row.posted else "held"}.get(row.state, row.state)
    return PointReview(
        str(row.review_id),
        row.day,
        row.points,
        RULES.get(row.event, row.event),
        state,
        tuple(row.signals),
        proof_of(row.evidence, names),
        row.reason,
        tuple((said.at, said.text) for said in one.answers),
        name,
        decided_by,
    )


def review_id(text: str) -> UUID:
    """The id of a review. Raises NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such review") from None


class EarningArea(Area):
    """Earning points."""

    def answer_points(self, session: Session, review: str, text: str) -> None:
        """What a resident says about an award that a person looks at."""
        one = held(session)
        self._system.points_reviews.answer(one.whom, review_id(review), text, one.access())

    def attend_class(self, session: Session, code: str) -> str:
        """Count today's class by its code."""
        one = held(session)
        verdict = self._system.points_lists.attend(one.whom, code, one.access())
        return "counted" if isinstance(verdict, Award) else verdict.reason

    @together
    def staff_points(self, session: Session) -> StaffPoints:
        """Awards that wait, those decided last, and the forms."""
        one = held(session)
        access = one.access().for_purpose("points")
        waiting = self._system.points_reviews.queue(access)
        decided = self._system.points_reviews.queue(access, decided=True)[:_DECIDED]
        names = self._parts.directory.named({each.row.decided_by for each in decided}, request=one.request)
        shown = {subject: listed.display or subject for subject, listed in names.items()}
        return StaffPoints(
            self._parts.today(),
            tuple(_staff(each) for each in waiting),
            tuple(_staff(each, shown.get(each.row.decided_by, "")) for each in decided),
            goal=self._goal_range(),
        )

    def _goal_range(self) -> tuple[int, int]:
        rules = rules_of(fiscal_year(self._parts.today()))
        return rules.steps.personal_goal if rules else (0, 0)

    def decide_points(self, session: Session, review: str, *, give: bool, reason: str) -> bool:
        """Release or take back."""
        access, reviews = _nurse(held(session)), self._system.points_reviews
        if give:
            verdict = reviews.release(review_id(review), reason, access)
            return isinstance(verdict, Award) or verdict.reason == "stands"
        reviews.reverse(review_id(review), reason, access)
        return False

    def list_points(self, session: Session, listing: PointList) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Enter a list."""
        given = Listing(
            listing.event, listing.day, listing.people, listing.occasion, listing.variant, listing.steps
        )
        found = self._system.points_lists.enter(given, _nurse(held(session)))
        return found.earned, found.not_earned

    def class_code(self, session: Session, occasion: str, day: date) -> str:
        """The code of a class for one day."""
        return self._system.points_lists.code(occasion, day, _nurse(held(session)))

    def agree_goal(self, session: Session, patient: str, born: date, steps: int) -> None:
        """Keep a step goal that was agreed with a person."""
        self._system.points_lists.set_goal(patient, born, steps, _nurse(held(session)))


def _nurse(one: WebSession) -> Access:
    return one.access().for_purpose("points")


def _staff(each: Reviewed, decided_by: str = "") -> PointReview:
    name = "" if each.person is None else each.person.name
    return review_of(each, dict(each.sources), name, decided_by)
