"""Messages, reminders and letters, as residents and staff see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from phr.clients.line import notices, signed
from phr.domain.access import Access
from phr.domain.messages.catalogue import CHANNELS, catalogue
from phr.domain.messages.screenings import screenings
from phr.errors import NotFound
from phr.ids import new_id, person_id
from phr.services.letters import LetterBatch
from phr.services.messages import Told
from phr.web.ports import Session
from phr.web.sessions import held, own_device
from phr.web.views.messages import (
    AddressLine,
    Batch,
    BatchLine,
    ChoiceLine,
    LetterCandidate,
    LetterLine,
    Letters,
    MessageLine,
    Messages,
    ScreeningLine,
    Stop,
)
from phr.web.wired.parts import Area, together

_REMINDER: Final = "reminder"


class MessageArea(Area):
    """Messages, reminders and letters, as residents and staff see them."""

    @together
    def messages(self, session: Session, notice: str) -> Messages:
        """The own inbox and its settings."""
        one = held(session)
        access, system = one.access(), self._system
        addresses, chosen = system.addressing.listed(one.person, access)
        ready = tuple(name for name in CHANNELS if name in system.channels)
        open_now, _done = system.reminders.open_for(one.person, access)
        choices = []
        for name, kind in catalogue().kinds.items():
            choice = chosen.get(name)
            ways = tuple(way for way in CHANNELS if way in ready or (way == "post" and kind.paper))
            choices.append(
                ChoiceLine(
                    name,
                    not kind.asked if choice is None else choice.wanted,
                    kind.stoppable,
                    () if choice is None else tuple(choice.channels),
                    ways,
                )
            )
        told = system.inbox.listed(one.person, access)
        return Messages(
            lines=tuple(_line(each) for each in told),
            addresses=tuple(
                AddressLine(str(each.address), each.channel, each.shown, each.verified, each.word)
                for each in addresses
            ),
            choices=tuple(choices),
            ready=ready,
            push_key="" if one.shared else system.push_key,
            screenings=tuple(ScreeningLine(name, screenings().known[name].texts) for name in open_now),
            reminded=_REMINDER in chosen and chosen[_REMINDER].wanted,
            today=self._parts.today(),
            notice=notice,
        )

    def choose_messages(self, session: Session, kind: str, *, wanted: bool, channels: Sequence[str]) -> None:
        """What comes from now on."""
        one = held(session)
        self._system.addressing.choose(one.person, kind, one.access(), wanted=wanted, channels=channels)

    def add_email(self, session: Session, address: str) -> None:
        """Keep an address and send its code."""
        one = held(session)
        self._system.addressing.add_email(one.person, address, one.access())

    def add_line(self, session: Session) -> None:
        """Show a word to send to the city's LINE account."""
        one = held(session)
        self._system.addressing.add_line(one.person, one.access())

    def add_push(self, session: Session, subscription: str) -> None:
        """Keep this browser."""
        one = held(session)
        own_device(session)
        self._system.addressing.add_push(one.person, subscription, one.access())

    def prove_email(self, session: Session, address: str, code: str) -> bool:
        """Whether the code was right."""
        one = held(session)
        return self._system.addressing.prove(one.person, _id(address), code, one.access())

    def end_address(self, session: Session, address: str) -> None:
        """Nothing more goes there."""
        one = held(session)
        self._system.addressing.end(one.person, _id(address), one.access())

    def enter_number(self, session: Session, number: str) -> None:
        """Register with the number of a postcard."""
        one = held(session)
        self._system.reminders.register(one.person, number, actor=one.subject, way="web", request=one.request)

    def note_screening(self, session: Session, screening: str, day: date) -> None:
        """Say that a screening is done."""
        one = held(session)
        self._system.reminders.done(one.person, screening, day, one.access(), way="web")

    def stop_page(self, token: str, *, stop: bool) -> Stop:
        """What a link ends; with ``stop`` it ends it."""
        inbox, request = self._system.inbox, f"stop-{new_id()}"
        try:
            kind = inbox.stop(token, request=request) if stop else inbox.kind_of(token, request=request)
        except NotFound:
            return Stop("")
        return Stop(kind, token, done=stop)

    def line_notice(self, body: bytes, signature: str) -> None:
        """What people did to the city's LINE account."""
        signed(self._parts.settings.line_secret.get_secret_value(), body, signature)
        for said in notices(body):
            request = f"line-{new_id()}"
            if said.what == "unfollow":
                self._system.addressing.gone("line", said.user, request=request)
            else:
                self._system.addressing.said_on_line(said.user, said.text, request=request)

    @together
    def letters(self, session: Session, notice: str) -> Letters:
        """What can be written, and what was."""
        access = _guidance(session)
        letters = self._system.letters
        found, beyond = letters.candidates(access)
        return Letters(
            candidates=tuple(
                LetterCandidate(
                    str(one.item), one.kind, one.name, one.kana, one.district, one.opened_at, one.why
                )
                for one in found
            ),
            batches=tuple(_batch(one) for one in letters.batches(access)),
            paper=letters.paper_waiting(access),
            notice=notice,
            beyond=beyond,
        )

    def make_letters(self, session: Session, cases: Sequence[str]) -> tuple[str, dict[str, int]]:
        """A batch for these cases, and how many were left out by reason."""
        made = self._system.letters.from_cases([_id(one) for one in cases], _guidance(session))
        return str(made.batch), dict(made.left_out)

    def make_paper(self, session: Session) -> str:
        """A batch for the messages that wait for paper."""
        return str(self._system.letters.from_messages(_guidance(session)).batch)

    @together
    def letter_batch(self, session: Session, batch: str, notice: str) -> Batch:
        """One batch."""
        opened = self._system.letters.opened(_id(batch), _guidance(session))
        lines = tuple(
            LetterLine(one.place, one.number, one.kind, one.name, one.address, one.state)
            for one in opened.lines
        )
        return Batch(_batch(opened.batch), lines, opened.missing, notice=notice)

    def letter_pdf(self, session: Session, batch: str) -> bytes:
        """The batch as it is printed."""
        return self._system.letters.printed(_id(batch), _guidance(session))

    def letters_posted(self, session: Session, batch: str) -> None:
        """The batch went to the post."""
        self._system.letters.post(_id(batch), _guidance(session))

    def letter_returned(self, session: Session, number: str) -> None:
        """A letter came back."""
        self._system.letters.came_back(number, _guidance(session))

    def postcards(self, session: Session, count: int, days: int) -> bytes:
        """Postcards with new numbers."""
        one = held(session)
        numbers = self._system.reminders.make_numbers(count, days, actor=one.subject, request=one.request)
        return self._system.postcards(numbers)

    def enter_number_for(self, session: Session, resident: str, number: str) -> None:
        """The counter enters a number for somebody."""
        one = held(session)
        self._system.reminders.register(
            person_id(resident), number, actor=one.subject, way="counter", request=one.request
        )


def _guidance(session: Session) -> Access:
    return held(session).access("guidance")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such thing") from None


def _line(told: Told) -> MessageLine:
    return MessageLine(told.kind, told.texts, told.at, told.channel, told.read)


def _batch(one: LetterBatch) -> BatchLine:
    return BatchLine(str(one.batch_id), tuple(one.kind.split("+")), one.made_at, one.letters, one.posted_at)
