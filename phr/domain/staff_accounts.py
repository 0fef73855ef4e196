"""Rules of staff accounts: what one operator may do alone, and what needs a second one (R8-24)."""

from __future__ import annotations

from dataclasses import dataclass

from phr.domain.signin import STAFF

OWN = "own"
LAST = "last-operator"
SAME = "same"
ROLE = "role"
SECOND = "second-person"


@dataclass(frozen=True, slots=True)
class Holder:
    """An account as the rules see it."""

    subject: str
    role: str
    recipient: str
    disabled: bool


def disabling(actor: str, account: Holder, operators: int) -> str:
    """Why an operator may not disable this account alone; empty when they may. operators: those who can sign in.

    >>> disabling("a", Holder("b", "nurse", "city", False), 1)
    ''
    """
    if actor == account.subject:
        return OWN
    return _last(account, operators)


def asking(actor: str, account: Holder, role: str, recipient: str, operators: int) -> str:
    """Why this change may not be asked for; empty when it may. A disabled account is enabled by asking for its role."""
    if actor == account.subject:
        return OWN
    if role not in STAFF or account.role not in STAFF or not recipient:
        return ROLE
    if (role, recipient) == (account.role, account.recipient) and not account.disabled:
        return SAME
    return "" if role == "operator" else _last(account, operators)


def deciding(actor: str, asked_by: str, account: Holder, role: str, operators: int) -> str:
    """Why this person may not approve a change; empty when they may: not who asked, and not whom it is about."""
    if actor in {asked_by, account.subject}:
        return SECOND
    return "" if role == "operator" else _last(account, operators)


def _last(account: Holder, operators: int) -> str:
    """A service without an operator could never get one back through its pages."""
    return LAST if account.role == "operator" and not account.disabled and operators < 2 else ""
