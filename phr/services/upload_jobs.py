"""Upload jobs: reads the files that residents sent, one worker for each, and goes on where a lost one stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from ingest.series import Series
from phr import logs
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.leased import LostLease, Stopped, one_round
from phr.errors import Busy, Invalid, Refused
from phr.ids import new_id
from phr.store.uow import Store, UnitOfWork
from phr.store.upload_files import UploadFolder
from phr.store.uploads import Counted, Sent

_LEASE: Final = timedelta(minutes=3)
_ATTEMPTS: Final = 3
_AT_ONCE: Final = 20
_TELL_SECONDS: Final = 1.0
_ORPHAN_SECONDS: Final = 3600.0

ReceiveOne = Callable[..., Any]
"""The receive use case."""
Permitted = Callable[[UnitOfWork, UUID], bool]
"""Whether anything may be collected from a person."""


class Import(Protocol):
    """The import use case."""

    def __call__(
        self, name: str, path: Path, *, request: str, person: UUID, progress: Callable[[int, int], None]
    ) -> Any:
        """Imports a file for a person; goes on where it stopped."""
        ...


@dataclass
class _Turn:
    """One file in the hands of this worker."""

    sent: Sent
    lease: UUID
    request: str
    told: float = 0.0


class UploadJobs:
    """Reads the uploads of one city."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        recipient: str,
        folder: UploadFolder,
        receive: ReceiveOne,
        importing: Callable[[ReceiveOne], Import],
        permitted: Permitted,
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._folder = folder
        self._receive = receive
        self._importing = importing
        self._permitted = permitted
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Asks a round to give its file back at the next chance."""
        self._stopping.set()

    def round(self, *, request: str) -> dict[str, int]:
        """Reads what waits, ends what is too old, and deletes what nobody needs; how many of each outcome."""
        return one_round(
            self._stopping,
            lambda: self._tidy(request),
            lambda: self._due(request),
            lambda sent: self._one(sent, request),
        )

    def _due(self, request: str) -> list[Sent]:
        with self._store.begin(self._finding(request)) as uow:
            found = uow.uploads.due(self._clock.now(), _AT_ONCE)
            uow.commit()
        return found

    def _one(self, sent: Sent, request: str) -> str:
        """Reads one file; gives its outcome, empty when another worker has it."""
        turn = self._claim(sent, request)
        if turn is None:
            return ""
        try:
            error = self._read(turn)
        except LostLease:
            return "lost"
        except Stopped:
            self._release(turn, "waiting", "")
            return "stopped"
        except Busy:
            return "later"  # the lease runs out, and the next round goes on
        except Exception as trouble:  # noqa: BLE001 - one file must not hold up the others; it is tried again
            logs.get().error("upload", kind=type(trouble).__name__, request=request)
            return "broken"
        self._release(turn, "failed" if error else "done", error)
        self._folder.remove(sent.upload_id)
        return error or "done"

    def _claim(self, sent: Sent, request: str) -> _Turn | None:
        lease, now = new_id(), self._clock.now()
        with self._store.begin(self._collecting(sent, request)) as uow:
            claimed = uow.uploads.claim(sent.person_id, sent.upload_id, lease, now, now + _LEASE)
            uow.commit()
        return None if claimed is None else _Turn(claimed, lease, request)

    def _read(self, turn: _Turn) -> str:
        """Reads the file of a turn; gives the word of what is wrong with it, empty when nothing is."""
        sent = turn.sent
        path = self._folder.path(sent.upload_id, sent.name)
        with self._store.begin(self._collecting(sent, turn.request)) as uow:
            permitted = self._permitted(uow, sent.person_id)
            uow.commit()
        if not permitted:
            return "no-consent"
        if sent.attempts > _ATTEMPTS:
            return "failed"
        if not path.is_file():
            return "gone"

        def receive(owner: UUID, series: Sequence[Series], **more: Any) -> Any:
            self._hold(turn)
            receipt = self._receive(owner, series, **more)
            self._count(turn, receipt)
            return receipt

        def progress(done: int, total: int) -> None:
            if time.monotonic() - turn.told >= _TELL_SECONDS:
                self._hold(turn, (done, total))
                turn.told = time.monotonic()

        try:
            self._importing(receive)(
                sent.format, path, request=turn.request, person=sent.person_id, progress=progress
            )
        except Invalid:
            return "for-many"
        except Refused:
            return "unreadable"
        return ""

    def _hold(self, turn: _Turn, progress: tuple[int, int] | None = None) -> None:
        """Keeps the lease. Raises LostLease, or Stopped when this worker ends."""
        if self._stopping.is_set():
            raise Stopped
        sent, until = turn.sent, self._clock.now() + _LEASE
        with self._store.begin(self._collecting(sent, turn.request)) as uow:
            held = uow.uploads.hold(sent.person_id, sent.upload_id, turn.lease, until, progress)
            uow.commit()
        if not held:
            raise LostLease

    def _count(self, turn: _Turn, receipt: Any) -> None:
        """Adds what became of a part; what is stored stays stored, also when the file was ended meanwhile."""
        counted = Counted(
            receipt.stored,
            receipt.repeated,
            receipt.conflicts,
            receipt.quarantined,
            receipt.refused,
            receipt.documents,
            dict(receipt.rejected),
        )
        with self._store.begin(self._collecting(turn.sent, turn.request)) as uow:
            uow.uploads.add(turn.sent.person_id, turn.sent.upload_id, counted)
            uow.commit()

    def _release(self, turn: _Turn, state: str, error: str) -> None:
        sent = turn.sent
        with self._store.begin(self._collecting(sent, turn.request)) as uow:
            now = self._clock.now()
            if uow.uploads.release(sent.person_id, sent.upload_id, turn.lease, (state, error), now):
                uow.audit.add("upload-read", "upload", sent.person_id, reason=error or state)
            uow.commit()

    def _tidy(self, request: str) -> int:
        """Ends what did not come to its end in time, and deletes files that belong to nothing on its way."""
        now = self._clock.now()
        with self._store.begin(self._finding(request)) as uow:
            there = uow.uploads.everybody()
            uow.commit()
        late = [one for one in there if one.state == "receiving" and one.expires_at <= now]
        for sent in late:
            with self._store.begin(self._collecting(sent, request)) as uow:
                states = ("receiving", "failed")
                uow.uploads.turn(sent.person_id, sent.upload_id, states, now, error="expired")
                uow.commit()
            self._folder.remove(sent.upload_id)
        self._folder.sweep({one.upload_id for one in there}, _ORPHAN_SECONDS)
        return len(late)

    def _finding(self, request: str) -> Access:
        return machine(self._recipient, "sync", request, None, "uploads")

    def _collecting(self, sent: Sent, request: str) -> Access:
        return machine(self._recipient, "collect", request, sent.person_id, "uploads")
