"""Invents residents: who they are, what they own, what they agreed to, and how they tend to be examined and live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from synthetic_data import checkups, consents, faults
from synthetic_data.checkups import Columns, Floats
from synthetic_data.population import Population, habits, table

_WHO, _BODY = 0, 1
"""Streams of one resident's dice: adding to one does not change the other."""


@dataclass(frozen=True, slots=True)
class Resident:
    """One invented person; ``tendency`` are the latent scores that the yearly check-ups keep coming back to."""

    number: int
    name: str
    kana: str
    female: bool
    birth_date: date
    district: str
    address: str
    consent_kind: str
    consents: list[dict[str, Any]]
    tendency: Floats
    luck: dict[str, float]
    fault: str | None

    @property
    def id(self) -> str:
        """Stable text such as ``r-000123``."""
        return f"r-{self.number:06d}"

    @property
    def health_user_id(self) -> str:
        """The invented account number of the cloud."""
        return str(7_000_000_000_000_000_000 + self.number * 1_000_003)

    def age(self, day: date) -> int:
        """Full years on a day."""
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def dice(seed: int, number: int, stream: int) -> np.random.Generator:
    """A resident's own dice: the same whatever the number of residents."""
    return np.random.default_rng([seed, number, stream])


LUCK: Final = (
    "device", "phone_too", "scale", "bp_monitor", "attends", "active", "sleeper", "model", "night", "fitness",
)  # fmt: skip


def invent(number: int, seed: int, population: Population, end: date) -> Resident:
    """Resident ``number`` of the city of this seed."""
    own = dice(seed, number, _WHO)
    weights = population.persons[:, 0] / population.persons[:, 0].sum()
    row = int(own.choice(len(weights), p=weights))
    female = bool(population.persons[row, 1])
    age = int(population.ages[row]) + int(own.integers(0, 5))
    birth = end - timedelta(days=int(age * 365.25) + int(own.integers(1, 365)))
    family, given, district, address = _name_and_place(own, female, age)
    kind, grants = consents.draw(own, older=age >= 70, guided=number % faults.CYCLE == faults.GUIDED)
    return Resident(
        number=number,
        name=f"{family[0]} {given[0]}",
        kana=f"{family[1]} {given[1]}",
        female=female,
        birth_date=birth,
        district=district,
        address=address,
        consent_kind=kind,
        consents=grants,
        tendency=own.standard_normal(checkups.NORMALS),
        luck=dict(zip(LUCK, own.random(len(LUCK)).tolist(), strict=True)),
        fault=faults.planted(number),
    )


def _name_and_place(
    own: np.random.Generator, female: bool, age: int
) -> tuple[list[str], list[str], str, str]:
    names = table("names.toml")
    when = "young" if age < 40 else "middle" if age < 67 else "old"
    given = names["given"][f"{'female' if female else 'male'}_{when}"]
    family = names["family"][int(own.integers(len(names["family"])))]
    districts = names["city"]["districts"]
    district = districts[int(own.integers(len(districts)))]
    block, house = own.integers(1, 9), own.integers(1, 40)
    address = f"{names['city']['name']}{district}{block}番{house}号"
    return family, given[int(own.integers(len(given)))], district, address


def examinations(
    residents: list[Resident], seed: int, population: Population, end: date
) -> tuple[list[Any], Columns]:
    """The check-ups of a block of residents over the last years: (resident, day) pairs and their columns."""
    spec = habits()["checkup"]
    keep = float(np.sqrt(spec["stability"]))
    change = float(np.sqrt(1 - spec["stability"]))
    visits: list[tuple[Resident, date]] = []
    normals, uniforms = [], []
    for resident in residents:
        own = dice(seed, resident.number, _BODY)
        # Who attends tends to attend again: the year's luck is mixed with the person's own.
        for year in reversed(range(spec["years"])):
            noise, chance, came = (
                own.standard_normal(checkups.NORMALS),
                own.random(len(checkups.CHANCES)),
                own.random(),
            )
            day = end - timedelta(days=365 * year + 20 + int(own.integers(0, 300)))
            if resident.age(day) >= 40 and 0.75 * resident.luck["attends"] + 0.25 * came < spec["attends"]:
                visits.append((resident, day))
                normals.append(keep * resident.tendency + change * noise)
                uniforms.append(chance)
    if not visits:
        return [], {}
    female = np.array([float(resident.female) for resident, _ in visits])
    age = np.array([float(resident.age(day)) for resident, day in visits])
    return visits, checkups.draw(np.array(normals), np.array(uniforms), female, age, population)


def usual_values(residents: list[Resident], population: Population, end: date) -> Columns:
    """What each resident's tendency means in values: the pressure, weight and sugar that daily life goes with."""
    female = np.array([float(resident.female) for resident in residents])
    age = np.array([float(resident.age(end)) for resident in residents])
    always = np.full((len(residents), len(checkups.CHANCES)), 0.3)  # fasting, measured, answered
    columns = checkups.draw(np.array([r.tendency for r in residents]), always, female, age, population)
    columns["age"] = age
    return columns


def persona(resident: Resident, usual: dict[str, float], end: date) -> str:
    """One word for what stands out in a resident."""
    if resident.age(end) >= 78 and resident.luck["active"] < 0.4:
        return "frail"
    if usual["hba1c_ngsp"] >= 6.5 or usual["med_glucose"] == 1:
        return "diabetic"
    if usual["sbp1"] >= 140 or usual["med_bp"] == 1:
        return "hypertensive"
    if usual["hba1c_ngsp"] >= 5.9:
        return "prediabetic"
    if usual["smoking"] == 1:
        return "smoker"
    if usual["bmi"] >= 25:
        return "overweight"
    if resident.luck["active"] > 0.8:
        return "athletic"
    return "healthy"


def devices(resident: Resident, kind: str) -> list[str]:
    """The devices a resident owns; a planted fault brings the device that it needs."""
    spec = habits()["devices"]
    luck = resident.luck
    owned: list[str] = []
    watch, legacy = spec["google_watch"], spec["fitbit_legacy"]
    if resident.fault in faults.NEEDS_WATCH or luck["device"] < watch:
        owned.append("google-watch")
        if luck["phone_too"] < spec["phone_beside_watch"]:
            owned.append("phone")
    elif luck["device"] < watch + legacy:
        owned.append("fitbit-legacy")
    elif luck["device"] < watch + legacy + spec["phone_only"]:
        owned.append("phone")
    if resident.fault == "weight-in-pounds" or (owned and luck["scale"] < spec["scale"]):
        owned.append("scale")
    share = spec["bp_monitor_hypertensive"] if kind == "hypertensive" else spec["bp_monitor"]
    if resident.fault == "crisis-blood-pressure" or luck["bp_monitor"] < share:
        owned.append("bp-monitor")
    return owned
