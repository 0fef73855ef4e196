"""The page of files: a resident's own uploads, what became of them, and what was not taken in."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from typing import Any, Final, cast
from uuid import UUID

from phr.errors import NotFound
from phr.services.uploads import READABLE
from phr.web.ports import Coming, Piece, Session
from phr.web.sessions import held
from phr.web.views.uploads import UploadLine, Uploads, UploadState
from phr.web.wired.parts import Area, together

_REASONS: Final = {
    "bad-value": "bad-value no-value bad-unit bad-type no-answer too-long bad-row no-device-information",
    "bad-time": "bad-time bad-date no-interval no-day imprecise-time",
    "not-kept": "unsupported-type unknown-code unknown-table unsupported-schema unsupported-window statistic in-bed"
    " other-movement outcome ambiguous-pair",
    "other-file": "unsupported-file not-of-this-format",
    "superseded": "superseded repeated deletion",
}
_WORD_OF: Final = {reason: word for word, reasons in _REASONS.items() for reason in reasons.split()}
"""The words of readers, as a person understands them; every other one is unreadable."""
_MEGA: Final = 1_000_000


class Uploading(Area):
    """A resident's own files."""

    @together
    def uploads(self, session: Session, notice: str, *, again: bool = False) -> Uploads:
        """The files as they stand."""
        one = held(session)
        found = self._system.uploads.shown(one.person, actor=one.subject, request=one.request, again=again)
        return Uploads(
            allowed=found.allowed,
            files=tuple(_line(each) for each in found.files),
            largest=self._parts.settings.upload_largest_mb * _MEGA,
            formats=tuple(READABLE),
            notice=notice,
        )

    def upload_begin(
        self, session: Session, name: str, size: int, *, fingerprint: str = "", digest: str = ""
    ) -> Coming:
        """Announces a file, or finds the unfinished one."""
        one = held(session)
        return _coming(
            self._system.uploads.begin(
                one.person,
                name,
                size,
                actor=one.subject,
                request=one.request,
                fingerprint=fingerprint,
                digest=digest,
            )
        )

    def upload_state(self, session: Session, ident: str) -> Coming:
        """How far a file has come."""
        one = held(session)
        found = self._system.uploads.one(one.person, _ident(ident), actor=one.subject, request=one.request)
        return _coming(found)

    def upload_part(
        self, session: Session, ident: str, offset: int, *, all_or_nothing: bool = False
    ) -> AbstractContextManager[Piece]:
        """A place to write the next piece to."""
        one = held(session)
        return self._system.uploads.part(
            one.person,
            _ident(ident),
            offset,
            actor=one.subject,
            request=one.request,
            all_or_nothing=all_or_nothing,
        )

    def upload_finish(self, session: Session, ident: str, *, whole: bool = False) -> Coming:
        """What follows a piece."""
        one = held(session)
        found = self._system.uploads.finish(
            one.person, _ident(ident), actor=one.subject, request=one.request, whole=whole
        )
        return _coming(found)

    def upload_end(self, session: Session, ident: str) -> None:
        """Ends a file at once."""
        one = held(session)
        self._system.uploads.cancel(one.person, _ident(ident), actor=one.subject, request=one.request)


def _ident(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("no such upload") from error


def _coming(sent: Any) -> Coming:
    return Coming(str(sent.upload_id), sent.size, sent.received, sent.state, sent.error)


def _line(sent: Any) -> UploadLine:
    done, total = (sent.received, sent.size) if sent.state == "receiving" else (sent.done, sent.total)
    reasons: Counter[str] = Counter()
    for reason, number in sent.rejected.items():
        reasons[_WORD_OF.get(reason, "unreadable")] += number
    reasons["no-consent"] += sent.refused
    reasons["quarantined"] += sent.quarantined
    reasons["conflict"] += sent.conflicts
    return UploadLine(
        ident=str(sent.upload_id),
        name=sent.name,
        size=sent.size,
        state=cast("UploadState", sent.state),
        at=sent.created_at,
        percent=min(100, 100 * done // total) if total else 0,
        format=sent.format if sent.format in READABLE else "",
        stored=sent.stored,
        repeated=sent.repeated,
        documents=sent.documents,
        reasons=tuple((word, number) for word, number in reasons.most_common() if number),
        error=sent.error,
    )
