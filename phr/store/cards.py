"""Cards: whose a card is, found by its keyed hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, update

from phr.store.tables import Card


class Cards:
    """The cards that the transaction's context may reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, card: Card) -> None:
        """A new card."""
        self._session.add(card)
        self._session.flush()

    def of_person(self, person: UUID) -> Sequence[Card]:
        """A person's cards that still work, oldest first."""
        return self._session.exec(
            select(Card)
            .where(Card.person_id == person, col(Card.revoked_at).is_(None))
            .order_by(col(Card.issued_at))
        ).all()

    def holders(self, hashes: Sequence[str]) -> dict[str, UUID]:
        """Whose these cards are; cards that do not work are absent."""
        rows = self._session.exec(
            select(Card).where(col(Card.card_hash).in_(hashes), col(Card.revoked_at).is_(None))
        ).all()
        return {row.card_hash: row.person_id for row in rows}

    def used(self, hashes: Sequence[str], now: datetime) -> None:
        """Notes that cards were shown."""
        self._session.execute(update(Card).where(col(Card.card_hash).in_(hashes)).values(used_at=now))

    def revoke(self, person: UUID, card_hash: str, now: datetime) -> bool:
        """Ends a card; tells whether it worked until now."""
        done = self._session.execute(
            update(Card)
            .where(
                col(Card.person_id) == person,
                col(Card.card_hash) == card_hash,
                col(Card.revoked_at).is_(None),
            )
            .values(revoked_at=now)
        )
        return bool(done.rowcount == 1)  # type: ignore[attr-defined]  # a CursorResult
