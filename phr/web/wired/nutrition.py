"""Food and drink: the resident's week and entries, and the nurse's look at them beside weight and blood pressure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from phr.errors import NotFound
from phr.services.nutrition import DiaryWeek, Entry
from phr.services.worklist import Opened
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.nutrition import (
    CaseFood,
    ContextDay,
    EatenDay,
    FoodLine,
    FoodPage,
    Measure,
    WeekPicture,
)
from phr.web.wired import vitals
from phr.web.wired.daily import daily_values
from phr.web.wired.parts import Area, together
from risk.nutrition import occasion_of
from risk.nutrition_targets import Target, standard

_SHARES: Final = frozenset({"fat", "protein"})
_MEASURES: Final = (("energy", "kcal", 0), ("fat", "%", 0), ("protein", "%", 0), ("salt", "g", 1))
_SHOWN: Final = 12
_ADULT: Final = 18


class NutritionArea(Area):
    """Food and drink."""

    @together
    def food(self, session: Session) -> FoodPage:
        """The week, the last entries and the form."""
        one = held(session)
        found = self._system.diary.week(one.whom, one.access())
        picture = _picture(found)
        hour = self._parts.now().astimezone(self._parts.zone).hour
        return FoodPage(
            today=self._parts.today(),
            week=picture,
            entries=tuple(map(_line, found.entries[:_SHOWN])),
            occasion=occasion_of(hour),
            adult=found.age is None or found.age >= _ADULT,
            fat_above=found.fat_above,
            fat_limit=next((one for one in picture.measures if one.key == "fat"), None),
        )

    def add_food(
        self, session: Session, occasion: str, values: Mapping[str, float], *, yesterday: bool
    ) -> None:
        """Write down a food."""
        one = held(session)
        self._system.diary.note(
            one.whom,
            occasion,
            values,
            yesterday=yesterday,
            proxy=one.acting is not None,
            actor=one.subject,
            request=one.request,
        )

    def repeat_food(self, session: Session, start: int) -> None:
        """Write an earlier entry down again, as of now."""
        one = held(session)
        entries = self._system.diary.week(one.whom, one.access()).entries
        again = next((each for each in entries if each.start == start), None)
        if again is None:
            raise NotFound("no such entry")
        self._system.diary.note(
            one.whom,
            again.occasion,
            again.values,
            proxy=one.acting is not None,
            actor=one.subject,
            request=one.request,
        )

    def add_water(self, session: Session, millilitres: float) -> None:
        """Write down a drink."""
        one = held(session)
        proxy = one.acting is not None
        self._system.diary.drink(one.whom, millilitres, proxy=proxy, actor=one.subject, request=one.request)

    @together
    def case_food(self, session: Session, case: str) -> CaseFood:
        """The week of a case's person."""
        one = held(session)
        opened = self._opened(one, case)
        person, access = opened.person.person_id, one.access("guidance").about(opened.person.person_id)
        permitted = self._parts.permissions.of(person, access)["nutrition"].permitted
        found = self._system.diary.week(person, access) if permitted else None
        days = [] if found is None else [day.day for day in found.days]
        prevention = None if found is None else found.targets.get("salt-prevention")
        return CaseFood(
            case=case,
            name=opened.person.name or opened.person.patient_id,
            permitted=permitted,
            week=None if found is None else _picture(found),
            context=self._context(one, person, days),
            plan={} if found is None else _plan(found),
            prevention=None if prevention is None else _bounded(prevention, (), None),
        )

    def plan_food(self, session: Session, case: str, plan: Mapping[str, float]) -> None:
        """Record what nurse and person agreed on."""
        one = held(session)
        opened = self._opened(one, case)
        self._system.diary.agree(opened.person.person_id, plan, one.access("guidance"))

    def _opened(self, one: WebSession, case: str) -> Opened:
        try:
            identity = UUID(case)
        except ValueError:
            raise NotFound("no such case") from None
        return self._system.worklist.open(identity, one.access("guidance"))

    def _context(self, one: WebSession, person: UUID, days: Sequence[date]) -> tuple[ContextDay, ...]:
        """What weight and blood pressure did on the same days; nothing where they are not shared."""
        if not days:
            return ()
        access = one.access("guidance")
        weight = daily_values(self._parts, person, access, "weight", days[0], days[-1])
        chunks = self._parts.charts.samples(
            person, [vitals.BLOOD_PRESSURE], days[0], days[-1] + timedelta(days=1), access
        )
        pressures = vitals.by_slot(vitals.readings(chunks, self._parts.zone))
        return tuple(
            ContextDay(day, weight.get(day), *(pressures.get((day, "morning")) or (None, None)))
            for day in days
        )


def _picture(found: DiaryWeek) -> WeekPicture:
    plan = _plan(found)
    return WeekPicture(
        days=tuple(EatenDay(one.day, one.eaten.occasions, one.water) for one in found.days),
        measures=tuple(
            _measure(found, key, unit, decimals, plan.get(key)) for key, unit, decimals in _MEASURES
        ),
        counted=found.means.days,
        needed=standard().mean_occasions,
        version=standard().version,
    )


def _plan(found: DiaryWeek) -> dict[str, float]:
    amounts = {name: getattr(found.plan, name) for name in ("energy", "fat", "protein", "salt")}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _measure(found: DiaryWeek, key: str, unit: str, decimals: int, planned: float | None) -> Measure:
    share = key in _SHARES
    values = tuple((day.eaten.shares if share else day.eaten.totals).get(key) for day in found.days)
    mean = (found.means.shares if share else found.means.means).get(key)
    if planned is not None:
        return Measure(key, unit, decimals, values, mean, high=planned, planned=True)
    target = found.targets.get(key)
    if target is None:
        return Measure(key, unit, decimals, values, mean)
    return _bounded(target, values, mean, decimals)


def _bounded(
    target: Target, values: tuple[float | None, ...], mean: float | None, decimals: int = 1
) -> Measure:
    return Measure(
        key=target.key,
        unit=target.unit,
        decimals=decimals,
        values=values,
        mean=mean,
        low=target.low,
        high=target.high,
        usual=target.usual,
        below=target.below,
        source=standard().sources[target.source],
    )


def _line(one: Entry) -> FoodLine:
    return FoodLine(one.start, vitals.moment(one.start), one.occasion, one.typed, one.values)
