"""Many Observations at once and one after another are the same: what is stored, and what each sender is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.api import writing
from phr.api.interactions import Answer, Call
from phr.api.observation_batch import take
from phr.api.problems import explained
from phr.bootstrap import System, start
from phr.domain.access import Access
from phr.domain.query import ObservationQuery
from phr.errors import PhrError
from tests.build import CITY, agree
from tests.conftest import settings_at

pytestmark = pytest.mark.db
UCUM = "http://unitsofmeasure.org"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)


@pytest.fixture(scope="module")
def city(database_url: str) -> Iterator[System]:
    """One system for all: each example has people of its own."""
    made = start(settings_at(database_url))
    made.accounts.put("nurse-fast", "nurse", recipient=CITY, request="test")
    yield made
    made.close()


def call(city: System) -> Call:
    secret = city.accounts.issue("nurse-fast", "token", purpose="collect", request="test")
    who = city.accounts.caller(secret, "token", "test-fast-path")
    assert who is not None
    return Call(city, who, "test-fast-path", "http://127.0.0.1:8000/fhir")


def somebody(city: System, categories: tuple[str, ...] | None = None) -> tuple:
    """A registered person who agreed to collecting and guidance."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1960-05-05"}
    person = city.register.put(resource, actor="test", role="system", request="test")[0]
    agree(city, person, patient, categories=categories)
    return person, patient


# --- Observations, right and wrong

MINUTES = st.integers(0, 6)
BEATS = st.sampled_from([55, 61, 61.5, 72, 9000])


def measured(code: str, minute: int, value: float, unit: str, shown: str = "") -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "effectiveDateTime": (START + timedelta(minutes=minute)).isoformat(),
        "valueQuantity": {"value": value, "unit": shown or unit, "system": UCUM, "code": unit},
    }


def pressure(minute: int, upper: int) -> dict:
    made = measured("85354-9", minute, 0, "mm[Hg]")
    unit = made.pop("valueQuantity")
    made["component"] = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {**unit, "value": value},
        }
        for code, value in (("8480-6", upper), ("8462-4", 80))
    ]
    return made


HEARTS = st.builds(lambda minute, beats: measured("8867-4", minute, beats, "/min"), MINUTES, BEATS)
WEIGHTS = st.builds(lambda minute, grams: measured("29463-7", minute, grams, "g"), MINUTES, st.just(61_500))
PRESSURES = st.builds(pressure, MINUTES, st.sampled_from([121, 205]))
NOTED = st.builds(lambda one: {**one, "note": [{"text": "after the stairs"}]}, HEARTS)
WRONG = st.sampled_from(
    [
        measured("8867-4", 1, 60, "furlong"),
        {**measured("8867-4", 1, 60, "/min"), "effectiveDateTime": "2026-13-01T00:00:00Z"},
        {**measured("8867-4", 1, 60, "/min"), "status": 3},
        {**measured("8867-4", 1, 60, "/min"), "note": "no list"},
        {key: value for key, value in measured("8867-4", 1, 60, "/min").items() if key != "valueQuantity"},
        measured("8867-4", 60 * 24 * 60, 60, "/min"),  # in a month
    ]
)
UNKNOWN = st.builds(lambda minute: measured("99999-9", minute, 1, "mg"), MINUTES)
SENT = st.lists(HEARTS | HEARTS | WEIGHTS | PRESSURES | NOTED | WRONG | UNKNOWN, min_size=1, max_size=7)


def bodies(resources: list[dict], patient: str) -> list[bytes]:
    return [orjson.dumps({**one, "subject": {"reference": f"Patient/{patient}"}}) for one in resources]


def one_by_one(call: Call, given: list[bytes]) -> list[int]:
    """The statuses of single requests."""
    found = []
    for body in given:
        try:
            answer = writing.create(call, "Observation", body)
        except PhrError as error:
            answer = Answer(*explained(error))
        found.append(answer.status)
    return found


def together(call: Call, given: list[bytes]) -> list[int]:
    """The statuses of the entries of one batch."""
    return [int(orjson.loads(one)["response"]["status"]) for one in take(call, given)]


def stored(city: System, person, patient: str) -> Counter[bytes]:
    """Everything that is there, but for what must differ: ids, whose, and versions."""
    access = Access("nurse", "nurse-fast", CITY, "guidance", "test-fast-path", person)
    page = city.observations.search(ObservationQuery(count=200), {person: patient}, access)
    found = []
    for one in page.found:
        body = orjson.loads(one.body)
        found.append(
            orjson.dumps(
                {name: value for name, value in body.items() if name not in ("id", "subject", "meta")},
                option=orjson.OPT_SORT_KEYS,
            )
        )
    return Counter(found)


def moment(resource: dict) -> tuple:
    """What makes two Observations of one device the same."""
    return resource["code"]["coding"][0]["code"], resource["effectiveDateTime"], "note" in resource


@settings(max_examples=15)
@given(sent=SENT)
def test_a_batch_is_the_same_as_single_requests(city: System, sent: list[dict]) -> None:
    """The same is stored, and each sender is told the same; where two contradict each other, that one of them lost."""
    caller = call(city)
    one, other = somebody(city), somebody(city)
    fast = together(caller, bodies(sent, one[1]))
    full = one_by_one(caller, bodies(sent, other[1]))
    assert stored(city, *one) == stored(city, *other)
    times = Counter(map(moment, sent))
    alone = [n for n, resource in enumerate(sent) if times[moment(resource)] == 1]
    assert [fast[n] for n in alone] == [full[n] for n in alone]
    if all(status == 201 for status in full):
        assert fast == full


@settings(max_examples=10)
@given(sent=st.lists(HEARTS | WEIGHTS | NOTED | WRONG, min_size=1, max_size=6))
def test_the_same_batch_again_stores_no_measurement_twice(city: System, sent: list[dict]) -> None:
    """Who lost the answer sends again; only a document, which no device identifies, is a new one each time."""
    caller = call(city)
    who = somebody(city)
    given = bodies(sent, who[1])
    together(caller, given)
    before = stored(city, *who)
    again = together(caller, given)
    after = stored(city, *who)
    assert {text for text in after if b'"note"' not in text} == {
        text for text in before if b'"note"' not in text
    }
    assert sum(after.values()) - sum(before.values()) == sum(
        status == 201 for status, resource in zip(again, sent, strict=True) if "note" in resource
    )


def test_each_entry_says_whether_it_was_new(city: System) -> None:
    """What was there before, and what comes twice in one batch, is 200; the rest is 201."""
    caller = call(city)
    who = somebody(city)
    first = [measured("8867-4", minute, 60 + minute, "/min") for minute in range(3)]
    assert together(caller, bodies(first, who[1])) == [201, 201, 201]
    more = [measured("8867-4", minute, 60 + minute, "/min") for minute in (2, 5, 5)]
    assert together(caller, bodies(more, who[1])) == [200, 201, 200]


def test_a_document_beside_a_refused_entry_is_stored_once(city: System) -> None:
    """What was refused is asked again alone; what was stored is not."""
    caller = call(city)
    who = somebody(city)
    noted = {**measured("8867-4", 1, 60, "/min"), "note": [{"text": "x"}]}
    got = together(caller, bodies([noted, measured("8867-4", 2, 9000, "/min")], who[1]))
    assert got == [201, 422]
    assert sum(stored(city, *who).values()) == 1


def test_what_is_not_agreed_to_is_refused_beside_what_is(city: System) -> None:
    """Consent is asked for each kind of data: of one person, the heart may be sent and the weight not."""
    caller = call(city)
    who = somebody(city, categories=("heart",))
    noted = {**measured("29463-7", 3, 61_000, "g"), "note": [{"text": "x"}]}
    sent = [measured("8867-4", 1, 60, "/min"), measured("29463-7", 2, 61_000, "g"), noted]
    assert together(caller, bodies(sent, who[1])) == [201, 403, 403]


def test_callers_at_the_same_time_store_each_measurement_once(city: System) -> None:
    """Four deliveries of the same values race for one person; the lock lets them through one after another."""
    who = somebody(city)
    given = bodies([measured("8867-4", minute, 60 + minute, "/min") for minute in range(20)], who[1])
    calls = [call(city) for _ in range(4)]
    gate, found = threading.Barrier(len(calls)), []

    def send(caller: Call) -> None:
        gate.wait(30)
        found.append(together(caller, given))

    threads = [threading.Thread(target=send, args=(one,)) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Counter(one).most_common(1)[0] for one in found) == [(200, 20)] * 3 + [(201, 20)]
    assert sum(stored(city, *who).values()) == 20
