"""Search equals a naive evaluator over the JSON of every Observation, on every page, whichever form holds it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.codes import HL7_CATEGORY, JLAC10, LOCAL, LOINC, VITALS
from ingest.series import MANUAL
from phr.domain.documents import describe
from phr.domain.query import ObservationQuery, dates, tokens
from phr.services.observations import Observations
from tests.build import CUFF, WATCH
from tests.phr.services import naive
from tests.phr.services.scenes import CLINIC, a_person, a_series, nurse

BASE = (
    int(datetime(2026, 6, 9, 14, 59, tzinfo=UTC).timestamp()) * 1_000_000
)  # a minute before midnight in Japan
MINUTE, DAY = 60_000_000, 86_400_000_000
MIDNIGHT = BASE + MINUTE
LDL = VITALS["checkup"].channel("ldl").codings[0].code

minutes = st.lists(st.sampled_from([0, 1, 2, 60, 1440, 1500, 4000]), min_size=1, max_size=5, unique=True).map(
    sorted
)
sources = st.sampled_from([WATCH, CUFF])


@st.composite
def heart(draw):
    starts = [BASE + at * MINUTE + draw(st.sampled_from([0, 0, 500_000, 123_456])) for at in draw(minutes)]
    values = [draw(st.sampled_from([60.0, 230.0])) for _ in starts]
    return a_series(
        "8867-4", starts, {"value": values}, source=draw(sources), quality=draw(st.sampled_from([0, MANUAL]))
    )


@st.composite
def pressure(draw):
    starts = [BASE + at * MINUTE for at in draw(minutes)]
    n = len(starts)
    channels = {
        "systolic": [120.0] * n,
        "diastolic": [80.0] * n,
        "pulse": [draw(st.sampled_from([np.nan, 61.0]))] * n,
    }
    return a_series("85354-9", starts, channels, source=CUFF)


@st.composite
def intervals(draw):
    starts = [BASE + at * MINUTE for at in draw(minutes)]
    code = draw(st.sampled_from(["55423-8", "93832-4"]))
    length = draw(st.sampled_from([30_000_000, MINUTE, 30 * MINUTE, 25 * 60 * MINUTE]))
    return a_series(
        code, starts, {"value": [30.0] * len(starts)}, source=WATCH, durations=[length] * len(starts)
    )


@st.composite
def days(draw):
    starts = [
        MIDNIGHT + at * DAY for at in draw(st.lists(st.integers(-1, 2), min_size=1, max_size=3, unique=True))
    ]
    if draw(st.booleans()):
        return a_series("40443-4", starts, {"value": [58.0] * len(starts)}, source=draw(sources))
    ldl = [draw(st.sampled_from([np.nan, 150.0])) for _ in starts]
    return a_series("checkup", starts, {"ldl": ldl, "smoking": [1.0] * len(starts)}, source=CLINIC)


times = st.sampled_from([
    {}, {"effectiveDateTime": "2026-06-10"}, {"effectiveDateTime": "2026-06"}, {"effectiveDateTime": "2026"},
    {"effectiveDateTime": "2026-06-10T00:00:00+09:00"}, {"effectiveDateTime": "2026-06-09T15:00:00.500Z"},
    {"effectivePeriod": {"start": "2026-06-09T23:00:00+09:00", "end": "2026-06-10T07:00:00+09:00"}},
    {"effectivePeriod": {"start": "2026-06-10"}}, {"effectivePeriod": {"end": "2026-06-10T12:00:00Z"}},
])  # fmt: skip
codes = st.sampled_from([
    {"coding": [{"system": LOINC, "code": "8867-4"}]}, {"coding": [{"code": "8867-4"}, {"system": LOINC, "code": "8867-4"}]},
    {"coding": [{"system": LOINC, "code": "2093-3"}, {"system": "urn:x", "code": "chol"}]},
])  # fmt: skip
documents = st.fixed_dictionaries(
    {"code": codes, "time": times, "status": st.sampled_from(["final", "amended"])}
)

date_values = st.builds(
    "{}{}".format,
    st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]),
    st.sampled_from(["2026", "2026-06", "2026-06-09", "2026-06-10", "2026-06-11", "2026-06-12", "2026-06-09T14:59Z", "2026-06-10T00:00:00",
                     "2026-06-10T00:00:00.500+09:00", "2026-06-10T00:00:00.123456", "2026-06-10T01:00+09:00"]),
)  # fmt: skip
code_values = st.sampled_from(["8867-4", f"{LOINC}|8867-4", "|8867-4", f"{LOINC}|", f"{LOCAL}|", "urn:x|chol", "urn:x|", "85354-9",
                               f"{JLAC10}|{LDL}", f"{JLAC10}|", "55423-8", "93832-4", "40443-4", "nothing"])  # fmt: skip
category_values = st.sampled_from(
    [
        "vital-signs",
        "activity",
        "laboratory",
        f"{HL7_CATEGORY}|vital-signs",
        f"{HL7_CATEGORY}|",
        "urn:x|",
        "|activity",
    ]
)
status_values = st.sampled_from(["final", "preliminary", "amended", f"{naive.STATUS}|final", "urn:x|final"])


def several(values):
    return st.lists(values, min_size=1, max_size=2).map(",".join)


parameters = st.lists(
    st.tuples(st.just("date"), several(date_values))
    | st.tuples(st.just("code"), several(code_values))
    | st.tuples(st.just("category"), several(category_values))
    | st.tuples(st.just("status"), several(status_values)),
    max_size=3,
)


def query_of(given_parameters, zone, count, descending) -> ObservationQuery:
    def of(name, parse):
        return tuple(parse(value, name) for one, value in given_parameters if one == name)

    return ObservationQuery(
        codes=of("code", tokens),
        categories=of("category", tokens),
        statuses=of("status", tokens),
        dates=of("date", lambda value, name: dates(value, name, zone)),
        ids=next((tuple(value.split(",")) for one, value in given_parameters if one == "_id"), None),
        count=count,
        descending=descending,
    )


def walk(found: Observations, query, people, access):
    """Every page: the ids in the order in which a client sees them, and the bodies."""
    ids, bodies = [], []
    while True:
        page = found.search(query, people, access)
        assert len(page.found) <= query.count
        ids += [one.id for one in page.found]
        bodies += [json.loads(one.body) for one in page.found]
        if page.more is None:
            return ids, bodies
        query = replace(query, cursor=page.more)


def fill(system, person, patient, series, held):
    made = [
        describe(
            {
                "resourceType": "Observation", "id": f"d-{uuid4().hex[:10]}", "status": one["status"], "code": one["code"],
                "category": [{"coding": [{"system": HL7_CATEGORY, "code": "vital-signs"}]}],
                "subject": {"reference": f"Patient/{patient}"}, **one["time"],
            },
            system.settings.tz, lambda: "n",
        )
        for one in held
    ]  # fmt: skip
    system.receive(person, series, documents=[replace(one, category="heart") for one in made], request="t")


@settings(
    max_examples=15,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    series=st.lists(heart() | pressure() | intervals() | days(), min_size=1, max_size=5),
    held=st.lists(documents, max_size=4),
    searches=st.lists(st.tuples(parameters, st.integers(1, 4), st.booleans()), min_size=4, max_size=6),
    picks=st.lists(st.integers(0, 50), min_size=1, max_size=3),
)
def test_search_finds_what_the_naive_evaluator_finds_page_by_page(system, series, held, searches, picks):
    """Each Observation exactly once and in order; and each is read by its id as it was found."""
    (one, patient), (other, friend) = a_person(system), a_person(system)
    people, zone = {one: patient, other: friend}, system.settings.tz
    fill(system, one, patient, series, held)
    fill(system, other, friend, series[:1], [])
    found = Observations(system.store, zone)

    everything, bodies = walk(found, ObservationQuery(count=1000), people, nurse())
    assert len(set(everything)) == len(everything)
    assert everything == naive.search(bodies, [], zone, descending=True)
    for body in bodies[:3]:
        assert json.loads(found.read(body["id"], nurse())) == body
    for given_parameters, count, descending in searches:
        wanted = naive.search(bodies, given_parameters, zone, descending=descending)
        ids, _ = walk(found, query_of(given_parameters, zone, count, descending), people, nurse())
        assert ids == wanted, given_parameters
    chosen = {everything[pick % len(everything)] for pick in picks}
    ids, _ = walk(found, query_of([("_id", ",".join(sorted(chosen)))], zone, 1, True), people, nurse())
    assert ids == [identity for identity in everything if identity in chosen]


def test_every_stored_sample_is_an_observation_of_its_own(system):
    """The universe of the property above is complete: one for each sample, and for each item of a check-up."""
    person, patient = a_person(system)
    fill(
        system,
        person,
        patient,
        [
            a_series(
                "8867-4", [BASE + n * MINUTE for n in range(130)], {"value": [60.0] * 130}, source=WATCH
            ),
            a_series(
                "checkup", [MIDNIGHT], {"ldl": [150.0], "hdl": [np.nan], "smoking": [1.0]}, source=CLINIC
            ),
        ],
        [{"status": "final", "code": {"coding": [{"system": LOINC, "code": "8867-4"}]}, "time": {}}],
    )
    found = Observations(system.store, system.settings.tz)
    ids, _ = walk(found, ObservationQuery(count=7), {person: patient}, nurse())
    assert len(ids) == len(set(ids)) == 130 + 2 + 1
