"""Ending: residents are told before their points end, once at each of three times, and what is over goes to its own account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain import expiry
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.exchange import rules_of
from phr.ids import new_id
from phr.services.rewards.moves import Moves
from phr.store.audit import NOBODY
from phr.store.uow import Store

Holders = Callable[[str], Iterable[tuple[str, int]]]
"""The pseudonyms that hold something in the lots of a last day, and how much. Busy while the ledger does not answer."""


class Ending:
    """The night's work on lots that are about to end, or over."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        moves: Moves,
        holders: Holders,
        lasts: Callable[[date], list[date]],
        pseudonym: Callable[[UUID], str],
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._moves = moves
        self._holders = holders
        self._lasts = lasts
        self._pseudonym = pseudonym

    def round(self, *, request: str) -> dict[str, int]:
        """One night: how many were told, and how many lots ended. A night that fell out is made up by the next."""
        today = day_at(self._clock.now(), self._zone)
        back = 366 + rules_of().return_days
        lots = expiry.watched(today, self._lasts(today), back)
        told = ended = 0
        if not lots:
            return {"told": 0, "ended": 0}
        people = dict(self._people(request))
        for last in lots:
            due = expiry.notice_due(last, today)
            for name, held in self._holders(last.isoformat()):
                person = people.get(name)
                if person is None or held <= 0:
                    continue
                if due is not None:
                    told += self._tell(person, last, due, request)
                elif expiry.over(last, today):
                    ended += self._moves.end_lot(
                        person, last.isoformat(), expiry.year_of(last), request=request
                    )
        return {"told": told, "ended": ended}

    def _people(self, request: str) -> Iterable[tuple[str, UUID]]:
        """Everybody by pseudonym: the ledger knows nothing else, and only this service can make them."""
        after = NOBODY
        while True:
            with self._store.begin(Access("system", "expiry", self._recipient, "register", request)) as uow:
                found = [one.person_id for one in uow.people.all(after)]
                uow.commit()
            if not found:
                return
            yield from ((self._pseudonym(person), person) for person in found)
            after = found[-1]

    def _tell(self, person: UUID, last: date, days: int, request: str) -> bool:
        """Posts a notice by the ways that the person chose, on paper where there is none; once for its name."""
        payload = {"template": "points.ending", "params": {"day": last.isoformat()}}
        with self._store.begin(machine(self._recipient, "deliver", request, person, part="expiry")) as uow:
            key = expiry.notice_key(last, days)
            posted = uow.outbox.post(person, new_id(), "message", key, payload, self._clock.now())
            if posted:
                uow.audit.add("points", "expiry notice", person, count=1)
            uow.commit()
        return posted


def lot_days(ends: Callable[[date], date], today: date) -> list[date]:
    """The last days of lots that can still hold something: this year's and the two before."""
    return sorted({ends(today - timedelta(days=back)) for back in (0, 366, 731)})
