"""What the operator sees and does."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.operate import AuditReview, Status


class OperatorPages(Protocol):
    """What the operator sees and does: counts and states."""

    def status(self, session: Session) -> Status:
        """How the service is."""
        ...

    def audit_review(self, session: Session) -> AuditReview:
        """Reads to review, oldest open first."""
        ...

    def review_audit(self, session: Session, ident: str, finding: str) -> None:
        """Record a finding (sentences "finding") for one read."""
        ...

    def approve_request(self, session: Session, number: str) -> None:
        """Approve a request for de-identified data. Refused when another person must."""
        ...
