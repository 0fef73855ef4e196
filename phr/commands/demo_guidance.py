"""What nurses and families of the demo have begun: courses of guidance, a family, a food diary; through the ordinary use cases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from phr.bootstrap import System
from phr.commands.demo_city import INSURER, City
from phr.commands.demo_family import furnish
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.guidance.events import Contacted, Goal, Interviewed, Planned
from phr.errors import PhrError

SETTINGS: Final[dict[str, Any]] = {"insurer_numbers": INSURER, "guidance_institution": "4399999990"}
"""The demo's city acts for the insurer that nobody has."""
_LICENCE: Final = "public-health-nurse"
_COURSES: Final = 3
_CHILDREN: Final = 2
_MEALS: Final = (
    ("breakfast", {"energy": 480.0, "protein": 18.0, "fat": 14.0, "carbohydrate": 70.0, "salt": 2.1}),
    ("lunch", {"energy": 720.0, "protein": 26.0, "fat": 25.0, "carbohydrate": 95.0, "salt": 3.4}),
)
"""As labels of packed food say it."""
_GOALS: Final = (
    Goal("exercise", "昼休みに15分歩く", 60),
    Goal("diet", "夜の主食を茶わん1ぱいにする", 120),
)


def nurses(system: System) -> None:
    """The demo's nurse leads her team, and has begun courses with people whose check-up asks for active support."""
    access = Access("operator", "operator-1", system.settings.recipient, "register", "demo-nurses")
    system.planning.set_duty("nurse-1", access, lead=True, protected=False)
    nurse = Access("nurse", "nurse-1", system.settings.recipient, "guidance", "demo-guidance")
    today = day_at(system.clock.now(), system.settings.tz)
    begun = 0
    for row in system.worklist.listed(nurse, limit=500):
        if begun == _COURSES:
            return
        if row.item.kind in ("intensive", "motivational"):
            begun += _course(system, row.item.item_id, row.item.day, nurse, today)


def _course(system: System, case: Any, checked: date, nurse: Access, today: date) -> bool:
    """One course: interviewed a week after the check-up, planned, and called since, as far as the days allow."""
    try:
        course = system.courses.propose(case, nurse, _LICENCE)
        first = min(checked + timedelta(days=6), today)
        system.courses.record(course, nurse, _LICENCE, Interviewed(day=first, way="individual", minutes=25))
        plan = Planned(lose_cm=2.0, lose_kg=2.0, goals=_GOALS, expected=True)
        system.courses.record(course, nurse, _LICENCE, plan)
        called = Contacted(
            day=min(first + timedelta(days=21), today),
            way="phone",
            author_type="professional",
            author_licence=_LICENCE,
            minutes=8,
        )
        system.courses.record(course, nurse, _LICENCE, called)
    except PhrError:
        return False  # the rules leave this person out; the next one may do
    return True


def residents(system: System, city: City, seed: int) -> None:
    """The resident whose pages are shown acts for two children and keeps a food diary."""
    from synthetic_data.children import children

    person = city.people[city.shown]
    today = day_at(system.clock.now(), system.settings.tz)
    for child in children(seed, _CHILDREN, today):
        furnish(system, {city.shown: person}, [child])
    for yesterday in (True, False):
        for occasion, values in _MEALS:
            system.diary.note(
                person, occasion, values, yesterday=yesterday, actor=city.shown, request="demo-diary"
            )
