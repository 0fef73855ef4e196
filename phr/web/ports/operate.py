"""What the operator sees and does."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.operate import AuditReview


class OperatorPages(Protocol):
    """What the operator sees and does: counts and states."""

    def audit_review(self, session: Session) -> AuditReview:
        """Reads to review, oldest open first."""
        ...

    def review_audit(self, session: Session, ident: str, finding: str, note: str) -> None:
        """Record a finding (sentences "finding") and a note. Refused for one's own look, Conflict when it was reviewed."""
        ...

    def approve_request(self, session: Session, number: str) -> None:
        """Approve a request for de-identified data. Refused when another person must."""
        ...
