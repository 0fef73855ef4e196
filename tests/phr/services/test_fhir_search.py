"""Every search equals a plain evaluator over the JSON of every Observation, whichever form holds it, on every page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.codes import LOINC
from ingest.series import LOW_CONFIDENCE, MANUAL
from phr.bootstrap import start
from phr.domain.access import Access
from phr.domain.documents import describe
from phr.domain.fhirsearch.criteria import Place
from phr.domain.fhirsearch.request import request
from phr.services.fhirsearch import Asker
from tests.build import CUFF, WATCH
from tests.conftest import settings_at
from tests.phr.services import naive_search
from tests.phr.services.naive_search import UCUM
from tests.phr.services.scenes import a_person, a_series

PLACE = Place(ZoneInfo("Asia/Tokyo"), "http://here/fhir")
BASE = (
    int(datetime(2026, 6, 9, 14, 59, tzinfo=UTC).timestamp()) * 1_000_000
)  # a minute before midnight in Japan
MINUTE = 60_000_000

starts = st.lists(st.sampled_from([0, 1, 60, 1441, 2000]), min_size=1, max_size=4, unique=True).map(
    lambda found: [BASE + at * MINUTE for at in sorted(found)]
)
qualities = st.sampled_from([0, MANUAL, LOW_CONFIDENCE, MANUAL | LOW_CONFIDENCE])


@st.composite
def heart(draw):
    at = draw(starts)
    values = [draw(st.sampled_from([58.0, 72.0, 72.5, 230.0])) for _ in at]
    return a_series(
        "8867-4", at, {"value": values}, source=draw(st.sampled_from([WATCH, CUFF])), quality=draw(qualities)
    )


@st.composite
def pressure(draw):
    at = draw(starts)
    one = st.sampled_from
    channels = {
        "systolic": [draw(one([118.0, 142.0])) for _ in at],
        "diastolic": [draw(one([79.0, 91.0])) for _ in at],
        "pulse": [draw(one([np.nan, 61.0])) for _ in at],
    }
    return a_series("85354-9", at, channels, source=CUFF, quality=draw(qualities))


@st.composite
def weight(draw):
    at = draw(starts)
    return a_series("29463-7", at, {"value": [draw(st.sampled_from([63.5, 80.25])) for _ in at]}, source=CUFF)


def kilograms(value):
    return {"valueQuantity": {"value": value, "unit": "kg", "system": UCUM, "code": "kg"}}


documents = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["final", "amended", "preliminary"]),
        "code": st.sampled_from([
            {"coding": [{"system": LOINC, "code": "8867-4", "display": "Heart rate"}]}, {"coding": [{"code": "mood"}], "text": "Mood diary"},
            {"coding": [{"system": LOINC, "code": "29463-7"}, {"system": "urn:x", "code": "w"}]},
        ]),
    },
    optional={
        "effectiveDateTime": st.sampled_from(["2026-06-10", "2026-06", "2026-06-10T00:00:00+09:00", "2026-06-09T15:00:00.500Z"]),
        "identifier": st.just([{"system": "urn:i", "value": "7"}]),
        "derivedFrom": st.just([{"reference": "Observation/else"}]),
        "performer": st.just([{"reference": "Practitioner/d1"}]),
        "method": st.just({"coding": [{"system": "urn:phr:method", "code": "active"}]}),
    },
)  # fmt: skip
values = st.sampled_from(
    [
        kilograms(63.5),
        kilograms(80.3),
        {"valueString": "Good"},
        {"valueCodeableConcept": {"coding": [{"system": "urn:m", "code": "good"}]}},
        {},
    ]
)

amounts = st.builds(
    "{}{}".format,
    st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]),
    st.sampled_from(["72", "72.5", "100", "80.3", "63.50"]),
)
units = st.sampled_from(["", "", f"|{UCUM}|/min", f"|{UCUM}|kg", "||mmHg", f"|{UCUM}|"])
measures = st.builds("{}{}".format, amounts, units) | st.sampled_from(
    [
        f"gt15.9|{UCUM}|kPa",
        f"lt1.1|{UCUM}|Hz",
        f"1.2|{UCUM}|Hz",
        f"ge80000|{UCUM}|g",
        f"63500|{UCUM}|g",
        f"gt1|{UCUM}|[degF]",
    ]
)
codes = st.sampled_from(
    [
        "8867-4",
        f"{LOINC}|8867-4",
        "85354-9",
        "8480-6",
        f"{LOINC}|8462-4",
        "29463-7",
        "urn:x|w",
        "urn:x|",
        "|mood",
        "nothing",
    ]
)
days = st.builds(
    "{}{}".format, st.sampled_from(["", "ne", "gt", "lt", "ge", "le", "sa", "eb"]),
    st.sampled_from(["2026-06-09", "2026-06-10", "2026-06-11", "2026-06", "2026-06-09T14:59Z", "2026-06-10T00:00:00"]),
)  # fmt: skip


def named(name, found):
    return st.tuples(st.just(name), st.lists(found, min_size=1, max_size=2).map(",".join))


def choice(name, *found):
    return st.tuples(st.just(name), st.sampled_from(found))


conditions = st.one_of(
    named("code", codes), named("combo-code", codes), named("component-code", codes), named("code:not", codes), named("combo-code:not", codes),
    named("value-quantity", measures), named("combo-value-quantity", measures), named("component-value-quantity", measures),
    named("component-code-value-quantity", st.builds("{}${}".format, codes, measures)),
    named("combo-code-value-quantity", st.builds("{}${}".format, codes, measures)),
    named("code-value-quantity", st.builds("{}${}".format, codes, measures)), named("date", days),
    choice("code:text", "heart", "mood", "体重"), choice("status", "final", "preliminary"), choice("status:not", "final"),
    choice("category", "vital-signs"), choice("category:not", "vital-signs"), choice("method", "active", "urn:phr:method|passive"),
    choice("method:not", "active"), choice("_tag", "urn:phr:quality|manual", "low-confidence"), choice("_tag:not", "manual"),
    choice("identifier", "7", "urn:i|7"), choice("derived-from", "Observation/else", "else"), choice("performer", "Practitioner/d1"),
    choice("value-concept", "urn:m|good"), choice("value-string", "goo"), choice("data-absent-reason", "unknown"),
    choice("component-code:missing", "true", "false"), choice("value-quantity:missing", "true", "false"), choice("date:missing", "true"),
    choice("identifier:missing", "false"), choice("device:missing", "true", "false"),
)  # fmt: skip


@pytest.fixture(scope="module")
def place(database_url):
    made = start(settings_at(database_url))
    yield made
    made.close()


def asker_of(person, patient):
    """The person themselves."""
    access = Access("resident", patient, f"Patient/{person}", "self", "t", person)
    return Asker(access=lambda _person: access, require=lambda _kind: None, own=(person, patient))


def walk(system, asker, pairs):
    """Every page: the ids as a client sees them, and the bodies."""
    ids, bodies, at = [], [], None
    while True:
        result = system.fhir_search.search(request("Observation", pairs, PLACE), asker, at)
        ids += [one.id for one in result.found]
        bodies += [json.loads(one.body) for one in result.found]
        if result.more is None:
            return ids, bodies
        at = result.more


def _some(number):
    quiet = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=number, phases=[Phase.generate], suppress_health_check=quiet)


@_some(4)
@given(data=st.data())
def test_every_search_equals_a_plain_evaluator_over_every_observation(place, data):
    """Samples and documents, all kinds of parameters and modifiers, units, pages of any size, and totals."""
    compare(place, data)


@pytest.mark.slow
@_some(80)
@given(data=st.data())
def test_every_search_equals_a_plain_evaluator_at_length(place, data):
    """The same with many more records and searches."""
    compare(place, data)


def compare(place, data):
    """A record drawn at random, and searches of it."""
    person, patient = a_person(place)
    series = [data.draw(kind()) for kind in (heart, pressure, weight) if data.draw(st.booleans())]
    made = []
    for body, value in data.draw(st.lists(st.tuples(documents, values), max_size=4)):
        resource = {
            "resourceType": "Observation",
            "id": f"d-{uuid4().hex}",
            "subject": {"reference": f"Patient/{patient}"},
            **body,
            **value,
        }
        made.append(replace(describe(resource, PLACE.zone, lambda: "n"), category="heart"))
    place.receive(person, series, documents=made, request="t")
    asker = asker_of(person, patient)
    everything = walk(place, asker, [])[1]
    assert len(everything) == sum(len(one) for one in series) + len(made)
    for _turn in range(8):
        asked = data.draw(st.lists(conditions, min_size=1, max_size=3))
        expected = naive_search.search(everything, asked, PLACE.zone)
        size = data.draw(st.sampled_from([3, 50]))
        found = walk(place, asker, [*asked, ("_count", str(size))])[0]
        assert found == expected, asked
        counted = place.fhir_search.search(
            request("Observation", [*asked, ("_summary", "count")], PLACE), asker
        )
        assert counted.total == len(expected), asked
