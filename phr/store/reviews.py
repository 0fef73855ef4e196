"""Decisions of people about single values: unlikely samples that were confirmed or rejected, and what lies in quarantine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlmodel import Session, col, select

from phr.domain.reviews import Verdict
from phr.store.tables import Quarantine, SampleReview
from phr.store.vitals import Chunk, Slot

REINSTATED: Final = "reinstated"
"""A correction brought a value back that an earlier correction had set aside: nothing is said of it any more."""
_AGAIN: Final = "~"  # stands in a fingerprint before the number of a later decision about the same sample


class Reviews:
    """The decisions that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def of(self, person: UUID, slots: Iterable[Slot]) -> Mapping[Slot, list[Verdict]]:
        """The verdicts about samples of these days; nearly always none."""
        wanted = list(slots)
        found: dict[Slot, list[Verdict]] = defaultdict(list)
        if not wanted:
            return found
        rows = self._connection.execute(
            "SELECT code, day, source_id, start_us, fingerprint, verdict, reason FROM phr.sample_review"
            " WHERE person_id = %s AND code = ANY (%s) AND day = ANY (%s)",
            (person, list({slot.code for slot in wanted}), list({slot.day for slot in wanted})),
        ).fetchall()
        last: dict[tuple[Slot, int, str], tuple[int, str, str]] = {}
        for code, day, source, start, text, verdict, reason in rows:
            fingerprint, _, number = text.partition(_AGAIN)
            place = Slot(code, day, source), start, fingerprint
            last[place] = max(last.get(place, (0, "", "")), (int(number or 1), verdict, reason))
        for (slot, start, fingerprint), (_number, verdict, reason) in last.items():
            if verdict != REINSTATED:
                found[slot].append(Verdict(start, fingerprint, verdict == "confirmed", reason))
        return found

    def decide_sample(
        self,
        person: UUID,
        chunk: Chunk,
        sample: tuple[int, str],
        verdict: tuple[str, str],
        actor: str,
        at: datetime,
    ) -> None:
        """Records a decision about a sample (start, fingerprint): a verdict and its reason. Earlier ones stay on record; the last counts."""
        slot, (start, fingerprint) = chunk.slot, sample
        query = select(SampleReview).where(
            SampleReview.person_id == person,
            SampleReview.code == slot.code,
            SampleReview.day == slot.day,
            SampleReview.source_id == slot.source_id,
            SampleReview.start_us == start,
            col(SampleReview.fingerprint).startswith(fingerprint),
        )
        earlier = len(self._session.exec(query).all())
        self._session.add(
            SampleReview(
                person_id=person,
                code=slot.code,
                day=slot.day,
                source_id=slot.source_id,
                start_us=start,
                fingerprint=f"{fingerprint}{_AGAIN}{earlier + 1}" if earlier else fingerprint,
                category=chunk.category,
                verdict=verdict[0],
                reason=verdict[1],
                actor=actor,
                at=at,
            )
        )
        self._session.flush()

    def clear_days(self, person: UUID, slot: Slot) -> None:
        """Removes the summaries of a day whose last value was rejected."""
        self._connection.execute(
            "DELETE FROM phr.vital_day WHERE person_id = %s AND code = %s AND day = %s AND source_id = %s",
            (person, slot.code, slot.day, slot.source_id),
        )

    def empty(self, person: UUID, slot: Slot, version: int, now: datetime, payload: bytes) -> None:
        """Leaves a day's chunk without samples, in its next version."""
        self._connection.execute(
            "UPDATE phr.vital_chunk SET n = 0, version = %s, updated_at = %s, payload = %s"
            " WHERE person_id = %s AND code = %s AND day = %s AND source_id = %s",
            (version, now, payload, person, slot.code, slot.day, slot.source_id),
        )
        self.clear_days(person, slot)

    def set_apart(self, person: UUID, limit: int = 200) -> Sequence[Quarantine]:
        """A person's values that cannot be true and that nobody has decided on, newest first."""
        query = select(Quarantine).where(Quarantine.person_id == person, Quarantine.state == "open")
        return self._session.exec(query.order_by(col(Quarantine.seen_at).desc()).limit(limit)).all()

    def one_seen(self, person: UUID, identity: str) -> Quarantine | None:
        """One of them, as a reader sees it."""
        query = select(Quarantine).where(Quarantine.person_id == person, Quarantine.quarantine_id == identity)
        return self._session.exec(query).one_or_none()

    def one_set_apart(self, person: UUID, identity: str) -> Quarantine | None:
        """One of them, locked."""
        query = select(Quarantine).where(
            Quarantine.person_id == person, Quarantine.quarantine_id == identity, Quarantine.state == "open"
        )
        return self._session.exec(query.with_for_update()).one_or_none()

    def decide(self, row: Quarantine, state: str, actor: str, note: str, now: datetime) -> None:
        """Notes what became of one."""
        row.state, row.reviewed_by, row.reviewed_at, row.review_note = state, actor, now, note
        self._session.add(row)
        self._session.flush()

    def counts(self, person: UUID) -> list[tuple[str, str, int]]:
        """How many open ones a person has, by code and reason."""
        rows: list[Any] = self._connection.execute(
            "SELECT code, reason, count(*) FROM phr.quarantine WHERE person_id = %s AND state = 'open'"
            " GROUP BY 1, 2 ORDER BY 1, 2",
            (person,),
        ).fetchall()
        return [(row[0], row[1], int(row[2])) for row in rows]
