"""A resident's age on a day, and the steps that the year's rules set as the goal for that age."""

from __future__ import annotations

from datetime import date

from phr.domain.points import explain, step_goal
from phr.domain.points_rules import LOCALES, fiscal_year, rules_of
from phr.web.sessions import WebSession
from phr.web.wired.parts import Parts


def age_on(born: date | None, today: date) -> int | None:
    """Whole years on a day; the birthday itself counts.

    >>> age_on(date(1960, 11, 21), date(2026, 11, 21)), age_on(date(1960, 11, 22), date(2026, 11, 21))
    (66, 65)
    """
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def steps_goal(parts: Parts, one: WebSession, today: date) -> float | None:
    """The goal of the day; None in a year without rules."""
    known = parts.system.register.known(one.whom, one.access())
    rules = rules_of(fiscal_year(today))
    return float(step_goal(rules, age_on(known.birth_date, today) or 0)) if rules else None


def rules_in_words(today: date) -> dict[str, tuple[str, ...]]:
    """What earns points this year, by language, from the file that decides; nothing in a year without rules."""
    rules = rules_of(fiscal_year(today))
    return {locale: tuple(explain(rules, locale)) for locale in LOCALES} if rules else {}
