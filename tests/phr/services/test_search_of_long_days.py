"""A day of many samples is asked in pieces; what is found is the same as if it were asked at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from ingest.series import SOFT_LIMIT
from phr.domain.fhirsearch.criteria import Place
from phr.domain.fhirsearch.narrowing import observation_query
from phr.domain.fhirsearch.request import request
from phr.ids import parse_observation_id
from tests.build import CUFF, WATCH
from tests.phr.services.scenes import a_person, a_series, nurse
from tests.phr.services.test_assess_retraction import withdraw_all

pytestmark = pytest.mark.db
START = int(datetime(2026, 6, 9, 15, 0, tzinfo=UTC).timestamp()) * 1_000_000  # midnight in Japan
STARTS = START + np.arange(1500) * 30_000_000
HIGH, DOUBTFUL = [3, 255, 256, 900, 1499], [0, 1, 511, 1243, 1498]


@pytest.fixture
def day(system):
    """Somebody with 1,500 heart rates on one day: five of them high, five others unlikely."""
    values, quality = np.full(1500, 60.0), np.zeros(1500, np.uint8)
    values[HIGH], quality[DOUBTFUL] = 120.0, SOFT_LIMIT
    person, patient = a_person(system)
    series = a_series("8867-4", STARTS, {"value": values}, source=WATCH, quality=quality)
    assert system.receive(person, [series], request="t").stored == 1500
    return person, patient


def found(system, day, *, count=100, descending=True, **asked):
    """The rows that all pages give, one after the other."""
    person, patient = day
    place = Place(system.settings.tz, "http://x/fhir")
    given = [("code", "8867-4"), *((name.replace("_", "-"), value) for name, value in asked.items())]
    query = replace(observation_query(request("Observation", given, place), count), descending=descending)
    rows, more = [], True
    while more:
        page = system.observations.search(query, {person: patient}, nurse())
        rows += [int(np.searchsorted(STARTS, parse_observation_id(one.id).start_us)) for one in page.found]
        query, more = replace(query, cursor=page.more), page.more
    return rows


@pytest.mark.parametrize("descending", [True, False])
def test_every_page_of_a_long_day_gives_each_sample_once_and_in_order(system, day, descending):
    """Keyset paging: nothing twice, nothing left out, however many pieces a page needs."""
    step = -1 if descending else 1
    assert found(system, day, count=400, descending=descending) == list(range(1500))[::step]


@pytest.mark.parametrize("descending", [True, False])
def test_the_few_that_fit_are_found_wherever_in_the_day_they_are(system, day, descending):
    """Values are decided by the same rule for every piece, at its edges too."""
    step = -1 if descending else 1
    assert found(system, day, descending=descending, value_quantity="gt100") == HIGH[::step]
    assert found(system, day, descending=descending, status="preliminary") == DOUBTFUL[::step]
    assert found(system, day, count=2, descending=descending, value_quantity="gt100") == HIGH[::step]


def test_a_part_of_a_day_is_found_where_it_lies(system, day):
    """Date conditions hold for each sample, not for the day."""
    assert found(system, day, date="lt2026-06-10T00:05:00+09:00") == list(range(10))[::-1]
    assert found(system, day, descending=False, date="ge2026-06-10T12:25:00+09:00") == list(range(1490, 1500))


@pytest.mark.parametrize("descending", [True, False])
def test_pages_that_cross_days_and_sources_are_whole_and_in_order(system, day, descending):
    """A page may take the end of one chunk and the beginning of the next, and two chunks of one day."""
    person, patient = day
    before, other = STARTS[-40:] - 86_400_000_000, STARTS[-40:] - 86_401_000_000
    for starts, source in ((before, WATCH), (other, CUFF)):
        series = a_series("8867-4", starts, {"value": np.full(40, 70.0)}, source=source)
        assert system.receive(person, [series], request="t").stored == 40
    place = Place(system.settings.tz, "http://x/fhir")
    query = replace(
        observation_query(request("Observation", [("code", "8867-4")], place), 70), descending=descending
    )
    wanted = sorted([*STARTS.tolist(), *before.tolist(), *other.tolist()], reverse=descending)
    got, more = [], True
    while more:
        page = system.observations.search(query, {person: patient}, nurse())
        got += [parse_observation_id(one.id).start_us for one in page.found]
        query, more = replace(query, cursor=page.more), page.more
    assert got == wanted


def test_a_page_after_a_withdrawal_is_empty_though_the_one_before_was_full(system, day):
    """Every page asks consent anew, within a chunk too: the statements of a page go under its own context."""
    person, patient = day
    place = Place(system.settings.tz, "http://x/fhir")
    query = observation_query(request("Observation", [("code", "8867-4")], place), 100)
    page = system.observations.search(query, {person: patient}, nurse())
    assert len(page.found) == 100
    withdraw_all(system, person, patient)
    following = system.observations.search(replace(query, cursor=page.more), {person: patient}, nurse())
    assert (list(following.found), following.more) == ([], None)
