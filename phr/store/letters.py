"""Letters: batches that were printed, and each letter sealed as it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select, update

from phr.store.tables import Letter, LetterBatch, Resource


class Letters:
    """The letters that the transaction's context may reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put_batch(self, batch: LetterBatch) -> None:
        """A new batch."""
        self._session.add(batch)
        self._session.flush()

    def put(self, letter: Letter) -> None:
        """A letter of a batch; the context must be about its person where it speaks of no data."""
        self._session.add(letter)
        self._session.flush()

    def batch(self, batch: UUID) -> LetterBatch | None:
        """A batch."""
        return self._session.get(LetterBatch, batch)

    def batches(self, limit: int = 50) -> Sequence[LetterBatch]:
        """Batches, newest first."""
        query = select(LetterBatch).order_by(col(LetterBatch.made_at).desc()).limit(limit)
        return self._session.exec(query).all()

    def of_batch(self, batch: UUID) -> Sequence[Letter]:
        """The letters of a batch that this context sees, in the order in which they were printed."""
        return self._session.exec(
            select(Letter).where(Letter.batch_id == batch).order_by(col(Letter.place))
        ).all()

    def sources(self, sources: Sequence[str]) -> set[str]:
        """Which of these cases and messages have a letter already."""
        query = select(Letter.source).where(col(Letter.source).in_(sources), Letter.state != "returned")
        return set(self._session.exec(query).all())

    def patients(self, people: Sequence[UUID]) -> dict[UUID, str]:
        """The Patient of each of these people, as it is written down, where this context knows it."""
        query = select(Resource.person_id, Resource.body).where(
            col(Resource.person_id).in_(set(people)), Resource.type == "Patient"
        )
        return dict(self._session.exec(query).all())

    def by_number(self, number: str) -> Letter | None:
        """The letter with this number; none when it is not the only one, so that nobody is taken for another."""
        found = self._session.exec(select(Letter).where(Letter.number == number).limit(2)).all()
        return found[0] if len(found) == 1 else None

    def posted(self, batch: UUID, now: datetime) -> None:
        """Notes that a batch went to the post."""
        self._session.execute(
            update(LetterBatch).where(col(LetterBatch.batch_id) == batch).values(posted_at=now)
        )
        self._session.execute(
            update(Letter)
            .where(col(Letter.batch_id) == batch, col(Letter.state) == "made")
            .values(state="posted", posted_at=now)
        )

    def change(self, letter: Letter, **values: Any) -> None:
        """Changes one letter."""
        self._session.execute(
            update(Letter)
            .where(col(Letter.person_id) == letter.person_id, col(Letter.letter_id) == letter.letter_id)
            .values(values)
        )
