"""Letters in bulk: from cases and from messages that have no other way; printed again as they were; returned mail."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.documents import parse
from phr.domain.keys import derive, seal
from phr.domain.messages.addresses import postal
from phr.domain.messages.catalogue import catalogue, plain_day, text_of
from phr.domain.messages.letters import About, Sender, kind_for_case, kinds, rows_of, sharing_rows, written
from phr.domain.messages.numbers import letter_named, letter_number
from phr.domain.messages.screenings import screenings
from phr.domain.sealing import Box
from phr.errors import Invalid, NotFound, Refused
from phr.ids import new_id
from phr.services.letters.parts import (
    NONE,
    Candidate,
    Draft,
    Line,
    Made,
    Opened,
    Print,
    category,
    ended,
    patient,
    register,
)
from phr.store.tables import Letter, LetterBatch, Message, Person
from phr.store.uow import Store, UnitOfWork
from phr.store.worklist import Queued

_MOST: Final = 1000  # letters of one batch
_CASES: Final = 500
_PAGE: Final = 100  # cases that a person can look through before they are printed


class Letters:
    """Letters of one city. ``access`` is the nurse's, for the purpose guidance."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        keys: Sequence[bytes],
        sender: Sender,
        print_letters: Print,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._box = Box([derive(key, "letter") for key in keys])
        self._hashing = derive(keys[-1], "contact-address-hash")
        self._sender = sender
        self._print = print_letters

    def candidates(self, access: Access, most: int = _PAGE) -> tuple[list[Candidate], int]:
        """The open cases that a letter answers, most urgent first and those without a letter before the others.

        As many as are looked at together, and how many there are beyond; each look is audited.
        """
        with self._store.begin(access) as uow:
            cases = [
                one for one in uow.worklist.queue(("open", "claimed"), _CASES) if kind_for_case(one.kind)
            ]
            written_to = uow.letters.sources([str(one.item_id) for one in cases])
            cases.sort(key=lambda one: str(one.item_id) in written_to)  # stable: the most urgent stay first
            owners = [one.person_id for one in cases[:most]]
            people, documents = uow.people.of(owners), uow.letters.patients(owners)
            found = []
            for case in cases[:most]:
                person = people.get(case.person_id)
                if person is None:
                    continue
                uow.audit.add("list", "letter", case.person_id, categories=case.category, count=1)
                why = "written" if str(case.item_id) in written_to else ""
                found.append(
                    _candidate(case, person, why or _unreachable(documents.get(case.person_id, "{}")))
                )
            uow.commit()
        return found, len(cases[most:])

    def paper_waiting(self, access: Access) -> int:
        """How many messages wait for paper."""
        with self._store.begin(register(access)) as uow:
            found = len(uow.messages.paper())
            uow.commit()
        return found

    def from_cases(self, items: Sequence[UUID], access: Access) -> Made:
        """A batch of letters that answer these cases. Raises Invalid for none or too many, Refused when none is left."""
        if not 1 <= len(items) <= _MOST:
            raise Invalid(f"choose 1 to {_MOST} cases", field="cases")
        with self._store.begin(access) as uow:
            already = uow.letters.sources([str(one) for one in items])
            drafts, left_out = [], Counter[str]()
            for identity in dict.fromkeys(items):
                item = uow.worklist.get(identity)
                person = None if item is None else uow.people.get(item.person_id)
                if item is None or person is None or not kind_for_case(item.kind):
                    left_out["not-there"] += 1
                elif str(identity) in already:
                    left_out["written"] += 1
                else:
                    about = About(item.day, rows_of(item.reasons))
                    document = patient(uow, person)
                    drafts.append(
                        Draft(person, kind_for_case(item.kind), str(identity), item.day, about, document)
                    )
            made = self._batch(uow, drafts, left_out, access)
            uow.commit()
        return made

    def from_messages(self, access: Access) -> Made:
        """A batch of letters for messages that have no other way. They speak of no data."""
        counter = register(access)
        with self._store.begin(counter) as uow:
            drafts = []
            for message in list(uow.messages.paper(_MOST)):
                person = uow.people.get(message.person_id)
                if person is not None:
                    drafts.append(self._message_draft(uow, person, message))
            made = self._batch(uow, drafts, Counter(), counter)
            now = self._clock.now()
            for draft in drafts:
                uow.switch(counter.about(draft.person.person_id))
                uow.messages.move(draft.person.person_id, UUID(draft.source), now, state="printed")
            uow.commit()
        return made

    def _message_draft(self, uow: UnitOfWork, person: Person, message: Message) -> Draft:
        template = catalogue().template(message.template)
        names = {name: one.texts["ja"] for name, one in screenings().known.items()}
        params = {
            name: names.get(str(value), plain_day(str(value), "ja")) for name, value in message.params.items()
        }
        kind = "reminder" if message.kind == "reminder" else "notice"
        about = About(paragraphs=(text_of(template, "ja", params),))
        today = day_at(self._clock.now(), self._zone)
        return Draft(person, kind, str(message.message_id), today, about, patient(uow, person))

    def receipt(self, person: UUID, access: Access) -> Made:
        """The receipt of a person's consents on paper: one line for each purpose."""
        counter = register(access).about(person)
        with self._store.begin(counter) as uow:
            known = uow.people.get(person)
            if known is None:
                raise NotFound("no such person")
            now = self._clock.now()
            today = day_at(now, self._zone)
            uow.switch(replace(counter, purpose="consent"))
            lines = uow.consents.lines(person)
            uow.switch(counter)
            about = About(rows=sharing_rows(lines, str(person), access.recipient, now, today))
            draft = Draft(known, "consent-receipt", "", today, about, patient(uow, known))
            made = self._batch(uow, [draft], Counter(), counter)
            uow.commit()
        return made

    def _batch(
        self, uow: UnitOfWork, drafts: Sequence[Draft], left_out: Counter[str], access: Access
    ) -> Made:
        """Writes, seals and keeps the letters of one batch in the present transaction."""
        now, batch = self._clock.now(), new_id()
        kept: list[tuple[Draft, str, str, dict[str, Any]]] = []
        for draft in drafts:
            lines = postal(draft.patient)
            mark = self._hash(lines)
            if not lines or not draft.person.name:
                left_out["no-address"] += 1
            elif self._returned(uow, draft.person.person_id, mark, access):
                left_out["returned-before"] += 1
            else:
                number = letter_number(secrets.randbelow(10**10))
                to = (draft.person.name, lines)
                today = day_at(now, self._zone)
                kept.append(
                    (draft, mark, number, written(draft.kind, to, number, draft.about, self._sender, today))
                )
        if not kept:
            raise Refused("no letter is left: " + (", ".join(sorted(left_out)) or "nothing waits"))
        names = sorted({draft.kind for draft, *_ in kept})
        digest = sha256(self._print([one[3] for one in kept], now)).hexdigest()
        uow.letters.put_batch(
            LetterBatch(
                batch_id=batch,
                recipient=access.recipient,
                kind="+".join(names),
                made_by=access.actor,
                made_at=now,
                letters=len(kept),
                digest=digest,
            )
        )
        for place, (draft, mark, number, content) in enumerate(kept, start=1):
            self._keep(uow, batch, place, draft, mark, number, content, access)
        return Made(batch, len(kept), dict(left_out))

    def _returned(self, uow: UnitOfWork, person: UUID, mark: str, access: Access) -> bool:
        uow.switch(register(access).about(person))
        found = uow.addresses.returned(person, mark)
        uow.switch(access)
        return found

    def _keep(
        self,
        uow: UnitOfWork,
        batch: UUID,
        place: int,
        draft: Draft,
        mark: str,
        number: str,
        content: Mapping[str, Any],
        access: Access,
    ) -> None:
        person, category = draft.person.person_id, kinds()[draft.kind].category
        if category == NONE:
            uow.switch(access.about(person))
        uow.letters.put(
            Letter(
                person_id=person,
                letter_id=new_id(),
                batch_id=batch,
                place=place,
                number=number,
                kind=draft.kind,
                category=category,
                day=draft.day,
                sealed=self._box.seal(orjson.dumps(content), f"{person}|letter"),
                address_hash=mark,
                source=draft.source,
                made_at=self._clock.now(),
            )
        )
        uow.audit.add("letter", draft.kind, person, categories="" if category == NONE else category, count=1)

    def batches(self, access: Access) -> list[LetterBatch]:
        """The batches of this organisation, newest first."""
        with self._store.begin(access) as uow:
            found = list(uow.letters.batches())
            uow.commit()
        return found

    def opened(self, batch: UUID, access: Access) -> Opened:
        """A batch with its letters; each look is audited."""
        found, letters = self._read(batch, access)
        lines = [
            Line(
                one.place,
                one.number,
                one.kind,
                content["name"],
                " ".join(line for line in content["address"] if line),
                one.state,
            )
            for one, content in letters
        ]
        return Opened(found, lines, found.letters - len(lines))

    def printed(self, batch: UUID, access: Access) -> bytes:
        """The batch as PDF: byte for byte as it was made, without those whose consent has ended since.

        Raises Refused when the same letters do not give the same file.
        """
        found, letters = self._read(batch, access)
        if not letters:
            raise NotFound("no letter may be seen any more")
        made = self._print([content for _, content in letters], found.made_at)
        if len(letters) == found.letters and sha256(made).hexdigest() != found.digest:
            raise Refused("this version of the service sets the letters in another way; make a new batch")
        return made

    def _read(self, batch: UUID, access: Access) -> tuple[LetterBatch, list[tuple[Letter, dict[str, Any]]]]:
        with self._store.begin(access) as uow:
            found = uow.letters.batch(batch)
            if found is None:
                raise NotFound("no such batch")
            rows = list(uow.letters.of_batch(batch))
            uow.switch(register(access))
            rows += uow.letters.of_batch(batch)
            for row in rows:
                uow.audit.add("read", "letter", row.person_id, categories=category(row), count=1)
            uow.commit()
        rows.sort(key=lambda row: row.place)
        return found, [
            (row, orjson.loads(self._box.open(row.sealed, f"{row.person_id}|letter"))) for row in rows
        ]

    def post(self, batch: UUID, access: Access) -> None:
        """Notes that a batch went to the post."""
        now = self._clock.now()
        with self._store.begin(access) as uow:
            if uow.letters.batch(batch) is None:
                raise NotFound("no such batch")
            uow.letters.posted(batch, now)
            uow.switch(register(access))
            uow.letters.posted(batch, now)
            uow.audit.add("letters-posted", str(batch))
            uow.commit()

    def came_back(self, text: str, access: Access) -> None:
        """A letter came back: nothing more goes to that address. Raises Invalid for no number, NotFound for another's."""
        number = letter_named(text)
        if not number:
            raise Invalid("is no number of a letter", field="number")
        now = self._clock.now()
        with self._store.begin(access) as uow:
            letter = uow.letters.by_number(number)
            if letter is None:
                uow.switch(register(access))
                letter = uow.letters.by_number(number)
            if letter is None:
                raise NotFound("no such letter")
            uow.letters.change(letter, state="returned", returned_at=now)
            uow.switch(register(access).about(letter.person_id))
            if not uow.addresses.returned(letter.person_id, letter.address_hash):
                uow.addresses.put(ended(letter, now))
            uow.audit.add("letter-returned", letter.kind, letter.person_id, categories=category(letter))
            uow.commit()

    def _hash(self, lines: Sequence[str]) -> str:
        return seal(self._hashing, f"post|{'|'.join(lines)}")


def _candidate(item: Queued, person: Person, why: str) -> Candidate:
    kind = kind_for_case(item.kind)
    return Candidate(item.item_id, kind, person.name, person.kana, person.district, item.opened_at, why)


def _unreachable(document: str) -> str:
    """Why no letter reaches the person of this Patient; empty when one does."""
    return "" if postal(parse(document.encode())) else "no-address"
