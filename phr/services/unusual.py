"""Unusual access: the rules over the trail of the last days; each finding is kept once, for the review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.unusual import Found, Known, rules, together, unusual
from phr.errors import NotFound
from phr.ids import person_id
from phr.store.audit import AuditRow
from phr.store.tables import UnusualAccess
from phr.store.uow import Store

_SPAN: Final = timedelta(hours=26)  # a day and the hour between two rounds: nothing falls between them
_ROWS: Final = 20_000  # of the trail in memory at once; one account's are never parted
_LONGEST: Final = 60
_WEEK: Final = timedelta(days=7)


class Unusual:
    """Looks at the trail as the city's machine; names are read for the rules and go nowhere."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def round(self, *, request: str) -> dict[str, int]:
        """One round; gives how many findings of each rule were new."""
        since = self._clock.now() - _SPAN
        roles = frozenset[str]().union(*(rule.roles for rule in rules().values()))
        with self._store.begin(self._access("audit", request)) as uow:
            active = uow.audit.actors(since, roles)
            uow.commit()
        new: Counter[str] = Counter()
        for actors in together(active, _ROWS):
            with self._store.begin(self._access("audit", request)) as uow:
                rows = uow.audit.since(since, roles, actors)
                uow.commit()
            new += self._keep(unusual(rows, self._known(rows, request), self._zone), request)
        return dict(new)

    def _keep(self, found: Iterable[Found], request: str) -> Counter[str]:
        """Keeps each finding once; gives how many of each rule were new."""
        now = self._clock.now()
        new: Counter[str] = Counter()
        with self._store.begin(self._access("audit", request)) as uow:
            for one in found:
                kept = UnusualAccess(
                    person_id=one.person,
                    finding=one.key,
                    rule=one.rule,
                    role=one.role,
                    actor=one.actor,
                    n=one.n,
                    at=one.at,
                    chain=one.chain,
                    seq=one.seq,
                    found_at=now,
                )
                if uow.findings.add(kept):
                    new[one.rule] += 1
                    uow.audit.add("unusual", one.rule, one.person, count=one.n)
            uow.commit()
        return new

    def counts(self, *, request: str) -> dict[str, int]:
        """Findings of each rule in the last week, none left out: for metrics."""
        with self._store.begin(self._access("audit", request)) as uow:
            found = Counter(one.rule for one in uow.findings.since(self._clock.now() - _WEEK))
            uow.commit()
        return {rule: found[rule] for rule in rules()}

    def _known(self, rows: Sequence[AuditRow], request: str) -> Known:
        """Names of accounts, of the people looked at and of their homes, read for this comparison only."""
        people = {row.person_id for row in rows}
        actors = sorted({row.actor for row in rows})
        if not people:
            return Known()
        with self._store.begin(self._access("session", request)) as uow:
            accounts = [uow.accounts.by_subject(actor) for actor in actors]
            uow.commit()
        shown = {one.subject: one.display for one in accounts if one is not None and one.display}
        with self._store.begin(self._access("register", request)) as uow:
            named = uow.findings.names(people)
            watched = uow.findings.watched(people)
            homes = {actor: _home(uow.findings.called(name)) for actor, name in shown.items()}
            uow.commit()
        return Known(shown, named, homes, frozenset(watched))

    def watch(self, patient: str, reason: str, *, actor: str, request: str) -> None:
        """Names a person whose record is looked at with more care; an empty reason ends it. Raises NotFound."""
        person = person_id(patient)
        with self._store.begin(
            Access("registrar", actor, self._recipient, "register", request, person)
        ) as uow:
            if uow.people.get(person) is None:
                raise NotFound("no such person")
            if reason:
                uow.findings.watch(person, reason[:_LONGEST], actor)
            else:
                uow.findings.unwatch(person)
            uow.audit.add("watch" if reason else "unwatch", "Patient", person)
            uow.commit()

    def _access(self, purpose: str, request: str) -> Access:
        return machine(self._recipient, purpose, request, part="unusual")


def _home(found: Mapping[UUID, tuple[str, str]]) -> frozenset[str]:
    """The address of the one person of a name; of two nobody knows which one it is."""
    return frozenset(home for _, home in found.values() if home) if len(found) == 1 else frozenset()
