"""Subscriptions: who wants to be told, what happened in a transaction, and the numbered events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlmodel import Session, col, select

from phr.domain.subscriptions.topics import TOPIC_OF
from phr.store.tables import Subscription, SubscriptionEvent, SubscriptionHappening

EVERYBODY: Final = UUID(int=0)
"""A subscription that names no patient is about everybody whom its owner may see."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened: whose, its topic, what it is about (Type/id), and what filters look at."""

    person: UUID
    topic: str
    focus: str
    codes: Sequence[str] = ()
    labels: Sequence[str] = ()
    audience: Sequence[str] = ()


def note(connection: psycopg.Connection[TupleRow], happened: Sequence[Happened], now: datetime) -> int:
    """Notes what happened where anybody wants to be told; gives how much that was.

    One look at a small table by its key for all of it, and nothing is written while nobody subscribes. What this
    context does not know the person of is not noted: who may not see somebody tells nothing about them.
    """
    told = [one for one in happened if one.person != EVERYBODY]
    if not told:
        return 0
    rows = connection.execute(
        "SELECT DISTINCT topic, person_id FROM phr.subscription_interest"
        " WHERE person_id = ANY (%s) AND topic = ANY (%s)",
        (sorted({EVERYBODY, *(one.person for one in told)}), sorted({one.topic for one in told})),
    ).fetchall()
    if not rows:
        return 0
    wanted = {(topic, person) for topic, person in rows}
    known = {
        row[0]
        for row in connection.execute(
            "SELECT person_id FROM phr.person WHERE person_id = ANY (%s)",
            (sorted({one.person for one in told}),),
        ).fetchall()
    }
    kept = [
        one
        for one in told
        if one.person in known and {(one.topic, one.person), (one.topic, EVERYBODY)} & wanted
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO phr.subscription_happening (person_id, topic, focus, codes, labels, audience, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (one.person, one.topic, one.focus, list(one.codes), list(one.labels), list(one.audience), now)
                for one in kept
            ],
        )
    return len(kept)


def note_versions(
    connection: psycopg.Connection[TupleRow],
    versions: Sequence[tuple[UUID, str, str, Sequence[str], Sequence[str]]],
    at: datetime,
) -> None:
    """Notes new versions of documents: person, type, id, codes, labels. Of Consents, those who know their recipients
    note it.
    """
    happened = [
        Happened(person, TOPIC_OF[kind], f"{kind}/{identity}", codes, labels)
        for person, kind, identity, codes, labels in versions
        if kind in TOPIC_OF and kind != "Consent"
    ]
    note(connection, happened, at)


class Happenings:
    """What happens in this transaction, for whoever wants to be told."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def note(self, happened: Sequence[Happened], now: datetime) -> int:
        """Notes what happened where anybody wants to be told."""
        return note(self._connection, happened, now)

    def wanted(self, person: UUID, topic: str) -> bool:
        """Whether anybody wants to be told of a topic about a person."""
        found = self._connection.execute(
            "SELECT 1 FROM phr.subscription_interest WHERE person_id = ANY (%s) AND topic = %s LIMIT 1",
            ([person, EVERYBODY], topic),
        ).fetchone()
        return found is not None

    def document(self, person: UUID, kind: str, identity: str) -> bool:
        """Whether this context may read a document."""
        found = self._connection.execute(
            "SELECT 1 FROM phr.resource WHERE person_id = %s AND type = %s AND id = %s AND NOT deleted",
            (person, kind, identity),
        ).fetchone()
        return found is not None

    def sample(self, person: UUID, code: str, day: date) -> bool:
        """Whether this context may read what devices measured of a code on a day."""
        found = self._connection.execute(
            "SELECT 1 FROM phr.vital_day WHERE person_id = %s AND code = %s AND day = %s LIMIT 1",
            (person, code, day),
        ).fetchone()
        return found is not None


class Subscriptions:
    """The subscriptions that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def put(self, row: Subscription) -> None:
        """Keeps a subscription, new or changed."""
        self._session.add(row)
        self._session.flush()

    def get(self, identity: UUID, *, lock: bool = False) -> Subscription | None:
        """One subscription; lock: nobody else changes it before this transaction ends."""
        query = select(Subscription).where(Subscription.subscription_id == identity)
        return self._session.exec(query.with_for_update() if lock else query).first()

    def all(self) -> Sequence[Subscription]:
        """Every subscription of this context, oldest first."""
        query = select(Subscription).order_by(col(Subscription.created_at), col(Subscription.subscription_id))
        return self._session.exec(query).all()

    def remove(self, row: Subscription) -> None:
        """Deletes a subscription."""
        self._session.delete(row)
        self._session.flush()

    def unasked(self, limit: int = 100) -> Sequence[Subscription]:
        """Those whose handshake nobody has posted."""
        query = select(Subscription).where(
            Subscription.state == "requested", col(Subscription.asked).is_(False)
        )
        return self._session.exec(query.limit(limit).with_for_update(skip_locked=True)).all()

    def over(self, now: datetime) -> Sequence[Subscription]:
        """Those whose end has come."""
        query = select(Subscription).where(Subscription.state != "off", col(Subscription.ends_at) <= now)
        return self._session.exec(query.with_for_update(skip_locked=True)).all()

    def silent(self, now: datetime) -> Sequence[Subscription]:
        """Those that want a sign of life by now."""
        query = select(Subscription).where(Subscription.state == "active", col(Subscription.heartbeat) > 0)
        found = self._session.exec(query.with_for_update(skip_locked=True)).all()
        return [
            one for one in found if (now - (one.sent_at or one.updated_at)).total_seconds() >= one.heartbeat
        ]

    def listening(self, topic: str, person: UUID) -> Sequence[Subscription]:
        """Those that are to be told of a topic about a person, locked, in one order for everybody who numbers."""
        query = select(Subscription).where(
            Subscription.topic == topic,
            col(Subscription.person_id).in_([person, EVERYBODY]),
            col(Subscription.state).in_(["active", "error"]),
        )
        return self._session.exec(query.order_by(col(Subscription.subscription_id)).with_for_update()).all()

    def happened(self, limit: int) -> Sequence[SubscriptionHappening]:
        """What waits to be numbered, oldest first; other workers leave it alone."""
        query = select(SubscriptionHappening).order_by(
            col(SubscriptionHappening.at), col(SubscriptionHappening.happening_id)
        )
        return self._session.exec(query.limit(limit).with_for_update(skip_locked=True)).all()

    def settle(self, happening: SubscriptionHappening) -> None:
        """It was numbered."""
        self._session.delete(happening)

    def add(self, event: SubscriptionEvent) -> None:
        """A new event."""
        self._session.add(event)
        self._session.flush()

    def event(self, identity: UUID, number: int) -> SubscriptionEvent | None:
        """One event of a subscription."""
        query = select(SubscriptionEvent).where(
            SubscriptionEvent.subscription_id == identity, SubscriptionEvent.number == number
        )
        return self._session.exec(query).first()

    def events(self, identity: UUID, since: int, until: int, limit: int) -> Sequence[SubscriptionEvent]:
        """The events of a subscription with these numbers, in their order."""
        query = select(SubscriptionEvent).where(
            SubscriptionEvent.subscription_id == identity,
            col(SubscriptionEvent.number) >= since,
            col(SubscriptionEvent.number) <= until,
        )
        return self._session.exec(query.order_by(col(SubscriptionEvent.number)).limit(limit)).all()

    def mark(self, identity: UUID, numbers: Sequence[int], became: str) -> None:
        """Notes what became of events."""
        if numbers:
            self._connection.execute(
                "UPDATE phr.subscription_event SET state = %s WHERE subscription_id = %s AND number = ANY (%s)",
                (became, identity, list(numbers)),
            )

    def forget_events(self, before: datetime) -> int:
        """Deletes events that are too old to be asked for."""
        done = self._connection.execute("DELETE FROM phr.subscription_event WHERE at < %s", (before,))
        return done.rowcount

    def interest(self) -> None:
        """Brings the table of interest to what the subscriptions say."""
        live = "SELECT person_id, topic FROM phr.subscription WHERE state IN ('active', 'error')"
        self._session.flush()
        self._connection.execute(
            f"INSERT INTO phr.subscription_interest (person_id, topic) SELECT DISTINCT person_id, topic FROM ({live}) l"
            " ON CONFLICT DO NOTHING"
        )
        self._connection.execute(
            f"DELETE FROM phr.subscription_interest i WHERE NOT EXISTS (SELECT 1 FROM ({live}) l"
            " WHERE l.person_id = i.person_id AND l.topic = i.topic)"
        )

    def figures(self) -> dict[str, int]:
        """How many subscriptions there are in each state."""
        rows: Any = self._connection.execute(
            "SELECT state, count(*) FROM phr.subscription GROUP BY state ORDER BY state"
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}
