"""What those who run the service see and do."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.running import StaffAccounts, Status


class RunningPages(Protocol):
    """Counts and states of the service, letters tried again by hand, and the accounts of staff."""

    def status(self, session: Session) -> Status:
        """How the service is."""
        ...

    def retry_letter(self, session: Session, letter: str) -> None:
        """Let a dead letter be tried again. NotFound when it is none."""
        ...

    def staff_accounts(self, session: Session) -> StaffAccounts:
        """The accounts of staff."""
        ...

    def sign_out_account(self, session: Session, account: str) -> None:
        """End every session of an account."""
        ...

    def disable_account(self, session: Session, account: str) -> None:
        """Let nobody sign in with an account. Refused with a code (sentences "staff-account-problem")."""
        ...

    def ask_role(self, session: Session, account: str, role: str, organisation: str) -> None:
        """Ask for another role or organisation. Refused with a code; Conflict when a change waits already."""
        ...

    def decide_role(self, session: Session, change: str, *, approve: bool) -> None:
        """Approve or refuse a change. Refused with a code when another person must."""
        ...
