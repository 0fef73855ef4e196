"""A resident's own documents: copies of everything, corrections, stop of use, deletion."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

from ingest.codes import VITALS
from phr.errors import Invalid, NotAllowed, NotFound
from phr.services.rights.requests import Asked
from phr.web.forms import number_typed
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.documents import (
    CopyLine,
    CopyState,
    Correct,
    DeleteAccount,
    Documents,
    RequestLine,
    ValueLine,
)
from phr.web.wired.parts import Area, together

_FRESH: Final = timedelta(minutes=10)
_TEXT: Final = 2000
_ASKABLE: Final = frozenset({"disclose", "correct", "stop"})


class DocumentArea(Area):
    """Own documents and rights."""

    @together
    def documents(self, session: Session, notice: str) -> Documents:
        """Copies, requests, and whether use is stopped."""
        one, system = held(session), self._system
        access, person = one.access(), one.person
        standing = [request_line(each) for each in system.rights_requests.of_person(person, access)]
        deleting = next((each for each in standing if each.kind == "erase" and each.state == "waiting"), None)
        return Documents(
            copies=tuple(_copy(row, one) for row in system.take_outs.listed(person, access)),
            requests=tuple(standing),
            stopped=system.stop_of_use.stopped(person, access),
            days=self._parts.settings.rights_days,
            keep_days=self._parts.settings.copy_keep_days,
            today=self._parts.today(),
            deleting=deleting,
            notice=notice,
        )

    def take_everything(self, session: Session) -> None:
        """Asks for a copy."""
        one = held(session)
        self._system.take_outs.ask(one.person, one.access())

    def copy_file(self, session: Session, ident: str, key: str) -> tuple[str, Iterator[bytes]]:
        """Name and bytes."""
        one = held(session)
        if not hmac.compare_digest(_key(one, ident).encode(), key.encode()):
            raise NotFound("no such file")
        opened = self._system.take_outs.open(one.person, ident_of(ident), one.access())
        return opened.name, opened.parts

    def remove_copy(self, session: Session, ident: str) -> None:
        """Deletes a copy."""
        one = held(session)
        self._system.take_outs.remove(one.person, ident_of(ident), one.access())

    @together
    def correct_page(self, session: Session, day: date | None, ident: str) -> Correct:
        """The values of a day."""
        one, today = held(session), self._parts.today()
        access = one.access()
        chosen = None if not ident else self._system.correcting.one(one.person, ident, access)
        shown = chosen.at.date() if chosen is not None else min(day or today, today)
        lines = self._system.correcting.of_day(one.person, shown, access)
        return Correct(
            day=shown,
            today=today,
            lines=tuple(map(_value, lines)),
            chosen=None if chosen is None else _value(chosen),
        )

    def correct(self, session: Session, ident: str, typed: Mapping[str, str], reason: str) -> str:
        """Corrects, or asks."""
        one = held(session)
        access = one.access()
        known = self._system.correcting.one(one.person, ident, access)
        values = {}
        for name in known.values:
            if typed.get(name, "").strip():
                number = number_typed(typed[name])
                if number is None:
                    raise Invalid("is no number", field=name)
                values[name] = number
        if not reason.strip():
            raise Invalid("say why", field="reason")
        if known.typed:
            self._system.correcting(one.person, ident, values, reason, access)
            return "corrected"
        detail = {"ident": ident, "code": known.code, "right": values, "reason": reason[:500]}
        self._system.rights_requests.ask(one.person, Asked("correct", detail), access)
        return "asked"

    def ask_right(self, session: Session, kind: str, text: str) -> None:
        """Sends a request."""
        one = held(session)
        if kind not in _ASKABLE:
            raise Invalid("must be one of the known kinds", field="kind")
        if not text.strip() or len(text) > _TEXT:
            raise Invalid("say what you ask for", field="text")
        self._system.rights_requests.ask(one.person, Asked(kind, {"text": text.strip()}), one.access())

    def stop_use(self, session: Session) -> None:
        """Stops all use."""
        one = held(session)
        self._system.stop_of_use.stop(one.person, one.access())

    def go_on(self, session: Session) -> None:
        """Takes the stop back."""
        one = held(session)
        self._system.stop_of_use.go_on(one.person, one.access())

    @together
    def delete_page(self, session: Session) -> DeleteAccount:
        """What goes and what stays."""
        one = held(session)
        with self._system.store.begin(one.access()) as uow:
            vitals = sum(each.samples for each in uow.everything.vitals(one.person))
            documents = sum(uow.everything.documents(one.person).values())
            uow.commit()
        kept = tuple((each.what, each.years) for each in self._system.erasing.kept)
        return DeleteAccount(
            fresh=self._fresh(one),
            cooling=self._parts.settings.delete_cooling_days,
            counts=(("samples", vitals), ("documents", documents)),
            kept=kept,
        )

    def delete_account(self, session: Session, *, at_once: bool) -> None:
        """Begins the deletion."""
        one = held(session)
        if not self._fresh(one):
            raise NotAllowed("sign-in-again")
        self._system.erasing.ask(one.person, one.access(), at_once=at_once)

    def cancel_request(self, session: Session, ident: str) -> None:
        """Takes a request back."""
        one = held(session)
        self._system.rights_requests.cancel(one.person, ident_of(ident), one.access())

    def _fresh(self, one: WebSession) -> bool:
        """Whether this session signed in within the last minutes: what cannot be undone asks again who is there."""
        live = self._system.accounts.live(one.caller.account, one.secret, one.request)
        here = next((each for each in live if each.here), None)
        return here is not None and self._parts.now() - here.started <= _FRESH


def ident_of(text: str) -> UUID:
    """The number of a row. NotFound when it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such thing") from None


def _key(one: WebSession, ident: str) -> str:
    """What binds a link to this session: without the session's secret nobody makes it, and it dies with the session."""
    return hmac.new(one.secret.encode(), f"take-out|{ident}".encode(), sha256).hexdigest()


def _copy(row: Any, one: WebSession) -> CopyLine:
    ident = str(row.job_id)
    return CopyLine(
        ident=ident,
        state=cast("CopyState", row.state),
        at=row.asked_at,
        percent=min(100, 100 * row.done // row.total) if row.total else 0,
        size=row.size,
        until=row.expires_at,
        key=_key(one, ident),
    )


def request_line(standing: Any, whose: str = "") -> RequestLine:
    """A request as pages show it."""
    row = standing.row
    detail = row.detail or {}
    return RequestLine(
        ident=str(row.request_id),
        kind=row.kind,
        state=row.state,
        clock=standing.tone,
        asked=row.asked_at,
        due=standing.due,
        left=standing.left,
        handler=row.handler,
        as_whom=row.as_whom,
        text=_said(detail),
        decision=row.decision,
        extension=row.extension_reason,
        whose=whose,
        recipients=tuple((str(kind), str(who)) for kind, who in detail.get("recipients", [])),
        cancellable=row.decided_at is None,
    )


def _said(detail: Mapping[str, Any]) -> str:
    """What a request is about, in words: its text, or the value and what it should be."""
    if "text" in detail:
        return str(detail["text"])
    code = str(detail.get("code", ""))
    if code not in VITALS:
        return ""
    before, after = detail.get("before", {}), detail.get("after", detail.get("right", {}))
    numbers = "、".join(
        f"{VITALS[code].channel(name).name_ja} {before.get(name, '')} → {value}"
        for name, value in after.items()
        if before.get(name) != value
    )
    return f"{VITALS[code].name_ja} {str(detail.get('at', ''))[:16].replace('T', ' ')} {numbers} {detail.get('reason', '')}"


def _value(one: Any) -> ValueLine:
    vital = VITALS[one.code]
    return ValueLine(
        ident=one.ident,
        vital=(vital.name_ja, vital.name_en),
        at=one.at,
        values=tuple(
            (name, (vital.channel(name).name_ja, name), value, vital.channel(name).decimals)
            for name, value in one.values.items()
        ),
        typed=one.typed,
    )
