"""Keeping the log: base backups, the server's log as it is written, and data folders of any instant between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from phr.clock import Clock
from phr.domain import signs
from phr.domain.access import Access
from phr.errors import Busy, Invalid
from phr.ids import new_id
from phr.store import age, physical
from phr.store.engine import Database
from phr.store.operations import Kept
from phr.store.uow import Store
from phr.store.wal import Receiver

Wait = Callable[[float], bool]
"""Waits for some seconds: whether it is time to stop."""


class KeepingLog:
    """Keeps every change of one server's data safe, so that the state of any instant can be had again."""

    def __init__(
        self, store: Callable[[], Store], clock: Clock, recipient: str, database: Database, spool: Path
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._database = database
        self._spool = spool

    def base(self, target: Path, recipients: Sequence[str], *, request: str) -> Mapping[str, Any]:
        """Writes a base backup. Raises BackupError, Refused; a failure is noted too."""
        began = self._clock.now()
        ok = False
        detail: dict[str, Any] = {"file": target.name}
        try:
            with self._database.admin() as admin:
                admin.autocommit = True
                made = physical.base(admin, target, age.public_keys(recipients), began)
            detail["bytes"] = target.stat().st_size
            ok = True
        finally:
            self._note("base", detail, request, ok=ok)
        return {**made, **detail}

    def stream(
        self, archive: Path, recipients: Sequence[str], wait: Wait, *, every: float, request: str
    ) -> None:
        """Keeps the log until ``wait`` says that it is time to stop. Raises BackupError, Refused.

        After each round in which everything had arrived the instant before it is noted: a restore falls behind it by no
        more than what came since. A database that is away is waited for.
        """
        receiver = Receiver(self._database.admin, self._spool, archive, age.public_keys(recipients))
        receiver.begin()
        try:
            while True:
                self._round(receiver, request)
                if wait(every):
                    break
            self._round(receiver, request)
        finally:
            receiver.end()

    def _round(self, receiver: Receiver, request: str) -> None:
        at = self._clock.now()
        try:
            if receiver.round():
                self._beat(at, request)
        except Busy:
            return  # the age of the last sign says for how long

    def _beat(self, at: datetime, request: str) -> None:
        with self._store().begin(self._access(request)) as uow:
            uow.operations.beat(signs.LOG, at)
            uow.commit()

    def _note(self, kind: str, detail: Mapping[str, Any], request: str, *, ok: bool) -> None:
        with self._store().begin(self._access(request)) as uow:
            uow.operations.keep(new_id(), Kept(kind, self._clock.now(), ok, detail))
            uow.commit()

    def _access(self, request: str) -> Access:
        return Access("system", "keeping", self._recipient, "operate", request)


def unpacked(source: Path, archive: Path, folder: Path, identity: str, until: str = "") -> physical.Unpacked:
    """Makes a data folder that rolls forward to an instant at its first start; empty is as far as the log goes.

    It needs neither the service nor its database. Raises Invalid, Refused, BackupError.
    """
    return physical.unpack(source, archive, folder, identity, _instant(until) if until else None)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("must be an instant such as 2026-11-21T09:30:00+09:00", field="to") from None
    if found.tzinfo is None:
        raise Invalid("must say its offset, such as +09:00", field="to")
    return found
