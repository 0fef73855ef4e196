"""Lists that staff keep: who took part, who was screened, who moved without walking; codes for a class; agreed goals."""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.points import Award, NoAward, judge_steps, step_goal
from phr.domain.points_rules import fiscal_year, rules_of
from phr.errors import Invalid, NotAllowed
from phr.ids import new_id, person_id
from phr.services.points.earning import Points, age_on
from phr.services.points.happened import Happened
from phr.store.tables import StepGoal

PEDOMETER: Final = "pedometer"
"""Steps that staff copy from a diary on paper: the goal decides which event they are."""
KINDS: Final = {
    PEDOMETER: "activity",
    "class_attended": "activity",
    "instead_of_walking": "activity",
    "screening": "checkup",
}
"""What staff list -> the kind of data that it is of."""
MOST: Final = 200
_OCCASION: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,19}")
_CODE: Final = re.compile(r"([a-z0-9][a-z0-9_]{0,19})-([a-z2-7]{8})")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of one day. people: number of the record and birth date, as staff copy them; steps: of each, from a diary."""

    event: str
    day: date
    people: Sequence[tuple[str, date]]
    occasion: str = ""
    variant: str = ""
    steps: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """What became of a list: how many earned, and the numbers that did not, each with a word why."""

    earned: int
    not_earned: tuple[tuple[str, str], ...]


class Lists:
    """What staff write down earns the same as what a device records."""

    def __init__(self, points: Points, key: bytes) -> None:
        self._points = points
        self._key = key

    def enter(self, listing: Listing, access: Access) -> Listed:
        """Enters a list. Raises Invalid naming the field; each person of the list stands by itself."""
        _nurse(access)
        if listing.event not in KINDS:
            raise Invalid("is nothing that staff list", field="event")
        if not 0 < len(listing.people) <= MOST:
            raise Invalid(f"must be 1 to {MOST} people", field="people")
        if listing.day > self._points.today():
            raise Invalid("is after today", field="day")
        if listing.event == "class_attended" and not _OCCASION.fullmatch(listing.occasion):
            raise Invalid("is not of the right form", field="occasion")
        if listing.event == PEDOMETER and len(listing.steps) != len(listing.people):
            raise Invalid("are the steps of each person", field="people")
        earned, others = 0, []
        for place, (number, _born) in enumerate(listing.people):
            verdict = self._one(listing, place, access)
            if isinstance(verdict, Award):
                earned += 1
            else:
                others.append((number, verdict.reason))
        return Listed(earned, tuple(others))

    def _one(self, listing: Listing, place: int, access: Access) -> Award | NoAward:
        number, born = listing.people[place]
        person = person_id(number)
        if not self._is(person, born, access):
            return NoAward(
                "no-consent"
            )  # unknown, somebody else's birth date, or not shared: all look the same
        if listing.event == PEDOMETER:
            return self._walked(person, born, listing.day, listing.steps[place], access)
        thing = Happened(
            listing.event,
            listing.day,
            "staff",
            f"list:{listing.occasion or listing.event}",
            KINDS[listing.event],
            listing.variant,
            listing.occasion if listing.event == "class_attended" else "",
            recorded_by=access.actor,
        )
        return self._points.earn(person, [thing], request=access.request, by=access)[0]

    def _walked(self, person: UUID, born: date, day: date, steps: int, access: Access) -> Award | NoAward:
        """A day of a pedometer diary: the goal of the age or the nurse's, and the same lines as for a device."""
        rules = rules_of(fiscal_year(day))
        if rules is None:
            return NoAward("no-rules-for-the-year")
        with self._points.store.begin(access.for_purpose("points").about(person)) as uow:
            goals = [row.steps for row in uow.earning.goals([person]).get(person, ()) if row.day <= day]
            uow.commit()
        goal = step_goal(rules, age_on(born, day) or 0, goals[-1] if goals else None)
        verdict = judge_steps(rules, steps, goal)
        event = "steps_goal" if verdict.review else verdict.event
        if event is None:
            return NoAward(verdict.reason)
        thing = Happened(
            event,
            day,
            "staff",
            f"paper:steps:{day.isoformat()}:{steps}",
            "activity",
            signals=("many",) if verdict.review else (),
            recorded_by=access.actor,
        )
        return self._points.earn(person, [thing], request=access.request, by=access)[0]

    def code(self, occasion: str, day: date, access: Access) -> str:
        """The code of a class for one day, to be read out or shown there: those who were there type it in."""
        _nurse(access)
        if not _OCCASION.fullmatch(occasion):
            raise Invalid("is not of the right form", field="occasion")
        return f"{occasion}-{self._mark(occasion, day)}"

    def attend(self, person: UUID, code: str, access: Access) -> Award | NoAward:
        """A resident types the code of today's class. Raises Invalid when it is none of today."""
        found = _CODE.fullmatch(code.strip().lower())
        today = self._points.today()
        if found is None or not hmac.compare_digest(found[2], self._mark(found[1], today)):
            raise Invalid("is no code of today", field="code")
        thing = Happened("class_attended", today, "staff", f"code:{found[1]}", "activity", occasion=found[1])
        return self._points.earn(person, [thing], request=access.request)[0]

    def _mark(self, occasion: str, day: date) -> str:
        signed = hmac.new(self._key, f"{occasion}|{day.isoformat()}".encode(), sha256).digest()
        return b32encode(signed[:5]).decode().lower()

    def set_goal(self, number: str, born: date, steps: int, access: Access) -> int:
        """Keeps a step goal that a nurse agreed with a person, from today on; gives the goal as the rules allow it."""
        _nurse(access)
        today = self._points.today()
        rules = rules_of(fiscal_year(today))
        low, high = (0, 0) if rules is None else rules.steps.personal_goal
        if not low <= steps <= high:
            raise Invalid(f"must be {low} to {high}", field="steps")
        person = person_id(number)
        if not self._is(person, born, access):
            raise Invalid("is not the number of a record with this birth date", field="patient")
        with self._points.store.begin(access.for_purpose("points").about(person)) as uow:
            uow.earning.keep(
                StepGoal(
                    person_id=person,
                    goal_id=new_id(),
                    category="activity",
                    day=today,
                    steps=steps,
                    set_by=access.actor,
                    at=self._points.clock.now(),
                )
            )
            uow.audit.add("points", "step-goal", person, categories="activity", count=1)
            uow.commit()
        return steps

    def _is(self, person: UUID, born: date, access: Access) -> bool:
        with self._points.store.begin(access.for_purpose("points").about(person)) as uow:
            known = uow.people.get(person)
            uow.commit()
        return known is not None and known.birth_date == born


def _nurse(access: Access) -> None:
    if access.role != "nurse":
        raise NotAllowed("only nurses keep lists of points")
