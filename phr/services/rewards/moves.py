"""Moves: points leave a resident's lots for the currency or as a gift, one step at a time, each told to the ledger once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain import exchange
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.exchange import Move
from phr.domain.giving import giving
from phr.domain.points_rules import fiscal_year
from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.ids import new_id
from phr.store.tables import PointsMove
from phr.store.uow import Store, UnitOfWork

Lots = Callable[[UUID], Mapping[str, int]]
"""What the ledger holds in each lot of a person, by its last day. Busy while it does not answer."""
_BUDGET: Final = UUID(int=0x9022)
"""Not a person: the lock of the year's budget, taken after the person's own."""
_NO_FUNDS: Final = "INSUFFICIENT_FUND"


@dataclass(frozen=True, slots=True)
class Purse:
    """What a person can use now, the lots it lies in, and the moves, newest first."""

    usable: int
    lots: Mapping[str, int]
    moves: Sequence[PointsMove]
    wallet: bool

    @property
    def open(self) -> PointsMove | None:
        """The exchange that is under way."""
        found = (one for one in self.moves if one.kind == "exchange" and one.state in exchange.OPEN)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one answer of the platform: noted, repeated, too-late or unknown."""

    outcome: str


class Moves:
    """Moves of one city's points."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        lots: Lots,
        pseudonym: Callable[[UUID], str],
        asset: Callable[[date], str],
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._lots = lots
        self._pseudonym = pseudonym
        self._asset = asset

    @property
    def today(self) -> date:
        """The city's day."""
        return day_at(self._clock.now(), self._zone)

    def purse(self, person: UUID, access: Access) -> Purse:
        """What a caller may see of a person's points that can be used. Busy while the ledger does not answer."""
        with self._store.begin(self._work(person, access.actor, access.request)) as uow:
            before = uow.rewards.on_the_way(person)
            uow.commit()
        held = self._lots(person)
        with self._store.begin(access.about(person)) as uow:
            moves = list(uow.rewards.moves(person))
            wallet = uow.rewards.wallet(person) is not None
            uow.audit.add("read", "points", person, count=len(moves))
            uow.commit()
        lots = self._free(person, held, before, moves)
        return Purse(sum(lots.values()), lots, moves, wallet)

    def moves(self, person: UUID, access: Access) -> Sequence[PointsMove]:
        """A person's moves, newest first, without asking the ledger."""
        with self._store.begin(access.about(person)) as uow:
            found = list(uow.rewards.moves(person))
            uow.audit.add("read", "points", person, count=len(found))
            uow.commit()
        return found

    def waiting(self, access: Access) -> Sequence[tuple[PointsMove, str, str]]:
        """The exchanges that wait for an answer, with record number and name, for the counter."""
        with self._store.begin(access) as uow:
            rows = list(uow.rewards.waiting())
            people = uow.people.of([row.person_id for row in rows])
            for row in rows:
                uow.audit.add("list", "exchange", row.person_id, count=1)
            uow.commit()
        known = [(row, people.get(row.person_id)) for row in rows]
        return [(row, one.patient_id, one.name or one.patient_id) for row, one in known if one is not None]

    def exchange(self, person: UUID, amount: int, *, actor: str, way: str, request: str) -> PointsMove:
        """Asks to exchange so many points. Invalid for the amount, Conflict while one is open, Refused for the rest."""
        rules = exchange.rules_of()

        def check(uow: UnitOfWork, usable: int) -> None:
            if uow.rewards.wallet(person) is None:
                raise Refused("there is no wallet yet; the counter notes one")
            exchange.checked_amount(amount, usable, rules)
            uow.vitals.lock(_BUDGET)
            first = datetime.combine(date(fiscal_year(self.today), 4, 1), time(), self._zone).astimezone(UTC)
            end = datetime.combine(date(fiscal_year(self.today) + 1, 4, 1), time(), self._zone)
            if uow.rewards.exchanged(first, end.astimezone(UTC)) + amount > rules.year_budget:
                raise Refused("this year's budget for exchange is used up")

        return self._begin(person, ("exchange", "", amount), check, actor=actor, way=way, request=request)

    def give(self, person: UUID, to: str, amount: int, *, actor: str, way: str, request: str) -> PointsMove:
        """Gives points to an association of the list. Invalid names the field."""

        def check(_uow: UnitOfWork, usable: int) -> None:
            giving().checked(to, amount, usable)

        return self._begin(person, ("gift", to, amount), check, actor=actor, way=way, request=request)

    def end_lot(self, person: UUID, lot: str, year: str, *, request: str) -> bool:
        """Ends what a lot holds, unless it is still good or something of the person is under way."""
        held = {lot: self._lots(person).get(lot, 0)}
        with self._store.begin(self._work(person, "expiry", request)) as uow:
            uow.vitals.lock(person)
            moves = list(uow.rewards.moves(person))
            busy = any(one.state in exchange.OPEN for one in moves)
            until = exchange.good_until(lot, self._returned(moves).get(lot))
            if busy or until >= self.today or held[lot] <= 0 or uow.rewards.on_the_way(person):
                return False
            self._put(uow, person, ("expiry", year, held[lot]), list(held.items()), "expiry", "job")
            uow.commit()
        return True

    def _begin(
        self,
        person: UUID,
        asked: tuple[str, str, int],
        check: Callable[[UnitOfWork, int], None],
        *,
        actor: str,
        way: str,
        request: str,
    ) -> PointsMove:
        """A new move. What is on its way out is read before the ledger is asked and again after, so that it never
        counts as there; the ledger has the last word, so that no lot goes below zero.
        """
        if asked[2] <= 0:
            raise Invalid("must be above zero", field="amount")
        with self._store.begin(self._work(person, actor, request)) as uow:
            before = uow.rewards.on_the_way(person)
            uow.commit()
        held = self._lots(person)
        with self._store.begin(self._work(person, actor, request)) as uow:
            uow.vitals.lock(person)
            moves = list(uow.rewards.moves(person))
            if any(one.kind == asked[0] and one.state in exchange.OPEN for one in moves):
                raise Conflict("one is already under way")
            lots = self._free(person, held, {**before, **uow.rewards.on_the_way(person)}, moves)
            check(uow, sum(lots.values()))
            made = self._put(uow, person, asked, exchange.parts(lots, asked[2]), actor, way)
            uow.commit()
        return made

    def cancel(self, person: UUID, *, actor: str, request: str) -> None:
        """Takes the person's own request back while the platform was not told. Conflict after that."""
        with self._store.begin(self._work(person, actor, request)) as uow:
            uow.vitals.lock(person)
            found = [one for one in uow.rewards.moves(person) if one.state in exchange.OPEN]
            move = next((one for one in found if one.kind == "exchange"), None)
            if move is None:
                raise NotFound("nothing is under way")
            self._step(uow, move, "cancelled", reason="cancelled")
            uow.commit()

    def send(self, person: UUID, identity: UUID, *, actor: str, request: str) -> bool:
        """Notes that the platform may be told of a request now; not one that was taken back meanwhile."""
        with self._store.begin(self._work(person, actor, request)) as uow:
            uow.vitals.lock(person)
            move = uow.rewards.move(person, identity)
            if move is None or exchange.next_state(move.kind, move.state, "sent") is None:
                return False
            self._step(uow, move, "sent")
            uow.commit()
        return True

    def answer(self, identity: UUID, event: str, *, receipt: str, actor: str, request: str) -> Answered:
        """An answer of the platform or the counter, paid or refused; the same one again changes nothing."""
        if event not in ("paid", "refused"):
            raise Invalid("must be paid or refused", field="result")
        with self._store.begin(machine(self._recipient, "deliver", request, part=actor)) as uow:
            person = uow.rewards.whose(identity)
            if person is None:
                return Answered("unknown")
            uow.switch(self._work(person, actor, request))
            uow.vitals.lock(person)
            move = uow.rewards.move(person, identity)
            if move is None or move.kind != "exchange":
                return Answered("unknown")
            if exchange.next_state(move.kind, move.state, event) is None:
                same = move.state in (("settling", "done") if event == "paid" else ("returning", "returned"))
                return Answered("repeated" if same else "too-late")
            self._step(uow, move, event, reason="refused" if event == "refused" else "", receipt=receipt)
            uow.commit()
        return Answered("noted")

    def follow(self, *, request: str) -> int:
        """Moves every request on as far as its letters came; says how many moved."""
        with self._store.begin(machine(self._recipient, "deliver", request, part="points")) as uow:
            found = uow.rewards.in_state(("requested", "settling", "returning", "sent"))
            uow.commit()
        return sum(self._follow(person, identity, request) for person, identity in found)

    def _follow(self, person: UUID, identity: UUID, request: str) -> bool:
        with self._store.begin(self._work(person, "points", request)) as uow:
            uow.vitals.lock(person)
            move = uow.rewards.move(person, identity)
            event = None if move is None else self._event(uow, move)
            if move is None or event is None:
                return False
            self._step(uow, move, event, reason=event if event in ("no-funds", "timed-out") else None)
            uow.commit()
        return True

    def _event(self, uow: UnitOfWork, move: PointsMove) -> str | None:
        """What has happened to a move since it was last looked at."""
        if move.state == "sent":
            sent = day_at(move.updated_at, self._zone)
            return "timed-out" if exchange.late(sent, self.today, exchange.rules_of()) else None
        if move.state not in ("requested", "settling", "returning"):
            return None
        state, error = uow.rewards.letter(move.person_id, move.outbox_id)
        if state == "delivered":
            return "held" if move.state == "requested" else "told"
        if move.state == "requested" and state == "dead" and _NO_FUNDS in error:
            return "no-funds" if uow.rewards.set_aside(move.person_id, move.outbox_id) else None
        return None

    def _step(
        self, uow: UnitOfWork, move: PointsMove, event: str, *, reason: str | None = None, receipt: str = ""
    ) -> None:
        """One step; the letter that the new state waits for goes out in the same transaction."""
        state = exchange.next_state(move.kind, move.state, event)
        if state is None:
            raise Conflict("this was already answered, or cannot be any more")
        now = self._clock.now()
        move.state, move.updated_at = state, now
        move.reason = move.reason if reason is None else reason
        move.receipt = receipt or move.receipt
        order = self._told(move).letter(state)
        if order is not None:
            move.outbox_id = new_id()
        uow.rewards.add(move)
        uow.audit.add("points", f"{move.kind} {state}", move.person_id, count=move.amount)
        if order is not None:
            self._post(uow, move.person_id, move.outbox_id, order.reference or "", order.body())

    def _put(
        self,
        uow: UnitOfWork,
        person: UUID,
        asked: tuple[str, str, int],
        parts: Sequence[tuple[str, int]],
        actor: str,
        way: str,
    ) -> PointsMove:
        now = self._clock.now()
        move = PointsMove(
            person_id=person,
            move_id=new_id(),
            kind=asked[0],
            target=asked[1],
            amount=asked[2],
            lots=[list(part) for part in parts],
            state="requested",
            way=way,
            actor=actor,
            outbox_id=new_id(),
            created_at=now,
            updated_at=now,
        )
        made = move.model_copy()
        order = self._told(move).hold()
        uow.rewards.add(move)
        uow.audit.add("points", f"{asked[0]} requested", person, count=asked[2])
        self._post(uow, person, made.outbox_id, order.reference or "", order.body())
        return made

    def _post(self, uow: UnitOfWork, person: UUID, letter: UUID, key: str, body: dict[str, object]) -> None:
        """Only the purpose points may write to the ledger."""
        uow.switch(machine(self._recipient, "points", uow.access.request, person, part=uow.access.actor))
        uow.outbox.post(person, letter, "ledger", key, body, self._clock.now())

    def _told(self, move: PointsMove) -> Move:
        asset = self._asset(day_at(move.created_at, self._zone))
        lots = [(str(lot), int(count)) for lot, count in move.lots]
        return Move(move.move_id, move.kind, move.target, self._pseudonym(move.person_id), asset, lots)

    def _free(
        self,
        person: UUID,
        held: Mapping[str, int],
        letters: Mapping[UUID, Mapping[str, object]],
        moves: Sequence[PointsMove],
    ) -> dict[str, int]:
        """The lots that can be used now, without what is on its way out of them."""
        left = dict(held)
        for payload in letters.values():
            for lot, amount in exchange.debits(payload, self._pseudonym(person)).items():
                left[lot] = left.get(lot, 0) - amount
        return exchange.usable_lots(left, self.today, self._returned(moves))

    def _returned(self, moves: Sequence[PointsMove]) -> dict[str, date]:
        back = [one for one in moves if one.kind == "exchange" and one.state == "returned"]
        rows = [([str(lot) for lot, _ in one.lots], day_at(one.updated_at, self._zone)) for one in back]
        return exchange.returned_until(rows, exchange.rules_of())

    def _work(self, person: UUID, actor: str, request: str) -> Access:
        return machine(self._recipient, "deliver", request, person, part=actor)
