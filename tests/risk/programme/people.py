"""Small programmes whose numbers can be checked by hand, and columns of an invented one."""

from __future__ import annotations

import numpy as np

from risk.programme.people import COHORTS, PHASES, People, read
from risk.programme.rules import standard

RULES = standard()
OUTCOMES = tuple(RULES.outcomes)


def enrolment(*rows: str) -> dict[str, list[str]]:
    """From ``cohort age sex enrolled completed withdrew`` texts; people are p0, p1 and so on."""
    names = ("cohort", "age", "sex", "enrolled", "completed", "withdrew")
    columns = {name: [row.split()[i] for row in rows] for i, name in enumerate(names)}
    return {"person": [f"p{n}" for n in range(len(rows))], **columns}


def measures(*rows: str) -> dict[str, list[str]]:
    """From ``person outcome phase value`` texts."""
    names = ("person", "outcome", "phase", "value")
    return {name: [row.split()[i] for row in rows] for i, name in enumerate(names)}


def two() -> dict[str, list[str]]:
    """One participant and one who was not invited."""
    return enrolment("invited 50 M 1 1 0", "not-invited 60 F 0 0 0")


def a_programme(invented) -> People:
    """The columns of an invented programme, without the way over text."""
    return People(
        cohort=np.array([COHORTS.index(name) for name in invented.cohort], dtype=np.int8),
        age=invented.age,
        female=invented.female,
        enrolled=invented.enrolled,
        completed=invented.completed,
        withdrew=invented.withdrew,
        values=invented.values,
        worn=invented.worn,
    )


def drawn(size: int, seed: int = 1, shift: float = 0.0) -> People:
    """Half participants and half not invited, alike but for the change of every outcome by ``shift`` in participants."""
    dice = np.random.default_rng(seed)
    cohort = np.repeat([0, 2], size).astype(np.int8)
    usual = {code: dice.normal((one.low + one.high) / 2, 5, 2 * size) for code, one in RULES.outcomes.items()}
    values = {
        code: {phase: usual[code] + dice.normal(0, 1, 2 * size) for phase in PHASES} for code in OUTCOMES
    }
    for phases in values.values():
        phases["after"] = phases["after"] + shift * (cohort == 0)
    return People(
        cohort=cohort,
        age=dice.integers(40, 75, 2 * size).astype(float),
        female=dice.random(2 * size) < 0.5,
        enrolled=cohort == 0,
        completed=cohort == 0,
        withdrew=np.zeros(2 * size, dtype=bool),
        values=values,
        worn=np.where(cohort == 0, dice.integers(0, 8, 2 * size).astype(float), np.nan),
    )


def read_two(*rows: str) -> People:
    """The two people with these measurements."""
    return read(two(), measures(*rows), RULES)
