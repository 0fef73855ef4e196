"""The operator's pages: reads to review, and requests that need an approval."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, cast

from phr.domain.access import Access
from phr.domain.balp import pseudonym
from phr.errors import NotFound, Refused
from phr.services.export import Protocol
from phr.services.requests import APPROVED
from phr.services.reviews import Review
from phr.web.ports import Session
from phr.web.sessions import WebSession, held, organisation_name
from phr.web.views.operate import AuditLine, AuditReview, ToApprove
from phr.web.views.parts import Proof
from phr.web.wired.parts import Area, together


class Operating(Area):
    """Counts and states, never a person's data."""

    def _proof(self, one: WebSession) -> Proof | None:
        proved = self._parts.proofs.newest(request=one.request)
        return None if proved is None else Proof(proved.ok, proved.at, proved.root, proved.rows)

    @together
    def audit_review(self, session: Session) -> AuditReview:
        """Reads to review, oldest open first."""
        one = held(session)
        reviews = self._parts.reviews.listed(actor=one.subject, request=one.request)
        subjects = {review.actor for review in reviews}
        subjects |= {review.finding.by for review in reviews if review.finding is not None}
        names = self._parts.directory.named(subjects, request=one.request)
        shown = {subject: listed.display or subject for subject, listed in names.items()}
        now = self._parts.now()
        lines = [_line(review, shown, now) for review in reviews]
        return AuditReview(tuple(lines), self._proof(one))

    def review_audit(self, session: Session, ident: str, finding: str, note: str) -> None:
        """Record a finding for one read."""
        one = held(session)
        self._parts.reviews.record(ident, finding, note, actor=one.subject, request=one.request)

    def _to_approve(self, one: WebSession) -> tuple[ToApprove, ...]:
        institutes = self._parts.directory.organisations("researcher", request=one.request)
        waiting = self._parts.requests.waiting(institutes, _access(one))
        return tuple(
            ToApprove(
                each.number,
                each.asked.title,
                organisation_name(each.recipient),
                each.asked.committee,
                each.asked.purpose,
                each.asked.variables,
                each.asked.first,
                each.asked.last,
                len(each.approvals),
                one.subject in each.approvals,
            )
            for each in waiting
        )

    def approve_request(self, session: Session, number: str) -> None:
        """Approve a request; the second approval makes the release, or records why there is none."""
        one = held(session)
        access = _access(one)
        institutes = self._parts.directory.organisations("researcher", request=one.request)
        if number not in {each.number for each in self._parts.requests.waiting(institutes, access)}:
            raise NotFound("no such request")
        filed = self._parts.requests.approve(number, access)
        if filed.state != APPROVED:
            return
        asked = filed.asked
        protocol = Protocol(
            asked.title,
            asked.committee,
            filed.recipient,
            asked.variables,
            asked.first,
            asked.last,
            asked.profile,
            asked.resolution,
            asked.protocol if asked.longitudinal else "",
            asked.until,
            asked.responsible,
        )
        try:
            made = self._system.export.publish(protocol, actor=filed.by, request=one.request)
        except Refused as refused:
            self._parts.requests.settle(number, access, refusal=str(refused))
        else:
            self._parts.requests.settle(number, access, release=made.release_id)


def _access(one: WebSession) -> Access:
    return one.access("operate")


def _line(review: Review, shown: Mapping[str, str], now: datetime) -> AuditLine:
    """A line of the list: the person by a pseudonym, who looked by name."""
    finding = review.finding
    return AuditLine(
        ident=review.ident,
        at=review.at,
        who=shown.get(review.actor, review.actor),
        role="machine" if review.role == "system" else review.role,
        person=pseudonym(review.person) if review.person.int else "",
        purpose=review.purpose,
        categories=tuple(one for one in review.categories.split(",") if one),
        kind=cast("Literal['refused', 'emergency', 'unusual']", review.kind),
        reason=review.reason,
        note=review.note,
        count=review.count,
        until=review.until,
        overdue=finding is None and review.until is not None and review.until < now,
        reviewed_by="" if finding is None else shown.get(finding.by, finding.by),
        reviewed_at=None if finding is None else finding.at,
        finding="" if finding is None else finding.finding,
        finding_note="" if finding is None else finding.note,
    )
