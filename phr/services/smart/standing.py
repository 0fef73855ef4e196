"""Whether what a person let an app do still holds: asked at every request, so that every end is an end at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from phr.domain.access import Access
from phr.domain.smart import scopes
from phr.services.smart.words import signing_in
from phr.store.tables import Account, SmartGrant
from phr.store.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Standing:
    """A grant that holds now. patient: the id of the person's Patient; decided: whose account let the app in.

    recipient and purpose: how the data reaches the app, as consents name it; may_write: not where somebody acts for
    somebody else.
    """

    grant: SmartGrant
    decided: Account
    patient: str
    recipient: str
    purpose: str
    may_write: bool


def standing(uow: UnitOfWork, grant: SmartGrant | None, now: datetime, request: str) -> Standing | None:
    """The grant with what it rests on; None when it ended, its account, its session, or the right to act for the person."""
    if grant is None or grant.revoked_at is not None or grant.ends_at <= now:
        return None
    account = uow.accounts.get(grant.account_id)
    if account is None or account.disabled or account.role != "resident":
        return None
    if bound(grant) and not online(uow, grant, now):
        return None
    own = f"Patient/{account.subject}"
    if grant.guardian_id is None:
        if account.person_id != grant.person_id:
            return None
        return Standing(grant, account, account.subject, own, "self", may_write=True)
    if account.person_id != grant.guardian_id:
        return None
    patient = acting(uow, grant.guardian_id, grant.person_id, own, request)
    return None if patient is None else Standing(grant, account, patient, own, "family", may_write=False)


def bound(grant: SmartGrant) -> bool:
    """Whether it lasts only while the person stays signed in."""
    words = grant.scope.split()
    return scopes.ONLINE in words and scopes.OFFLINE not in words


def online(uow: UnitOfWork, grant: SmartGrant, now: datetime) -> bool:
    """Whether a session in which the person was when they decided still lives: a later one brings nothing back."""
    sessions = uow.sessions.of_account(grant.account_id, now)
    return any(one.started_at <= grant.granted_at and not one.shared for one in sessions)


def acting(uow: UnitOfWork, guardian: UUID, person: UUID, recipient: str, request: str) -> str | None:
    """The Patient id of a person for whom somebody may act now, or None; the door of the database decides."""
    who = recipient.removeprefix("Patient/")
    uow.switch(Access("resident", who, recipient, "family", request, person))
    row, known = uow.family.acting(guardian, person), uow.people.get(person)
    patient = None if row is None or known is None else known.patient_id
    uow.switch(signing_in(request))
    return patient
