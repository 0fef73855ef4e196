"""What must hold after faults: acknowledged is there once, the rest wholly or not, and nobody had to lend a hand."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from phr.bootstrap import ledger_store
from phr.domain.access import machine, resident
from phr.domain.query import ObservationQuery
from phr.domain.samples import summarise
from tests.faults.log import Log
from tests.faults.parts import wait_for
from tests.faults.town import Town
from tests.faults.writers import POINTS, TOGETHER, Writers, instant, kind_of, number_at, observation, value_of


class Checker:
    """Holds what is stored against what was sent and answered."""

    def __init__(self, town: Town, log: Log, writers: Writers) -> None:
        self.town = town
        self.log = log
        self.writers = writers
        self.lost = 0
        self.doubled = 0

    def between(self) -> None:
        """What may be asked while writers write: the trail holds, books balance, days are the sums of their chunks."""
        system = self.town.system
        verdict = self.town.persist(lambda: system.trail.verify(request="test"))
        assert verdict.ok, verdict.problems
        assert all(self.town.persist(system.ledger_verdict).values())
        for name in ("p-posts", "p-batches"):
            self.town.persist(lambda one=self.town.people[name]: self._days_are_sums(one))

    def after(self) -> None:
        """Everything, once nobody writes any more."""
        self._letters_arrive()
        self._samples()
        self._points_count_once()
        self._consent_stands()
        self.between()
        assert (self.lost, self.doubled) == (0, 0)

    def _count(self, wanted: set[Any], found: list[Any], sent: set[Any]) -> None:
        there = set(found)
        self.lost += len(wanted - there)
        self.doubled += len(found) - len(there)
        assert not wanted - there, "an acknowledged write is gone"
        assert len(found) == len(there), "a write counts twice"
        assert there <= sent, "more is there than was ever sent"

    def _found(self, name: str) -> list[int]:
        """The number of every sample of a resident, as a client reads them."""
        town, numbers, cursor = self.town, [], None
        access = resident(town.people[name], name, "test")
        while True:
            query = ObservationQuery(count=1000, cursor=cursor)
            page = town.persist(
                lambda q=query: town.system.observations.search(q, {town.people[name]: name}, access)
            )
            for one in page.found:
                body = orjson.loads(one.body)
                numbers.append(number_at(datetime.fromisoformat(body["effectiveDateTime"])))
                assert body["valueQuantity"]["value"] == value_of(numbers[-1]), "a value is not what was sent"
            cursor = page.more
            if cursor is None:
                return numbers

    def _samples(self) -> None:
        log = self.log
        self._count(set(log.acknowledged["post"]), self._found("p-posts"), log.sent["post"])
        self._again()
        found = self._found("p-batches")
        wanted = _entries(set(log.acknowledged["bundle"]))
        self._count(wanted, found, _entries(log.sent["bundle"]))
        for number in {one // TOGETHER for one in found}:
            if kind_of(number) == "transaction":
                assert _entries({number}) <= set(found), "half a transaction is there"

    def _again(self) -> None:
        """Sending again what got no answer, and some of what did, makes each of them be there once."""
        acknowledged, sent = set(self.log.acknowledged["post"]), self.log.sent["post"]
        numbers = sorted(sent - acknowledged)[-20:] + sorted(acknowledged)[-20:]
        before = self._found("p-posts")
        for number in numbers:
            body = orjson.dumps(observation("p-posts", number))
            taken = self.town.persist(
                lambda sent=body: self.town.system.intake.one(
                    sent, "p-posts", actor="p-posts", role="resident", request="again"
                )
            )
            assert taken.status == (200 if number in before else 201)
        self._count({*before, *numbers}, self._found("p-posts"), sent)

    def _points_count_once(self) -> None:
        """Posts and letters, each under its reference; and the sum of what the resident holds."""
        name = self.town.settings.ledger_name
        rows = self.town.administer("SELECT reference FROM ledger.transaction WHERE ledger = %s", name)
        found = [row[0] for row in rows]
        for kind, prefix in (("points", "post-"), ("letter", "letter-")):
            mine = [int(one.removeprefix(prefix)) for one in found if one.startswith(prefix)]
            self._count(set(self.log.acknowledged[kind]), mine, self.log.sent[kind])

        def held() -> int:
            with self.town.system.ledger_connections() as connection:
                return ledger_store.aggregate_balances(connection, name, address="residents:").get("HPT", 0)

        assert self.town.persist(held) == POINTS * len(
            [one for one in found if one.startswith(("post-", "letter-"))]
        )

    def time_passes(self) -> None:
        """What a retry, a lease or the rest of the ledger waits for is over at once."""
        self.town.administer("UPDATE phr.outbox SET next_at = now() WHERE state = 'waiting'")
        self.town.administer("UPDATE phr.ledger_breaker SET open_until = NULL, failures = 0")

    def _letters_arrive(self) -> None:
        """Every letter is delivered in the end; none may be given up, and the number of those that wait must fall."""
        wait_for(self.town.serving, 180, "the API does not come back")
        while waiting := self._waiting():
            until = time.monotonic() + 180
            while self._waiting() >= waiting:
                assert time.monotonic() < until, "letters wait and nobody delivers them"
                self.time_passes()
                time.sleep(2)

    def _waiting(self) -> int:
        """Letters to the ledger that wait."""
        rows = self.town.administer("SELECT kind, state, count(*) FROM phr.outbox GROUP BY 1, 2")
        assert "dead" not in {state for _, state, _ in rows}, "a letter was given up"
        return sum(count for kind, state, count in rows if (kind, state) == ("ledger", "waiting"))

    def _consent_stands(self) -> None:
        """Every acknowledged version is there; what was withdrawn last is withdrawn; history and grants go together."""
        identity, person = self.writers.consent, self.town.people["p-consents"]
        if not identity:
            return
        rows = self.town.administer(
            "SELECT version, body::jsonb ->> 'status' FROM phr.resource_history WHERE id = %s AND person_id = %s",
            *(identity, person),
        )
        statuses = dict(rows)
        assert len(rows) == len(statuses)
        newest = max(statuses)
        assert set(statuses) == set(range(1, newest + 1)), "a version is missing"
        for version, withdrew in self.log.acknowledged["consent"].items():
            self.lost += version not in statuses
            assert statuses.get(version) == ("inactive" if withdrew else "active"), (
                "an acknowledged consent is gone"
            )
        assert newest <= max(self.log.sent["consent"], default=1)
        grants = self.town.administer(
            "SELECT DISTINCT version FROM phr.consent_grant WHERE person_id = %s AND consent_id = %s",
            *(person, identity),
        )
        expected = [(newest,)] if statuses[newest] == "active" else []
        assert grants == expected, "the grants are of another version than the consent"

    def _days_are_sums(self, person: UUID) -> None:
        """Summaries and the chunks that they tell of, read in one transaction."""
        access = machine(self.town.settings.recipient, "collect", "test", person, "test")
        with self.town.system.store.begin(access, locked=person) as uow:
            sizes = uow.vitals.sizes(person)
            span = (instant(0).date(), instant(0).date() + timedelta(days=30))
            chunks = uow.vitals.chunks(person, list(sizes), *span)
            days = uow.vitals.days(person, list(sizes), *span)
            uow.commit()
        made = {(c.slot, s.channel): repr(s) for c in chunks for s in summarise(c.columns)}
        kept = {(d.code, d.day, d.source_id, d.channel): repr(d.summary) for d in days}
        assert kept == {(s.code, s.day, s.source_id, channel): text for (s, channel), text in made.items()}, (
            "summaries and chunks disagree"
        )


def _entries(bundles: set[int]) -> set[int]:
    return {number * TOGETHER + place for number in bundles for place in range(TOGETHER)}
