"""What may earn points, and what a person has earned so far: what every part of earning is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from phr.domain.points import Earned
from phr.store.tables import PointsEvent, PointsReview


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that may earn points: its name in the rules, the day, how it was recorded, and its evidence.

    category: the kind of data that the evidence is of; consent to points must cover it. uploaded: when it came in,
    where that is not today. signals: why a person should look first. recorded_by: who of the staff keyed it in.
    """

    event: str
    day: date
    recording: str
    evidence: str
    category: str
    variant: str = ""
    occasion: str = ""
    uploaded: date | None = None
    signals: tuple[str, ...] = ()
    recorded_by: str = ""


@dataclass(slots=True)
class Book:
    """A person's events and reviews, as they grow. Nothing of another person is ever in it."""

    events: list[PointsEvent] = field(default_factory=list)
    reviews: list[PointsReview] = field(default_factory=list)

    def reversed_keys(self) -> set[str]:
        """The keys of awards that were taken back."""
        return {row.reverses for row in self.events if row.reverses}

    def live(self) -> list[PointsEvent]:
        """The awards that stand."""
        gone = self.reversed_keys()
        return [row for row in self.events if row.reverses is None and row.event_key not in gone]

    def history(self, apart: UUID | None = None) -> list[Earned]:
        """What the rules are given; apart: a review that is being decided and does not count itself.

        A held award fills its place in the caps, so that releasing it never passes them; one that a person took back
        keeps its place with no points, so that the next round does not give it again.
        """
        gone = self.reversed_keys()
        kept = [
            Earned(row.event, row.day, row.points, row.variant, row.occasion, row.event_key in gone)
            for row in self.events
            if row.reverses is None
        ]
        looked = [
            Earned(row.event, row.day, row.points if row.state == "open" else 0, row.variant, row.occasion)
            for row in self.reviews
            if row.review_id != apart
            and (row.state == "reversed" or (row.state == "open" and not row.posted))
        ]
        return kept + looked


def books(
    people: Sequence[UUID], events: dict[UUID, list[PointsEvent]], reviews: Sequence[PointsReview]
) -> dict[UUID, Book]:
    """The books of these people."""
    made = {person: Book(list(events.get(person, ()))) for person in people}
    for row in reviews:
        if row.person_id in made:
            made[row.person_id].reviews.append(row)
    return made
