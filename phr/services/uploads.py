"""Uploads: a resident sends a file in one piece or many; what came stays, and a whole file waits to be read."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import IO, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.categories import CATEGORIES
from consent.grants import decide_rows
from consent.model import Request
from ingest.files.sniff import format_of
from ingest.registry import FORMATS, Format
from phr.clock import Clock
from phr.domain.access import Access, machine, resident
from phr.domain.days import day_at
from phr.errors import Conflict, NotAllowed, NotFound, Refused
from phr.ids import new_id
from phr.store.uow import Store, UnitOfWork
from phr.store.upload_files import InUse, UploadFolder, safe_name
from phr.store.uploads import Announced, Sent

_SHOWN: Final = 30
_WAITING: Final = 20
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
READABLE: Final[Mapping[str, Format]] = {name: each for name, each in FORMATS.items() if not each.many_people}
"""What one person may send: files of many people need somebody who says whose each record is."""


class UploadRefused(Refused):
    """A file is not taken; ``word`` says why: empty, too-large, no-room, another, too-many, offset, locked, digest."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word


@dataclass(frozen=True, slots=True)
class Limits:
    """largest: bytes of all files of one person that are on their way; reserve: bytes that stay free on the disk."""

    largest: int
    reserve: int
    keep: timedelta


@dataclass(frozen=True, slots=True)
class Shown:
    """A person's files, newest first; ``allowed``: something may be collected at all."""

    allowed: bool
    files: tuple[Sent, ...]


@dataclass
class Part:
    """A piece of a file while it arrives."""

    sent: Sent
    _stream: IO[bytes]
    written: int = 0

    def __post_init__(self) -> None:
        """Counts what arrives."""
        self._digest = sha256()

    def write(self, data: bytes) -> None:
        """Appends. Raises UploadRefused when more comes than was announced, or the disk is full."""
        if self.sent.received + self.written + len(data) > self.sent.size:
            raise UploadRefused("too-large", "more was sent than was announced")
        try:
            view = memoryview(data)
            while view:
                gone = self._stream.write(view)
                self.written += gone
                view = view[gone:]
        except OSError as error:
            if error.errno in _FULL:
                raise UploadRefused("no-room", "the disk is full") from error
            raise
        self._digest.update(data)

    def sync(self) -> None:
        """Puts what came on the disk."""
        os.fsync(self._stream.fileno())

    def discard(self) -> None:
        """Forgets this piece."""
        self._stream.truncate(self.sent.received)
        self.written = 0

    def check(self, digest: str) -> None:
        """Raises UploadRefused, and forgets this piece, when its digest is another one."""
        if digest and digest != self._digest.hexdigest():
            self.discard()
            raise UploadRefused("digest", "the piece arrived damaged")


class Uploads:
    """Takes the files of one city's residents."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, folder: UploadFolder, limits: Limits
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._folder = folder
        self._limits = limits

    def shown(self, person: UUID, *, actor: str, request: str, again: bool = False) -> Shown:
        """The person's files. again: the same page asks how far it is, which is one look and one row of the trail."""
        with self._store.begin(machine(self._recipient, "collect", request, person, "uploads")) as uow:
            allowed = self.permitted(uow, person)
            uow.switch(resident(person, actor, request))
            files = uow.uploads.of_person(person, _SHOWN)
            if not again:
                uow.audit.add("read", "upload", person, count=len(files))
            uow.commit()
        return Shown(allowed, tuple(files))

    def begin(
        self,
        person: UUID,
        name: str,
        size: int,
        *,
        actor: str,
        request: str,
        fingerprint: str = "",
        digest: str = "",
    ) -> Sent:
        """A new upload, or the unfinished one of the same file, which goes on where it stopped.

        fingerprint: by which the sender knows the file; digest: SHA-256 of the whole, when it is known. Raises NotAllowed without a consent to collect anything, UploadRefused when a limit says no.
        """
        limits, now = self._limits, self._clock.now()
        if size <= 0:
            raise UploadRefused("empty", "the file is empty")
        digest = digest if _HEX.fullmatch(digest) else ""
        free = self._folder.free() - self._outstanding(request) - limits.reserve
        with self._store.begin(self._access(person, actor, request)) as uow:
            if not self.permitted(uow, person):
                raise NotAllowed("no-consent")
            there = uow.uploads.open_of(person)
            coming = next((one for one in there if one.state == "receiving"), None)
            if coming is not None:
                if fingerprint and (coming.fingerprint, coming.size) == (fingerprint[:64], size):
                    return coming
                raise UploadRefused("another", "another file is being sent; finish or end it first")
            if sum(one.size for one in there) + size > limits.largest:
                raise UploadRefused("too-large", "larger than this service takes")
            if len(there) >= _WAITING:
                raise UploadRefused("too-many", "too many files wait to be read")
            if size > free:
                raise UploadRefused("no-room", "no room for this file at present")
            upload = new_id()
            uow.uploads.begin(
                person,
                upload,
                Announced(safe_name(name), size, fingerprint[:64], digest),
                now,
                now + limits.keep,
            )
            uow.audit.add("upload", "upload", person)
            made = uow.uploads.one(person, upload)
            uow.commit()
        if made is None:
            raise NotFound("no such upload")
        return made

    def one(self, person: UUID, upload: UUID, *, actor: str, request: str) -> Sent:
        """One of the person's files. Raises NotFound, also for somebody else's."""
        with self._store.begin(self._access(person, actor, request)) as uow:
            found = uow.uploads.one(person, upload)
            uow.commit()
        if found is None:
            raise NotFound("no such upload")
        return found

    @contextmanager
    def part(
        self,
        person: UUID,
        upload: UUID,
        offset: int,
        *,
        actor: str,
        request: str,
        all_or_nothing: bool = False,
    ) -> Iterator[Part]:
        """A place to write the next piece to. What came when the line breaks is kept, unless it must come whole.

        Raises NotFound, and UploadRefused when the offset is not where the file ends, or another request writes.
        """
        sent = self.one(person, upload, actor=actor, request=request)
        if sent.state != "receiving" or sent.received != offset:
            raise UploadRefused("offset", "the file does not end there")
        try:
            with self._folder.writing(upload, sent.name, offset) as stream:
                part = Part(sent, stream)
                try:
                    yield part
                except BaseException:
                    if all_or_nothing:
                        part.discard()
                    self._keep(part, actor, request)
                    raise
                self._keep(part, actor, request)
        except InUse as error:
            raise UploadRefused("locked", "another request sends this file") from error

    def _keep(self, part: Part, actor: str, request: str) -> None:
        """Notes what came, once it is on the disk."""
        part.sync()
        sent, now = part.sent, self._clock.now()
        with self._store.begin(self._access(sent.person_id, actor, request)) as uow:
            after = sent.received + part.written
            if not uow.uploads.advance(
                sent.person_id, sent.upload_id, sent.received, after, now, now + self._limits.keep
            ):
                raise Conflict("the upload was ended meanwhile")
            uow.commit()

    def finish(self, person: UUID, upload: UUID, *, actor: str, request: str, whole: bool = False) -> Sent:
        """What follows a piece: a file that is complete waits to be read, or is refused and deleted.

        whole: the sender could not say the size, and this is the end. A file that is not complete stays as it is.
        Raises UploadRefused when the digest of the whole is another one.
        """
        sent = self.one(person, upload, actor=actor, request=request)
        if sent.state != "receiving" or (sent.received < sent.size and not whole):
            return sent
        if not sent.received:
            self._end(sent, "empty", actor, request)
            raise UploadRefused("empty", "the file is empty")
        if sent.sha256 and sent.sha256 != self._folder.sha256(upload, sent.name):
            self._end(sent, "digest", actor, request)
            raise UploadRefused("digest", "the file arrived damaged")
        found = format_of(self._folder.path(upload, sent.name)) or ""
        error = "" if found in READABLE else "for-many" if found else "unknown-format"
        states = ("receiving", "failed" if error else "waiting")
        with self._store.begin(self._access(person, actor, request)) as uow:
            if whole:
                uow.uploads.resize(person, upload, sent.received)
            uow.uploads.turn(person, upload, states, self._clock.now(), error=error, name=found)
            uow.audit.add("uploaded", "upload", person, reason=error)
            uow.commit()
        if error:
            self._folder.remove(upload)
        return self.one(person, upload, actor=actor, request=request)

    def cancel(self, person: UUID, upload: UUID, *, actor: str, request: str) -> None:
        """Ends an upload or its job at once and deletes the file. Raises NotFound for one that is over or not theirs."""
        sent = self.one(person, upload, actor=actor, request=request)
        if not self._end(sent, "cancelled", actor, request):
            raise NotFound("no such upload")

    def _end(self, sent: Sent, error: str, actor: str, request: str) -> bool:
        with self._store.begin(self._access(sent.person_id, actor, request)) as uow:
            now = self._clock.now()
            ended = any(
                uow.uploads.turn(sent.person_id, sent.upload_id, (state, "failed"), now, error=error)
                for state in ("receiving", "waiting", "reading")
            )
            if ended:
                uow.audit.add("upload-ended", "upload", sent.person_id, reason=error)
            uow.commit()
        self._folder.remove(sent.upload_id)
        return ended

    def consent_changed(self, uow: UnitOfWork, person: UUID) -> int:
        """Ends everything in the transaction of a consent that leaves nothing to collect, and deletes the files."""
        if self.permitted(uow, person):
            return 0
        ended = list(uow.uploads.end_all(person, "no-consent", self._clock.now()))
        for upload in ended:
            self._folder.remove(upload)
            uow.audit.add("upload-ended", "upload", person, reason="no-consent")
        return len(ended)

    def permitted(self, uow: UnitOfWork, person: UUID) -> bool:
        """Whether anything may be collected from the person today; asked in a context that sees the grants."""
        now = self._clock.now()
        rows, today = uow.consents.lines(person), day_at(now, self._zone)
        return any(
            decide_rows(rows, Request(str(person), self._recipient, "collect", category, today), now).permit
            for category in CATEGORIES
        )

    def _outstanding(self, request: str) -> int:
        """Bytes that others were promised and have not sent."""
        with self._store.begin(machine(self._recipient, "sync", request, None, "uploads")) as uow:
            total = sum(
                one.size - one.received for one in uow.uploads.everybody() if one.state == "receiving"
            )
            uow.commit()
        return total

    def _access(self, person: UUID, actor: str, request: str) -> Access:
        return Access("resident", actor, self._recipient, "collect", request, person)
