"""Points for a platform without an interface: waiting letters become a file, and count when it is acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.ledger import LedgerRefusal, parse_order
from phr.domain.ledger_file import Answer, manifest, read_acknowledgement, written
from phr.errors import Invalid, NotFound
from phr.store.ledger_files import Line
from phr.store.tables import LedgerFile
from phr.store.uow import Store, UnitOfWork

_MOST: Final = 50_000  # lines of one file


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file as it goes out."""

    number: int
    body: bytes
    manifest: Mapping[str, object]

    @property
    def name(self) -> str:
        """How the file is called."""
        return f"points-{self.number:06}.csv"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What an acknowledgement did; again: lines that were answered the same before."""

    file: int
    accepted: int
    refused: int
    again: int
    open: int


@dataclass(frozen=True, slots=True)
class Sent:
    """How one file stands."""

    number: int
    made_at: datetime
    sha256: str
    lines: int
    total: int
    accepted: int
    refused: int


class LedgerFiles:
    """Files out, acknowledgements in."""

    def __init__(self, store: Store, clock: Clock, recipient: str, encoding: str) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._encoding = encoding

    def write(self, *, request: str) -> Sheet | None:
        """The next file, with everything that waits and is in no other file; None when nothing waits.

        It is kept before it is given away: a second call never writes the same letter into a second file.
        """
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "deliver", request, part="points-file")) as uow:
            number = uow.ledger_files.next_number()
            letters = uow.ledger_files.to_send(_MOST)
            if not letters:
                return None
            try:
                orders = [parse_order(payload) for _, _, payload in letters]
            except LedgerRefusal as bad:
                raise Invalid("a waiting letter is no order of points", field="letter") from bad
            body, sha, total = written(number, orders, self._encoding)
            file = LedgerFile(
                number=number,
                made_at=now,
                encoding=self._encoding,
                body=body,
                sha256=sha,
                lines=len(orders),
                total=total,
            )
            uow.ledger_files.add(
                file,
                [
                    (line, letter, order.reference or key)
                    for line, ((letter, key, _), order) in enumerate(zip(letters, orders, strict=True), 1)
                ],
            )
            uow.audit.add("write", f"points-file/{number}", count=len(orders))
            uow.commit()
        return _sheet(file)

    def again(self, number: int, *, request: str) -> Sheet:
        """A file that was written before, byte for byte."""
        with self._store.begin(machine(self._recipient, "deliver", request, part="points-file")) as uow:
            file = uow.ledger_files.get(number)
            uow.audit.add("read", f"points-file/{number}", count=int(file is not None))
            uow.commit()
        if file is None:
            raise NotFound("there is no such file of points")
        return _sheet(file)

    def acknowledge(self, data: bytes, *, request: str) -> Acknowledged:
        """Reads an acknowledgement: accepted lines are delivered, refused ones are dead and wait for a person.

        The whole file is checked against what went out before a line of it counts; the same file twice counts once.
        """
        given = read_acknowledgement(data)
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "deliver", request, part="points-file")) as uow:
            lines = uow.ledger_files.lines(given.file)
            if not lines:
                raise NotFound("there is no such file of points")
            for answer in given.answers:
                _check(answer, lines.get(answer.line))
            fresh = [one for one in given.answers if not lines[one.line].result]
            for answer in fresh:
                self._settle(uow, given.file, answer, lines[answer.line], now)
            uow.commit()
        return Acknowledged(
            given.file,
            accepted=sum(one.result == "accepted" for one in fresh),
            refused=sum(one.result == "refused" for one in fresh),
            again=len(given.answers) - len(fresh),
            open=sum(not one.result for one in lines.values()) - len(fresh),
        )

    def _settle(self, uow: UnitOfWork, file: int, answer: Answer, line: Line, now: datetime) -> None:
        person = uow.ledger_files.settle(file, line, answer.result, answer.code, now)
        if person is not None:
            outcome = "ok" if answer.result == "accepted" else "failed"
            uow.audit.add("deliver", "ledger", person, count=1, outcome=outcome)

    def listed(self, *, request: str) -> list[Sent]:
        """The files that went out, newest first."""
        with self._store.begin(machine(self._recipient, "operate", request, part="points-file")) as uow:
            rows = uow.ledger_files.listed()
            uow.commit()
        return [
            Sent(one.number, one.made_at, one.sha256, one.lines, one.total, accepted, refused)
            for one, accepted, refused in rows
        ]


def _check(answer: Answer, line: Line | None) -> None:
    where = f"row {answer.row}"
    if line is None:
        raise Invalid("answers a line that the file has not", field=where)
    if line.reference != answer.reference:
        raise Invalid("has another reference than the line", field=where)
    if line.result and (line.result, line.code) != (answer.result, answer.code):
        raise Invalid("was answered otherwise before", field=where)


def _sheet(file: LedgerFile) -> Sheet:
    return Sheet(
        file.number,
        file.body,
        manifest(file.number, file.sha256, file.lines, file.total, file.encoding),
    )
