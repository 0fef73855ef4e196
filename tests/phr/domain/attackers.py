"""Attackers who know something of a person and look for them in a release, and a city whose people they know."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from synthetic_data.life import live
from synthetic_data.people import dice, invent, usual_values
from synthetic_data.population import load
from tests.phr.domain.release_city import PULSE, STEPS, City, frame, read

WEEK = 7


def living_city(n=400, days=56, seed=1, worn=0.85):
    """People who differ as people do: each has a usual level, a weekend, a course over weeks, and days without the watch."""
    draw = np.random.default_rng(seed)
    persons = [f"00000000-0000-4000-8000-{number:012x}" for number in draw.permutation(n)]
    born = np.datetime64("1940-01-01") + draw.integers(0, 20000, n)
    people = pd.DataFrame(
        {
            "person": persons,
            "birth_date": born.astype(str),
            "sex": draw.choice(["M", "F"], n),
            "district": draw.choice(["東町", "西町", "南町"], n),
        }
    )
    age = (np.datetime64("2026-07-01") - born).astype(int) / 365.25
    usual = {
        PULSE: 62 + draw.normal(0, 8, n),
        STEPS: np.clip(9500 - 55 * age + draw.normal(0, 2200, n), 800, None),
    }
    frames = []
    for code, spread in ((PULSE, 3.0), (STEPS, 1800.0)):
        course = np.cumsum(draw.normal(0, spread / 12, (n, days)), axis=1)
        values = usual[code][:, None] + course + draw.normal(0, spread, (n, days))
        mean = np.clip(values, 1, None).round(1).ravel()
        frame = pd.DataFrame(
            {
                "person": np.repeat(persons, days),
                "code": code,
                "day": np.datetime64("2026-03-02") + np.tile(np.arange(days), n),
                "n": 1400.0,
                "min": mean * 0.8,
                "max": mean * 1.6,
                "mean": mean,
                "sum": mean * 100,
                "worn_minutes": 900.0,
            }
        )
        frames.append(frame[draw.random(len(frame)) < worn])
    made = pd.concat(frames, ignore_index=True)
    return City(people, made, [(person, f"consent-{person}", 1) for person in persons])


def known_week(place, draw):
    """For each person the true values of one whole week of steps: day -> mean. Seven facts where the watch was worn."""
    rows = place.days[place.days["code"] == STEPS].assign(
        day=lambda each: each["day"].astype("datetime64[s]")
    )
    facts = {}
    for person, theirs in rows.groupby("person"):
        weeks = theirs.groupby(theirs["day"].dt.to_period("W").dt.start_time)
        monday = draw.choice(list(weeks.groups))
        week = weeks.get_group(monday)
        facts[person] = (monday, dict(zip((week["day"] - monday).dt.days, week["mean"], strict=True)))
    return facts


def success(place, made, numbers, draw):
    """The chance that the attacker points at the right row of persons.csv, averaged over everybody who was released.

    Known of each: birth year, sex, district, and a week of their steps. The attacker takes all rows that fit what the
    release shows of birth, sex and place, tries every shift of dates, and takes the nearest series; among rows that are
    equally near one is drawn. numbers: person -> number in the release, the truth that only the scorer has.
    """
    facts, series = known_week(place, draw), _series(made)
    cells = pd.DataFrame(read(made, "persons.csv")).set_index("person")
    traits = place.people.set_index("person")
    chances = []
    for person in made.persons:
        candidates = _fitting(traits.loc[person], cells)
        scores = {number: _distance(*facts[person], series[number], made) for number in candidates}
        least = min(scores.values())
        nearest = [number for number, score in scores.items() if score <= least + 1e-9]
        chances.append((numbers[person] in nearest) / len(nearest))
    return float(np.mean(chances))


def _series(made):
    rows = frame(made)
    rows = rows[rows["code"] == STEPS].assign(mean=rows["mean"].astype(float))
    empty = {number: {} for number in {row["person"] for row in read(made, "persons.csv")}}
    return empty | {
        number: dict(zip(theirs["day"].to_numpy(dtype="datetime64[D]"), theirs["mean"], strict=True))
        for number, theirs in rows.groupby("person")
    }


def _fitting(trait, cells):
    """The rows whose birth, sex and place may be those of a person of whom birth year, sex and district are known."""
    year = int(trait["birth_date"][:4])
    fits = cells["sex"] == trait["sex"]
    if "district" in cells:
        fits &= cells["district"] == trait["district"]
    if "birth_month" in cells:
        fits &= cells["birth_month"].str[:4].astype(int) == year
    else:
        ages = cells["age_band"].str.extract(r"(\d+)(?:-(\d+)|\+)").astype(float).fillna(200)
        fits &= (ages[0] <= 2026 - year) & (2026 - year - 1 <= ages[1])
    return list(cells.index[fits])


def _distance(monday, known, series, made):
    """How far the known week lies from the series at the best of all shifts by whole weeks."""
    if made.certificate["resolution"] == "week":
        usual = np.mean(list(known.values()))
        return min((abs(value - usual) for value in series.values()), default=np.inf)
    start = np.datetime64(monday, "D")
    tries = []
    for weeks in range(-26, 27):
        there = [series.get(start + weeks * WEEK + day) for day in known]
        gaps = [abs(a - b) for a, b in zip(there, known.values(), strict=True) if a is not None]
        tries.append(sum(gaps) + 1e6 * (len(known) - len(gaps)))
    return min(tries)


def invented_city(n=400, days=28, seed=7, end=date(2026, 6, 28)):
    """The invented city of the demo: its residents, what they walk each day, and their mean pulse where the watch was worn."""
    population = load("kumamoto")
    residents = [invent(number, seed, population, end) for number in range(1, n + 1)]
    usual = usual_values(residents, population, end)
    rows, people = [], []
    for place, one in enumerate(residents):
        values = {name: float(column[place]) for name, column in usual.items()}
        life = live(one, values, end, days, dice(seed, one.number, 2))
        people.append((one.id, one.birth_date.isoformat(), "F" if one.female else "M", one.district))
        worn = life.worn.reshape(days, -1)
        pulse = life.heart.reshape(days, -1)
        for number in range(days):
            if worn[number].mean() < 0.3:
                continue
            day = np.datetime64(life.first_day, "D") + number
            minutes = float(worn[number].sum())
            heart = pulse[number][worn[number]]
            rows.append((one.id, STEPS, day, 1, life.walked[number], life.walked[number], minutes))
            rows.append((one.id, PULSE, day, len(heart), heart.min(), heart.mean(), minutes))
    columns = ["person", "code", "day", "n", "min", "mean", "worn_minutes"]
    made = pd.DataFrame(rows, columns=columns).astype({"mean": float, "min": float, "day": "datetime64[s]"})
    made = made.assign(max=made["mean"] * 1.5, sum=made["mean"])
    found = pd.DataFrame(people, columns=["person", "birth_date", "sex", "district"])
    return City(found, made, [(person, f"consent-{person}", 1) for person in found["person"]])
