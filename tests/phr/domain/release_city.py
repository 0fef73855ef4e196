"""A small invented city to release: people, day summaries, consents."""

import csv
import io
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phr.domain import release
from phr.domain.deid import profile_named
from phr.domain.release import Variable

CREATED = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
PULSE, STEPS, WEIGHT = "8867-4", "55423-8", "29463-7"
VARIABLES = [
    Variable(PULSE, "心拍数", "heart rate", "/min", category="vital-signs"),
    Variable(STEPS, "歩数", "steps, 100 % of the day", "{steps}", category="activity"),
    Variable(WEIGHT, "体重", "body weight", "kg", category="vital-signs"),
    Variable("hrv-rmssd", "心拍変動", "heart rate variability", "ms", system="urn:phr:code"),
]
PRIVATE = b"p" * 32
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
PROFILES = ["pseudonymised", "anonymised"]


@dataclass
class City:
    """An invented population and what a release of it is asked for."""

    people: pd.DataFrame
    days: pd.DataFrame
    consents: list = field(default_factory=list)

    def release(self, profile="pseudonymised", **changes):
        asked = {
            "k": profile_named(profile).default_k,
            "secret": b"s" * 32,
            "release_id": "study-1",
            "created": CREATED,
            "consent_snapshot": self.consents,
            "variables": VARIABLES,
            "entropy": b"e" * 32,
            **changes,
        }
        return release.build(self.days, self.people, profile_named(profile), **asked)


def city(n=60, days=5, codes=(PULSE, STEPS, WEIGHT), seed=1):
    draw = np.random.default_rng(seed)
    persons = [str(uuid.UUID(bytes=draw.bytes(16))) for _ in range(n)]
    born = np.datetime64("1940-01-01") + draw.integers(0, 20000, n)
    people = pd.DataFrame(
        {
            "person": persons,
            "birth_date": born.astype(str),
            "sex": draw.choice(["M", "F"], n),
            "district": draw.choice(["東町", "西町"], n),
        }
    )
    width = days * len(codes)
    mean = draw.normal(70, 10, n * width).round(1)
    day = np.datetime64("2026-01-01") + np.tile(np.arange(days), n * len(codes))
    rows = {"person": np.repeat(persons, width), "code": np.tile(np.repeat(codes, days), n), "day": day}
    values = {
        "n": 100,
        "min": mean - 3,
        "max": mean + 3,
        "mean": mean,
        "sum": mean * 100,
        "worn_minutes": 805,
    }
    return City(
        people, pd.DataFrame({**rows, **values}), [(person, f"consent-{person}", 1) for person in persons]
    )


def read(made, name):
    return list(csv.DictReader(io.StringIO(made.files[name].decode())))


def summaries(made):
    """The rows of the release; `day` is the first day of the week where it has weeks."""
    resolution = made.certificate["resolution"]
    rows = read(made, f"{resolution}_summaries.csv")
    return [{("day" if name == resolution else name): cell for name, cell in row.items()} for row in rows]


def frame(made):
    rows = pd.DataFrame(summaries(made))
    return rows.assign(day=pd.to_datetime(rows["day"]))


def words_of(made):
    """Everything that can be read in a release: the texts, and the cells of the Parquet files."""
    texts = [data.decode() for name, data in made.files.items() if not name.endswith(".parquet")]
    cells = [
        str(pq.read_table(io.BytesIO(data)).to_pydict())
        for name, data in made.files.items()
        if name.endswith(".parquet")
    ]
    return "\n".join([*texts, *cells])
