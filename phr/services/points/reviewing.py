"""Awards that a person looks at: the queue, what the resident answers, and the decision with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.points import Award, Event, NoAward, earned
from phr.domain.points_rules import fiscal_year, rules_of
from phr.errors import Conflict, Invalid, NotAllowed, NotFound
from phr.ids import new_id
from phr.services.points.earning import Points, age_on
from phr.services.points.happened import Book, Happened
from phr.store.tables import Person, PointsAnswer, PointsReview
from phr.store.uow import UnitOfWork

LONGEST: Final = 1000
"""Letters of a reason, and of an answer."""
_MOST: Final = 20
"""Answers to one review."""
Account = Callable[[str, str], tuple[UUID | None, str]]
"""Whose record an account (actor, request) opens, and the name on it."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review with what was answered, and whose it is where the caller may know."""

    row: PointsReview
    answers: tuple[PointsAnswer, ...]
    person: Person | None = None
    sources: tuple[tuple[UUID, str], ...] = ()


class Reviews:
    """The reviews of one city's points. Nothing is ever taken back by the service itself here: a person decides."""

    def __init__(self, points: Points, account: Account) -> None:
        self._points = points
        self._store = points.store
        self._account = account

    def shown(self, person: UUID, access: Access) -> tuple[list[Reviewed], dict[UUID, str]]:
        """A person's own reviews, newest first, and their devices as they call them."""
        with self._store.begin(access.about(person)) as uow:
            found = _with_answers(uow, uow.earning.reviews([person]))
            names = {key: one.shown for key, one in uow.vitals.sources(person).items()}
            uow.audit.add("read", "points-review", person, count=len(found))
            uow.commit()
        return found, names

    def of_person(self, person: UUID, access: Access) -> list[Reviewed]:
        """A person's own reviews, newest first."""
        return self.shown(person, access)[0]

    def answer(self, person: UUID, review: UUID, text: str, access: Access) -> None:
        """What a resident says to a review of their own. Raises Invalid naming the field, NotFound."""
        said = _text(text, "answer")
        with self._store.begin(access.about(person)) as uow:
            row = uow.earning.review(review)
            if row is None or row.person_id != person:
                raise NotFound("no such review")
            if sum(one.review_id == review for one in uow.earning.answers([person])) >= _MOST:
                raise Conflict("there are enough answers")
            uow.earning.keep(
                PointsAnswer(
                    person_id=person,
                    answer_id=new_id(),
                    review_id=review,
                    category=row.category,
                    day=row.day,
                    text=said,
                    at=self._points.clock.now(),
                )
            )
            uow.audit.add("points", "answer", person, categories=row.category, count=1)
            uow.commit()

    def queue(self, access: Access, *, decided: bool = False) -> list[Reviewed]:
        """The reviews that this nurse may see: what waits, oldest first, or what was decided; each look is audited."""
        with self._store.begin(access.for_purpose("points")) as uow:
            rows = uow.earning.queue(decided=decided)
            people = uow.people.of([row.person_id for row in rows])
            found = [
                Reviewed(each.row, each.answers, people[each.row.person_id], _sources(uow, each.row))
                for each in _with_answers(uow, rows)
                if each.row.person_id in people
            ]
            for each in found:
                uow.audit.add(
                    "list", "points-review", each.row.person_id, categories=each.row.category, count=1
                )
            uow.commit()
        return found

    def release(self, review: UUID, reason: str, access: Access) -> Award | NoAward:
        """Gives a held award, as far as the caps of today leave room; lets one stand that was given before."""
        mine = self._account(access.actor, access.request)
        with self._store.begin(access.for_purpose("points")) as uow:
            row = self._locked(uow, review, access, mine)
            if row.state == "released":
                raise Conflict("it was released already")
            again = row.state == "reversed" or not row.posted
            verdict = self._give(uow, row) if again else NoAward("stands")
            self._decide(uow, row, "released", reason.strip()[:LONGEST], access)
            uow.commit()
        return verdict

    def reverse(self, review: UUID, reason: str, access: Access) -> None:
        """Takes an award back, or refuses a held one, for a reason that the resident reads."""
        why = _text(reason, "reason")
        mine = self._account(access.actor, access.request)
        with self._store.begin(access.for_purpose("points")) as uow:
            row = self._locked(uow, review, access, mine)
            if row.state == "reversed":
                raise Conflict("it was taken back already")
            if row.posted or row.state == "released":
                self._points.reverse_in(uow, row.person_id, row.event_key)
            self._decide(uow, row, "reversed", why, access)
            uow.commit()

    def _locked(
        self, uow: UnitOfWork, review: UUID, access: Access, mine: tuple[UUID | None, str]
    ) -> PointsReview:
        """The review, with its person locked. Without consent to points nobody but the person sees that there is one."""
        if access.role != "nurse":
            raise NotAllowed("only nurses decide about points")
        seen = uow.earning.review(review)
        person = None if seen is None else uow.people.get(seen.person_id)
        if seen is None or person is None:
            raise NotFound("no such review")
        if seen.recorded_by == access.actor or _same(mine, person):
            raise NotAllowed("own-review")
        uow.switch(access.for_purpose("points").about(seen.person_id))
        uow.vitals.lock(seen.person_id)
        row = uow.earning.review(review, lock=True)
        if row is None:
            raise NotFound("no such review")
        return row

    def _give(self, uow: UnitOfWork, row: PointsReview) -> Award | NoAward:
        rules, who = rules_of(fiscal_year(row.day)), row.person_id
        if rules is None:
            return NoAward("no-rules-for-the-year")
        person = uow.people.get(who)
        book = Book(list(uow.points.of_person(who)), list(uow.earning.reviews([who])))
        born = None if person is None else person.birth_date
        event = Event(
            row.event,
            self._points.pseudonym(who),
            row.day,
            row.uploaded,
            row.recording,
            row.variant,
            row.occasion,
            age_on(born, row.day),
            self._points.today(),
        )
        verdict = earned(event, book.history(apart=row.review_id), rules)
        if isinstance(verdict, Award):
            thing = Happened(row.event, row.day, row.recording, row.evidence, row.category,
                             row.variant, row.occasion)  # fmt: skip
            self._points.write(uow, [self._points.written(who, thing, verdict)])
            row.event_key = verdict.reference
        return verdict

    def _decide(self, uow: UnitOfWork, row: PointsReview, state: str, reason: str, access: Access) -> None:
        row.state, row.reason = state, reason
        row.decided_by, row.decided_at = access.actor, self._points.clock.now()
        uow.earning.keep(row)
        uow.audit.add("points", f"{state} {row.event}", row.person_id, categories=row.category, count=1)


def _same(mine: tuple[UUID | None, str], person: Person) -> bool:
    """Whether an account is that person's own: by its record, or by the very same name."""
    record, name = mine
    plain = "".join(name.split())
    return record == person.person_id or (bool(plain) and plain == "".join(person.name.split()))


def _with_answers(uow: UnitOfWork, rows: Sequence[PointsReview]) -> list[Reviewed]:
    said: dict[UUID, list[PointsAnswer]] = defaultdict(list)
    for one in uow.earning.answers(sorted({row.person_id for row in rows})):
        said[one.review_id].append(one)
    return [Reviewed(row, tuple(said.get(row.review_id, ()))) for row in rows]


def _sources(uow: UnitOfWork, row: PointsReview) -> tuple[tuple[UUID, str], ...]:
    """The devices of the person, as they call them."""
    return tuple((key, one.shown) for key, one in uow.vitals.sources(row.person_id).items())


def _text(text: str, field: str) -> str:
    said = text.strip()
    if not said:
        raise Invalid("is empty", field=field)
    if len(said) > LONGEST:
        raise Invalid(f"is longer than {LONGEST} letters", field=field)
    return said
