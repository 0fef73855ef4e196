"""Home blood pressure by the rules of the Japanese Society of Hypertension: occasions, morning and evening, a week.

Every reading is kept and none is chosen: the first two of an occasion are averaged, the third is stored only. The
words show the mean and the limit and cite them; they name no illness.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from risk import plausibility
from risk.errors import BadInput
from risk.home_limits import Grade, HomeLimits, standard
from risk.plausibility import BLOOD_PRESSURE
from risk.reasons import Reason

Values = npt.NDArray[np.float64]
Micros = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CITY: Final = 32_400
"""Seconds east of Greenwich in Japan, which has one zone without summer time."""
HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
MORNING: Final = "morning"
EVENING: Final = "evening"
CUFFS: Final = frozenset({"upper-arm", "wrist", "none"})
"""Where the cuff sat. A wrist is shown and never judged; a watch without a cuff is never used."""
CITED: Final = "JSH2019・JSH2025"


@dataclass(frozen=True, slots=True)
class Occasion:
    """Readings of one sitting: the mean of the first two, and how many there were."""

    start_us: int
    day: dt.date
    period: str
    systolic: float
    diastolic: float
    readings: int
    wrist: bool


@dataclass(frozen=True, slots=True)
class Period:
    """Mornings or evenings of a week: mean of the days' means; judged from the least number of days on."""

    name: str
    days: int
    systolic: float | None
    diastolic: float | None
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class HomePressure:
    """A week of home blood pressure.

    enough: whether mornings or evenings reach the least number of days. grade: the higher one of those that do.
    difference: morning minus evening, systolic, where both are judged. over_target: None where no target was set.
    refused: readings that cannot be true. unused: readings without a cuff.
    """

    first: dt.date
    last: dt.date
    occasions: tuple[Occasion, ...]
    morning: Period
    evening: Period
    enough: bool
    grade: Grade | None
    high: bool
    difference: float | None
    over_target: bool | None
    wrist: int
    unused: int
    refused: int
    reasons: tuple[Reason, ...]


def week(
    start_us: Micros,
    systolic: Values,
    diastolic: Values,
    *,
    last: dt.date,
    cuff: npt.NDArray[np.str_] | None = None,
    label: npt.NDArray[np.str_] | None = None,
    offset: int = CITY,
    target: tuple[float, float] | None = None,
    limits: HomeLimits | None = None,
) -> HomePressure:
    """The judgement of the seven days that end with ``last``.

    label: what the person said ("morning", "evening" or ""), before the clock. target: systolic and diastolic that a
    physician or nurse set for this person; there is none by itself.
    """
    known = limits or standard()
    cuffs, labels = _checked(start_us, systolic, diastolic, cuff, label)
    hard = plausibility.check(BLOOD_PRESSURE, {"systolic": systolic, "diastolic": diastolic}).hard
    bad = hard | np.isnan(systolic) | np.isnan(diastolic)
    first = last - dt.timedelta(days=int(known.home_bp["window_days"]) - 1)
    near = _near(start_us, first, last)
    rows = np.flatnonzero(~bad & (cuffs != "none") & near)
    rows = rows[np.lexsort((diastolic[rows], systolic[rows], start_us[rows]))]
    occasions = tuple(
        each
        for each in _occasions(rows, start_us, systolic, diastolic, cuffs == "wrist", labels, offset, known)
        if first <= each.day <= last
    )
    morning, evening = (_period(name, occasions, known) for name in (MORNING, EVENING))
    judged = [each for each in (morning, evening) if each.grade]
    grade = max((each.grade for each in judged if each.grade), key=known.grades.index, default=None)
    both = len(judged) == 2
    return HomePressure(
        first=first,
        last=last,
        occasions=occasions,
        morning=morning,
        evening=evening,
        enough=bool(judged),
        grade=grade,
        high=grade is not None and known.grades.index(grade) >= 3,
        difference=(morning.systolic or 0) - (evening.systolic or 0) if both else None,
        over_target=None if target is None or not judged else any(_reaches(each, target) for each in judged),
        wrist=sum(each.readings for each in occasions if each.wrist),
        unused=int((~bad & (cuffs == "none")).sum()),
        refused=int(bad.sum()),
        reasons=_reasons(morning, evening, first, last, known),
    )


def _checked(
    start_us: Micros,
    systolic: Values,
    diastolic: Values,
    cuff: npt.NDArray[np.str_] | None,
    label: npt.NDArray[np.str_] | None,
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """Cuffs and labels of every reading, refused where they are no words of this module."""
    n = len(start_us)
    for name, column in (("systolic", systolic), ("diastolic", diastolic), ("cuff", cuff), ("label", label)):
        if column is not None and len(column) != n:
            raise BadInput("is not as long as the table", field=name)
    cuffs = np.full(n, "upper-arm") if cuff is None else cuff
    if not set(np.unique(cuffs).tolist()) <= CUFFS:
        raise BadInput(f"is none of {', '.join(sorted(CUFFS))}", field="cuff")
    labels = np.full(n, "") if label is None else label
    if not set(np.unique(labels).tolist()) <= {"", MORNING, EVENING}:
        raise BadInput("is neither morning nor evening nor empty", field="label")
    return cuffs, labels


def _near(start_us: Micros, first: dt.date, last: dt.date) -> Mask:
    """Readings that can belong to the week in any zone."""
    origin = dt.date(1970, 1, 1)
    mask: Mask = (start_us >= ((first - origin).days - 1) * DAY) & (
        start_us < ((last - origin).days + 3) * DAY
    )
    return mask


def _occasions(
    rows: npt.NDArray[np.intp],
    start_us: Micros,
    systolic: Values,
    diastolic: Values,
    wrist: Mask,
    labels: npt.NDArray[np.str_],
    offset: int,
    limits: HomeLimits,
) -> list[Occasion]:
    """Readings within ten minutes of the first are one occasion; arm and wrist are never mixed."""
    rules = limits.home_bp
    span, averaged = int(rules["occasion_minutes"]) * 60_000_000, int(rules["averaged"])
    found: list[Occasion] = []
    for at_wrist in (False, True):
        mine = [row for row in rows.tolist() if bool(wrist[row]) is at_wrist]
        while mine:
            begins = int(start_us[mine[0]])
            group = [row for row in mine if start_us[row] - begins <= span]
            mine = mine[len(group) :]
            used = group[:averaged]
            local = begins + offset * 1_000_000
            said = next((str(labels[row]) for row in group if labels[row]), "")
            period, day = _period_of(local, said, limits)
            found.append(
                Occasion(
                    begins,
                    day,
                    period,
                    float(np.mean(systolic[used])),
                    float(np.mean(diastolic[used])),
                    len(group),
                    at_wrist,
                )
            )
    return sorted(found, key=lambda each: (each.start_us, each.wrist))


def _period_of(local: int, said: str, limits: HomeLimits) -> tuple[str, dt.date]:
    """Morning, evening or neither, and the day it belongs to: after midnight is still the evening before."""
    rules = limits.home_bp
    day = dt.date(1970, 1, 1) + dt.timedelta(days=local // DAY)
    hour = (local % DAY) / HOUR
    late = hour < rules["evening_until"]
    if said == EVENING or (not said and (late or hour >= rules["evening_from"])):
        return EVENING, day - dt.timedelta(days=1) if late else day
    if said == MORNING or rules["morning_from"] <= hour < rules["morning_until"]:
        return MORNING, day
    return "", day


def _period(name: str, occasions: tuple[Occasion, ...], limits: HomeLimits) -> Period:
    """The mean of the days' means; readings at the wrist are not among them."""
    days: dict[dt.date, list[Occasion]] = {}
    for each in occasions:
        if each.period == name and not each.wrist:
            days.setdefault(each.day, []).append(each)
    if not days:
        return Period(name, 0, None, None, None)
    systolic = float(np.mean([np.mean([each.systolic for each in day]) for day in days.values()]))
    diastolic = float(np.mean([np.mean([each.diastolic for each in day]) for day in days.values()]))
    enough = len(days) >= limits.home_bp["minimum_days"]
    grade = grade_of(systolic, diastolic, limits) if enough else None
    return Period(name, len(days), systolic, diastolic, grade)


def grade_of(systolic: float, diastolic: float, limits: HomeLimits | None = None) -> Grade:
    """The higher of the classes of the two numbers.

    >>> grade_of(137, 83).en
    'range of grade I'
    """
    grades = (limits or standard()).grades
    by_sbp = max(place for place, each in enumerate(grades) if systolic >= each.sbp)
    by_dbp = max(place for place, each in enumerate(grades) if diastolic >= each.dbp)
    return grades[max(by_sbp, by_dbp)]


def _reaches(period: Period, target: tuple[float, float]) -> bool:
    return (period.systolic or 0) >= target[0] or (period.diastolic or 0) >= target[1]


def _told(mean: float) -> str:
    """A mean with one decimal: whole numbers would hide on which side of a limit it lies."""
    return f"{mean:.1f}".removesuffix(".0")


def _reasons(
    morning: Period, evening: Period, first: dt.date, last: dt.date, limits: HomeLimits
) -> tuple[Reason, ...]:
    """A line for mornings and one for evenings: mean, number of days, the limit and where it is from."""
    high = limits.grades[3]
    needed = int(limits.home_bp["minimum_days"])
    lines = []
    for period, ja, en in ((morning, "朝", "morning"), (evening, "晩", "evening")):
        if period.systolic is None or period.diastolic is None:
            continue
        mean = f"{_told(period.systolic)}/{_told(period.diastolic)}"
        when = f"{first.isoformat()}~{last.isoformat()}"
        if period.grade is None:
            ja_end, en_end = f"{needed}日に足りません", f"fewer than {needed} days"
        else:
            ja_end = f"{period.grade.ja}、家庭血圧の基準 {high.sbp:g}/{high.dbp:g} 以上({CITED})"
            en_end = f"{period.grade.en}; home limit {high.sbp:g}/{high.dbp:g} or more (JSH2019, JSH2025)"
        lines.append(
            Reason(
                "home-bp",
                period.name,
                f"家庭血圧 {ja}の平均 {mean} mmHg、{period.days}日分({ja_end}){when}",
                f"Home blood pressure, {en} mean {mean} mmHg over {period.days} days ({en_end}) {when}",
                ("systolic", "diastolic"),
            )
        )
    return tuple(lines)
