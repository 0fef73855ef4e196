"""Whether a subscriber may still be told: the account, its app, its scopes, and the consent, asked anew each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.access import MAY, Access
from phr.domain.days import day_of, offset_us
from phr.domain.targets import target_of
from phr.ids import parse_observation_id
from phr.store.subscriptions import EVERYBODY
from phr.store.tables import Subscription
from phr.store.uow import Store, UnitOfWork

_DAY: Final = 86_400_000_000
Live = Callable[[Subscription, str], bool]
"""Whether the app that made a subscription still may what it then could: subscription, request."""
Admits = Callable[[str, str, dict[str, Any]], bool]
"""Whether scopes let a resource be read: scopes, type, resource."""


class Rights:
    """Asks with the owner's own reason, through the same door as every read."""

    def __init__(self, store: Store, zone: ZoneInfo, live: Live, admits: Admits) -> None:
        self._store = store
        self._zone = zone
        self._live = live
        self._admits = admits

    def holder(self, row: Subscription, request: str) -> bool:
        """Whether the owner still is who they were when they asked."""
        if row.client:
            return self._live(row, request)
        with self._store.begin(Access("system", "sign-in", "", "session", request)) as uow:
            account = uow.accounts.get(row.account_id)
            uow.commit()
        return (
            account is not None
            and not account.disabled
            and (account.role, account.subject, account.recipient) == (row.role, row.actor, row.recipient)
            and row.purpose in MAY[account.role]
        )

    def scoped(self, row: Subscription, focus: str, codes: Sequence[str], labels: Sequence[str]) -> bool:
        """Whether the scopes under which it was asked for let this be read."""
        if not row.scope:
            return True
        kind, _, identity = focus.partition("/")
        resource = {
            "resourceType": kind,
            "id": identity,
            "code": {"coding": [_coding(one) for one in codes]},
            "category": [{"coding": [_coding(one)]} for one in labels],
        }
        return self._admits(row.scope, kind, resource)

    def sees(self, row: Subscription, person: UUID, focus: str, request: str, *, told: bool = False) -> bool:
        """Whether the owner may read it now. told: it is about to be told, which the trail keeps."""
        if row.person_id not in (person, EVERYBODY):
            return False
        kind, _, identity = focus.partition("/")
        access = Access(row.role, row.actor, row.recipient, row.purpose, request, person)
        with self._store.begin(access) as uow:
            # A consent is its person's, and was numbered for the recipients that it names; that it ended is news
            # that the end must not keep back. What it is about is read elsewhere, or not at all.
            found = kind == "Consent" or self._found(uow, person, kind, identity)
            if told:
                outcome, reason = ("ok", "") if found else ("refused", "no-consent")
                uow.audit.add("send", kind, person, count=int(found), outcome=outcome, reason=reason)
            uow.commit()
        return found

    def _found(self, uow: UnitOfWork, person: UUID, kind: str, identity: str) -> bool:
        key = parse_observation_id(identity) if kind == "Observation" else None
        if key is None:
            return uow.happenings.document(person, kind, identity)
        target = target_of(key.target)
        day = day_of((key.start_us + offset_us(key.start_us, self._zone)) // _DAY)
        return target is not None and uow.happenings.sample(person, target[0], day)


def _coding(text: str) -> dict[str, str]:
    system, _, code = text.rpartition("|")
    return {"system": system, "code": code} if system else {"code": code}
