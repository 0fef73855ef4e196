"""A city for the benchmark of pages: residents with check-ups, vitals, families, answers and cases, through the ordinary use cases."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from consent.build import Choice, build
from ingest.series import Series, Source
from phr.bootstrap import System
from phr.commands import demo_guidance
from phr.commands.benchmarks.bench_setting import ALL
from phr.domain.access import Access
from phr.domain.days import begins, day_at
from phr.domain.questionnaires import Answers
from phr.errors import PhrError
from phr.services.evaluation.programmes import Plan
from phr.services.export import Protocol
from risk.questionnaires.definition import NAMES, form

RESEARCHER: Final = "Organization/research-office"
NURSES: Final = 5
_WORKERS: Final = 2
_DAYS: Final = 90
_WATCH: Final = 10
_SECOND: Final = 1_000_000
_HOUR: Final = 3_600 * _SECOND
_FAMILY: Final = (
    "佐藤 サトウ",
    "鈴木 スズキ",
    "高橋 タカハシ",
    "田中 タナカ",
    "伊藤 イトウ",
    "渡辺 ワタナベ",
    "山本 ヤマモト",
)
_GIVEN: Final = (
    "和子 カズコ",
    "明 アキラ",
    "幸子 サチコ",
    "清 キヨシ",
    "洋子 ヨウコ",
    "勇 イサム",
    "恵子 ケイコ",
    "茂 シゲル",
)
_DISTRICTS: Final = ("東町", "西町", "南町", "北町", "本町")
_PROGRAMME: Final = 200
_RELEASED: Final = ("55423-8", "8480-6", "8462-4", "29463-7")


@dataclass(slots=True)
class Streets:
    """Who lives in the city, by the number of the record."""

    people: dict[str, UUID] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    """What a rule refused to add, with its count: said, so that nobody believes that the page was full."""


def patient_of(number: int) -> str:
    """The number of the record of one of the residents."""
    return f"bench-{number:06d}"


def build_city(system: System, residents: int, days: int = _DAYS, watch: int = _WATCH) -> Streets:
    """Residents with what a year leaves behind; staff; cases, courses, letters and a programme.

    days: of what devices measured every day. watch: every how manieth has one.
    """
    streets = Streets()
    _staff(system)
    with ThreadPoolExecutor(_WORKERS) as workers:
        for patient, person in workers.map(
            lambda number: _resident(system, number, days, watch), range(residents)
        ):
            streets.people[patient] = person
    system.assess(request="bench")
    for number, step in enumerate((_cases, _courses, _letters, _programme, _research)):
        try:
            step(system, streets)
        except PhrError as refused:
            streets.left_out[f"{number}: {step.__name__.strip('_')}: {refused}"] = 1
    return streets


def _staff(system: System) -> None:
    city = system.settings.recipient
    for number in range(NURSES):
        system.accounts.put(
            f"nurse-{number + 1}", "nurse", recipient=city, display=f"保健師 {number + 1}", request="bench"
        )
    system.accounts.put("operator-1", "operator", recipient=city, display="情報政策課", request="bench")
    system.accounts.put("researcher-1", "researcher", recipient=RESEARCHER, display="研究員", request="bench")
    access = Access("operator", "operator-1", city, "register", "bench")
    system.planning.set_duty("nurse-1", access, lead=True, protected=False)


def _resident(system: System, number: int, days: int, watch: int) -> tuple[str, UUID]:
    """One resident: everybody a check-up, steps and weight; every third blood pressure, some a watch."""
    patient = patient_of(number)
    family = _FAMILY[number % len(_FAMILY)].split()
    given = _GIVEN[number // len(_FAMILY) % len(_GIVEN)].split()
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "identifier": [{"system": "urn:phr:atena", "value": patient}],
        "name": [{"text": f"{family[0]} {given[0]}"}, {"text": f"{family[1]} {given[1]}"}],
        "gender": "female" if number % 2 else "male",
        "birthDate": f"{1950 + number % 36}-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "address": [{"district": _DISTRICTS[number % 5], "text": f"{_DISTRICTS[number % 5]}{number}番地"}],
        "telecom": [{"system": "phone", "value": f"0XX-555-{number:05d}"}],
    }
    person = system.register.put(resource, actor="bench", role="system", request="bench")[0]
    system.accounts.put(
        patient,
        "resident",
        recipient=f"Patient/{patient}",
        display=f"{family[0]} {given[0]}",
        person=person,
        request="bench",
    )
    _agree(system, patient, person, [system.settings.recipient], list(ALL))
    if number % 2:
        _agree(system, patient, person, [RESEARCHER], ["research-deidentified"])
    system.receive(person, _series_of(system, number, days, watch), request="bench")
    if not number % 4:
        _written(system, patient, person)
    return patient, person


def _agree(
    system: System, patient: str, person: UUID, recipients: Sequence[str], purposes: Sequence[str]
) -> None:
    choice = Choice(
        patient,
        list(recipients),
        list(purposes),
        None,
        datetime.now(UTC) - timedelta(seconds=2),
        system.settings.recipient,
        "bench",
        "app",
    )
    system.consents.record(
        person, build(choice, system.settings.tz), actor=patient, role="resident", request="bench"
    )


def _written(system: System, patient: str, person: UUID) -> None:
    """What a resident wrote: a questionnaire and two meals."""
    asked = form(NAMES[0])
    answers = Answers({item.number: item.options[0].code for item in asked.items if item.options})
    system.questionnaires.answer(asked, answers, patient, actor=patient, request="bench")
    for yesterday in (True, False):
        system.diary.note(
            person,
            "breakfast",
            {"energy": 480.0, "salt": 2.1},
            yesterday=yesterday,
            actor=patient,
            request="bench",
        )


def _series_of(system: System, number: int, many: int, watch: int) -> list[Series]:
    rng = np.random.default_rng(number)
    today = day_at(system.clock.now(), system.settings.tz)
    midnight = int(begins(today, system.settings.tz).timestamp()) * _SECOND
    days = midnight - np.arange(many, 0, -1, dtype=np.int64) * 24 * _HOUR
    checked = midnight - int(rng.integers(20, 300)) * 24 * _HOUR
    found = [_checkup(rng, np.array([checked, checked - 365 * 24 * _HOUR]))]
    found.append(_series("41950-7", days, {"value": np.round(rng.normal(6500, 1800, many).clip(100))}))
    found.append(_series("29463-7", days + 7 * _HOUR, {"value": np.round(rng.normal(62, 0.4, many), 1)}))
    if not number % 3:
        at = np.sort(np.concatenate([days + 6 * _HOUR, days + 21 * _HOUR]))
        upper = np.round(rng.normal(132, 7, len(at)).clip(95, 172))
        channels = {"systolic": upper, "diastolic": np.round(upper * 0.6), "pulse": np.full(len(at), 66.0)}
        found.append(_series("85354-9", at, channels))
    if not number % watch:
        minutes = midnight - np.arange(7 * 1440, 0, -1, dtype=np.int64) * 60 * _SECOND
        found.append(_series("8867-4", minutes, {"value": np.round(rng.normal(72, 6, len(minutes)))}))
    return found


def _checkup(rng: np.random.Generator, at: npt.NDArray[np.int64]) -> Series:
    """Two check-ups with the spread of a city's."""
    n = len(at)
    channels = {
        "bmi": np.round(rng.normal(23.5, 3.5, n), 1),
        "waist_cm": np.round(rng.normal(84, 9, n), 1),
        "sbp_avg": np.round(rng.normal(129, 17, n).clip(90, 175)),
        "dbp_avg": np.round(rng.normal(77, 11, n).clip(50, 105)),
        "fpg": np.round(rng.normal(98, 18, n).clip(70, 200)),
        "hba1c_ngsp": np.round(rng.normal(5.7, 0.6, n).clip(4.5, 9), 1),
        "tg_fasting": np.round(rng.lognormal(4.6, 0.5, n)),
        "hdl": np.round(rng.normal(60, 15, n).clip(25, 110)),
        "ldl": np.round(rng.normal(124, 30, n).clip(50, 220)),
        "smoking": rng.choice([1.0, 3.0], n, p=[0.2, 0.8]),
        "med_bp": rng.choice([1.0, 2.0], n, p=[0.2, 0.8]),
        "med_glucose": np.full(n, 2.0),
        "med_lipid": np.full(n, 2.0),
    }
    order = np.argsort(at)
    return _series("checkup", at[order], channels)


def _series(code: str, starts: npt.NDArray[np.int64], channels: dict[str, npt.NDArray[Any]]) -> Series:
    source = Source(code, code, "city", "", "active")
    n = len(starts)
    return Series(code, source, starts, channels, np.full(n, 32400, np.int32), np.zeros(n, np.uint8))


def _nurse(system: System, number: int = 0) -> Access:
    return Access("nurse", f"nurse-{number + 1}", system.settings.recipient, "guidance", "bench")


def _cases(system: System, _streets: Streets) -> None:
    """Each nurse holds some cases, with contacts."""
    for number, row in enumerate(system.worklist.listed(_nurse(system), limit=20 * NURSES)):
        access = _nurse(system, number % NURSES)
        system.worklist.claim(row.item.item_id, access)
        system.worklist.contact(row.item.item_id, access, "phone-reached", "")


def _courses(system: System, _streets: Streets) -> None:
    demo_guidance.nurses(system)


def _letters(system: System, _streets: Streets) -> None:
    cases = [one.item for one in system.letters.candidates(_nurse(system))[0][:50]]
    system.letters.from_cases(cases, _nurse(system))


def _programme(system: System, streets: Streets) -> None:
    today = day_at(system.clock.now(), system.settings.tz)
    plan = Plan("歩く会", "60歳以上", today - timedelta(days=60), today + timedelta(days=60), "steps")
    made = system.programmes.make(plan, _nurse(system))
    people = list(streets.people)
    system.programmes.add(made, people[:_PROGRAMME], "invited", _nurse(system))
    system.programmes.add(made, people[-_PROGRAMME:], "not-invited", _nurse(system))
    system.programme_reports.run(made, _nurse(system))


def _research(system: System, _streets: Streets) -> None:
    today = day_at(system.clock.now(), system.settings.tz)
    protocol = Protocol(
        "bench", "2026-001", RESEARCHER, _RELEASED, today - timedelta(days=30), today, "pseudonymised"
    )
    system.export.publish(protocol, actor="researcher-1", request="bench")
