"""Points that are used, over the services: exchange, gifts, the statement, goals and groups, and the counter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from phr.domain import challenges
from phr.domain.access import Access, resident
from phr.domain.days import day_at
from phr.domain.exchange import KINDS, amounts, rules_of
from phr.domain.exchange_statement import Entry, rule_names
from phr.domain.expiry import rules_for
from phr.domain.giving import giving
from phr.domain.points_rules import fiscal_year
from phr.errors import Busy, Invalid, NotFound
from phr.ids import person_id
from phr.services.rewards.moves import Purse
from phr.services.rewards.wallets import PROOFS
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.rewards import (
    CounterExchange,
    ExchangePage,
    GivePage,
    GroupLine,
    MoveLine,
    StatementPage,
    TogetherPage,
    WaitingLine,
)
from phr.web.wired.parts import Area, together

_SHOWN: Final = 12
_YEARS: Final = 3


class RewardArea(Area):
    """What residents and the counter do with points."""

    @property
    def _rewards(self) -> Any:
        """The system's part; its protocol lists what all areas need."""
        return self._system

    def exchange_page(self, session: Session) -> ExchangePage:
        """What can be exchanged, and what is under way."""
        one = held(session)
        purse, reachable = self._purse_of(one.person, _own(one))
        found = purse.open
        rules = rules_of()
        return ExchangePage(
            purse.usable if reachable else None,
            tuple(amounts(purse.usable, rules)) if reachable and found is None else (),
            purse.wallet,
            None if found is None else self._move_line(found),
            self._move_lines(purse.moves, "exchange"),
            rules.minimum,
            may_cancel=found is not None and found.state == "pending",
        )

    def exchange(self, session: Session, amount: int) -> None:
        """Ask for an exchange."""
        one = held(session)
        self._rewards.moves.exchange(one.person, amount, actor=one.subject, way="web", request=one.request)

    def cancel_exchange(self, session: Session) -> None:
        """Take it back."""
        one = held(session)
        self._rewards.moves.cancel(one.person, actor=one.subject, request=one.request)

    @together
    def give_page(self, session: Session) -> GivePage:
        """To whom points can be given."""
        one = held(session)
        purse, reachable = self._purse_of(one.person, _own(one))
        return GivePage(
            purse.usable if reachable else None,
            _receivers(),
            _gifts(purse.usable) if reachable else (),
            self._move_lines(purse.moves, "gift"),
            giving().minimum,
        )

    def give(self, session: Session, to: str, amount: int) -> None:
        """Give points."""
        one = held(session)
        self._rewards.moves.give(one.person, to, amount, actor=one.subject, way="web", request=one.request)

    def statement_page(self, session: Session, year: int | None) -> StatementPage:
        """A fiscal year of one's own points."""
        one = held(session)
        this = fiscal_year(self._parts.today())
        years = tuple(range(this, this - _YEARS, -1))
        chosen = this if year is None else year
        if chosen not in years:
            raise NotFound("no statement of that year")
        there = self._parts.balance.held(one.person)
        lots = None if there is None else there.lots
        found = self._rewards.points_year.own(one.person, chosen, lots, _own(one))
        return StatementPage(
            chosen,
            years,
            tuple((row.day, *_entry(row, chosen)) for row in found.entries),
            tuple((_rule(name, chosen), points) for name, points in sorted(found.earned.items())),
            found.exchanged,
            found.given,
            found.expired,
            found.waiting,
            None if found.lots is None else tuple(sorted(found.lots.items())),
        )

    def statement_pdf(self, session: Session, year: int | None) -> bytes:
        """The same on paper, in Japanese as all paper of the city."""
        view = self.statement_page(session, year)
        made: bytes = self._rewards.points_paper(view)
        return made

    @together
    def together_page(self, session: Session) -> TogetherPage:
        """Goal, streak and groups."""
        one = held(session)
        game = self._rewards.together.game(one.person, _own(one))
        kinds = {group.code.partition("-")[0] for group in game.groups}
        return TogetherPage(
            game.wanted,
            game.goal,
            game.proposed.steps,
            game.proposed.why,
            game.streak,
            game.plateau,
            tuple(
                GroupLine(group.code, *_group(group.code), group.week, group.steps) for group in game.groups
            ),
            "team" not in kinds,
            bool(game.district) and "district" not in kinds,
        )

    def choose_goal(self, session: Session, goal: int | None) -> None:
        """Take a goal, or none."""
        one = held(session)
        self._rewards.together.choose(one.person, goal, _own(one))

    def wish_goal(self, session: Session) -> None:
        """Want goals again."""
        one = held(session)
        self._rewards.together.wish(one.person, _own(one))

    def join_group(self, session: Session, team: str, *, district: bool) -> None:
        """Join a team, or the own district."""
        one = held(session)
        code = (
            self._rewards.together.game(one.person, _own(one)).district
            if district
            else challenges.team_code(team)
        )
        if not code:
            raise Invalid("there is no district on the record", field="team")
        self._rewards.together.join(one.person, code, _own(one))

    def leave_group(self, session: Session, group: str) -> None:
        """Leave at once."""
        one = held(session)
        self._rewards.together.leave(one.person, group, _own(one))

    def counter_exchanges(self, session: Session) -> CounterExchange:
        """What waits for an answer, oldest first."""
        one = held(session)
        rows = self._rewards.moves.waiting(_counter(one))
        return CounterExchange(
            tuple(
                WaitingLine(
                    str(row.move_id), patient, name, self._move_day(row.created_at), row.amount, row.state
                )
                for row, patient, name in rows
            )
        )

    def counter_exchange(self, session: Session, patient: str) -> CounterExchange:
        """One person at the counter."""
        one = held(session)
        person = person_id(patient)
        access = _counter(one)
        known = self._system.register.known(person, access)
        purse, reachable = self._purse_of(person, access)
        found = purse.open
        return CounterExchange(
            patient=patient,
            name=known.name,
            usable=purse.usable if reachable else None,
            amounts=tuple(amounts(purse.usable, rules_of())) if reachable and found is None else (),
            gifts=_gifts(purse.usable) if reachable else (),
            to=_receivers(),
            proofs=PROOFS,
            wallet=purse.wallet,
            open=None if found is None else self._move_line(found),
            lines=self._move_lines(purse.moves, "exchange", "gift"),
        )

    def note_wallet(self, session: Session, patient: str, number: str, proof: str) -> None:
        """Note the person's wallet."""
        one = held(session)
        self._rewards.wallets.note(person_id(patient), number, proof, actor=one.subject, request=one.request)

    def end_wallet(self, session: Session, patient: str) -> None:
        """Forget it."""
        one = held(session)
        self._rewards.wallets.end(person_id(patient), actor=one.subject, request=one.request)

    def counter_ask(self, session: Session, patient: str, to: str, amount: int) -> None:
        """What was written on paper."""
        one = held(session)
        person = person_id(patient)
        self._system.register.known(person, _counter(one))
        given: Mapping[str, Any] = {"actor": one.subject, "way": "paper", "request": one.request}
        if to:
            self._rewards.moves.give(person, to, amount, **given)
        else:
            self._rewards.moves.exchange(person, amount, **given)

    def counter_answer(self, session: Session, move: str, event: str) -> str:
        """Paid or refused at the counter."""
        one = held(session)
        try:
            identity = UUID(move)
        except ValueError:
            raise NotFound("no such request") from None
        done = self._rewards.moves.answer(
            identity, event, receipt="counter", actor=one.subject, request=one.request
        )
        return str(done.outcome)

    def _purse_of(self, person: UUID, access: Access) -> tuple[Purse, bool]:
        """The purse, and whether the ledger answered; without it the moves are still shown."""
        try:
            return self._rewards.moves.purse(person, access), True
        except Busy:
            moves = self._rewards.moves.moves(person, access)
            return Purse(0, {}, moves, wallet=True), False

    def _move_lines(self, moves: Sequence[Any], *kinds: str) -> tuple[MoveLine, ...]:
        return tuple(self._move_line(row) for row in moves if row.kind in kinds)[:_SHOWN]

    def _move_line(self, row: Any) -> MoveLine:
        return MoveLine(
            str(row.move_id),
            self._move_day(row.created_at),
            row.kind,
            row.amount,
            row.state,
            row.reason,
            _names(row.target),
        )

    def _move_day(self, moment: Any) -> date:
        return day_at(moment, self._parts.zone)


def _own(one: WebSession) -> Access:
    return resident(one.person, one.subject, one.request)


def _counter(one: WebSession) -> Access:
    return one.access("register")


def _rule(event: str, year: int) -> Mapping[str, str]:
    return rule_names(rules_for(date(year, 4, 1)), event)


def _entry(row: Entry, year: int) -> tuple[str, int, str, Mapping[str, str]]:
    """Kind, points, state and names of a line."""
    if row.what in KINDS:
        return row.what, row.points, row.state, _names(row.target)
    return "rule", row.points, row.state, _rule(row.what, year)


def _receivers() -> tuple[tuple[str, Mapping[str, str]], ...]:
    return tuple((one.code, one.names) for one in giving().open())


def _gifts(usable: int) -> tuple[int, ...]:
    """A handful of amounts, so that a list on a phone stays short."""
    rules = giving()
    steps = (rules.minimum, 50, 100, 200, 300, 500, 1000, 2000, rules.most)
    found = {n for n in steps if rules.minimum <= n <= min(usable, rules.most) and n % rules.step == 0}
    return tuple(sorted(found))


def _names(target: str) -> Mapping[str, str]:
    known = giving().to.get(target)
    return {} if known is None else known.names


def _group(code: str) -> tuple[str, str]:
    kind, _, name = code.partition("-")
    return kind, name if kind == "team" else ""
