"""Directory: the names that accounts show, and the organisations that people of a role belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from phr.domain.access import Access
from phr.domain.smart.tokens import APP
from phr.store.uow import Store


@dataclass(frozen=True, slots=True)
class Listed:
    """An account as others see it."""

    subject: str
    role: str
    display: str
    recipient: str


class Directory:
    """Reads accounts, never their sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def named(self, subjects: Iterable[str], *, request: str) -> Mapping[str, Listed]:
        """The accounts of these subjects that exist."""
        wanted = sorted({subject for subject in subjects if subject})
        if not wanted:
            return {}
        with self._store.begin(self._access(request)) as uow:
            found = uow.accounts.of(wanted)
            apps = uow.smart.clients() if any(one.startswith(APP) for one in wanted) else ()
            uow.commit()
        people = {one.subject: Listed(one.subject, one.role, one.display, one.recipient) for one in found}
        return people | {
            f"{APP}{one.client_id}": Listed(one.client_id, "app", one.name, one.recipient) for one in apps
        }

    def organisations(self, role: str, *, request: str) -> tuple[str, ...]:
        """The organisations of the accounts of a role, by name."""
        with self._store.begin(self._access(request)) as uow:
            accounts = uow.accounts.of_role(role)
            uow.commit()
        return tuple(sorted({one.recipient for one in accounts if one.recipient}))

    @staticmethod
    def _access(request: str) -> Access:
        return Access("system", "directory", "", "session", request)
