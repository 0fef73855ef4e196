"""The operator's pages: the state of the service, reads to review, and requests that need an approval."""

from __future__ import annotations

from typing import Final

from phr.domain.access import Access
from phr.errors import NotFound, Refused
from phr.services.export import Protocol
from phr.services.requests import APPROVED
from phr.web.ports import Session
from phr.web.sessions import WebSession, held, organisation_name
from phr.web.views.operate import Attention, AuditLine, AuditReview, Connector, Outbox, Status, ToApprove
from phr.web.views.parts import Proof
from phr.web.wired.parts import Area

_LATE: Final = 300
_OLD: Final = 3600
_CHECKS: Final = ("audit-",)


class Operating(Area):
    """Counts and states, never a person's data."""

    def status(self, session: Session) -> Status:
        """How the service is."""
        one = held(session)
        now = self._parts.now()
        found = self._system.operate.status(actor=one.subject, request=one.request)
        waiting = found.outbox.get("waiting")
        dead = found.outbox.get("dead")
        oldest = None if waiting is None else int((now - waiting[1]).total_seconds())
        outbox = Outbox(0 if waiting is None else waiting[0], 0 if dead is None else dead[0], oldest)
        open_reviews = sum(
            review.finding is None and review.row.outcome == "emergency"
            for review in self._parts.reviews.listed(actor=one.subject, request=one.request)
        )
        proof = self._proof(one)
        connectors = tuple(
            Connector(name, "running" if age < _LATE else "late", 0, 0, 0, int(age))
            for name, at in sorted(found.workers.items())
            if not name.startswith(_CHECKS)
            for age in [(now - at).total_seconds()]
        )
        return Status(
            now=now,
            attention=tuple(self._attention(outbox, proof, open_reviews, connectors)),
            connectors=connectors,
            outbox=outbox,
            quarantine=(),
            refused=tuple(sorted(found.turned_away.items(), key=lambda pair: -pair[1])),
            audit=proof,
            emergency_unreviewed=open_reviews,
            figures=(),
            requests=self._to_approve(one),
        )

    def _attention(
        self, outbox: Outbox, proof: Proof | None, reviews: int, connectors: tuple[Connector, ...]
    ) -> list[Attention]:
        found = []
        if proof is not None and not proof.ok:
            found.append(Attention("audit-broken", "alarm", 1))
        if reviews:
            found.append(Attention("emergency-unreviewed", "alarm", reviews))
        if outbox.failed:
            found.append(Attention("outbox-failed", "warn", outbox.failed))
        if outbox.waiting and (outbox.oldest_seconds or 0) > _OLD:
            found.append(Attention("outbox-late", "warn", outbox.waiting))
        late = sum(connector.state != "running" for connector in connectors)
        if late:
            found.append(Attention("connector-failing", "warn", late))
        return found

    def _proof(self, one: WebSession) -> Proof | None:
        proved = self._parts.proofs.newest(request=one.request)
        return None if proved is None else Proof(proved.ok, proved.at, proved.root, proved.rows)

    def audit_review(self, session: Session) -> AuditReview:
        """Reads to review, oldest open first."""
        one = held(session)
        reviews = self._parts.reviews.listed(actor=one.subject, request=one.request)
        subjects = {review.row.actor for review in reviews}
        subjects |= {review.finding.by for review in reviews if review.finding is not None}
        names = self._parts.directory.named(subjects, request=one.request)
        lines = []
        for review in reviews:
            row, finding = review.row, review.finding
            listed = names.get(row.actor)
            reviewer = None if finding is None else names.get(finding.by)
            lines.append(
                AuditLine(
                    ident=review.ident,
                    at=row.at,
                    who=row.actor if listed is None else listed.display or row.actor,
                    role="machine" if row.role == "system" else row.role,
                    person=f"p-{row.person_id.hex[:8]}",
                    purpose=row.purpose,
                    categories=tuple(one for one in row.categories.split(",") if one),
                    kind="emergency" if row.outcome == "emergency" else "refused",
                    reason=row.reason,
                    reviewed_by="" if finding is None else reviewer.display if reviewer else finding.by,
                    reviewed_at=None if finding is None else finding.at,
                )
            )
        return AuditReview(tuple(lines), self._proof(one))

    def review_audit(self, session: Session, ident: str, finding: str) -> None:
        """Record a finding for one read."""
        one = held(session)
        self._parts.reviews.record(ident, finding, actor=one.subject, request=one.request)

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
            asked.title, asked.committee, filed.recipient, asked.variables, asked.first, asked.last
        )
        try:
            made = self._system.export.publish(protocol, actor=filed.by, request=one.request)
        except Refused as refused:
            self._parts.requests.settle(number, access, refusal=str(refused))
        else:
            self._parts.requests.settle(number, access, release=made.release_id)


def _access(one: WebSession) -> Access:
    return one.access("operate")
