"""What a notification holds, and which Observation an arrival is told by."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import numpy as np
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters

from phr.domain.samples import Columns
from phr.domain.subscriptions.arrivals import arrivals
from phr.domain.subscriptions.notices import About, Told, notice, status
from phr.domain.targets import target_of
from phr.ids import parse_observation_id

AT = datetime(2026, 6, 1, tzinfo=UTC)
ABOUT = About("https://c.example.jp/fhir", UUID(int=7), "urn:t", "active", 3)
EVENTS = [Told(1, AT, "Observation/a"), Told(2, AT, ""), Told(3, AT, "Observation/a")]


def names(parameters: dict) -> list[str]:
    return [one["name"] for one in parameters["parameter"]]


def test_the_status_stands_first_and_each_focus_once():
    """A history Bundle of R4; an event without a right to its focus keeps its number and its time."""
    made = notice(ABOUT, "event-notification", AT, EVENTS)
    Bundle.model_validate(made)
    Parameters.model_validate(made["entry"][0]["resource"])
    assert [one["fullUrl"].rpartition("/")[2] for one in made["entry"][1:]] == ["a"]
    parts = [one for one in made["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    assert [[part["name"] for part in one["part"]] for one in parts] == [
        ["event-number", "timestamp", "focus"],
        ["event-number", "timestamp"],
        ["event-number", "timestamp", "focus"],
    ]


def test_an_empty_payload_names_nothing():
    """Neither in the events nor in entries."""
    made = notice(ABOUT, "event-notification", AT, EVENTS, focused=False)
    assert "Observation" not in str(made)
    assert len(made["entry"]) == 1


def test_the_same_notification_has_the_same_name_and_another_has_another():
    """A receiver knows a repeated delivery by it."""
    first, again = (notice(ABOUT, "event-notification", AT, EVENTS[:1]) for _ in range(2))
    other = notice(ABOUT, "event-notification", AT, EVENTS[:2])
    assert first["entry"][0]["fullUrl"] == again["entry"][0]["fullUrl"] != other["entry"][0]["fullUrl"]


def test_an_error_is_told_with_the_status():
    """And nothing where there is none."""
    wrong = About(ABOUT.base, ABOUT.identity, ABOUT.topic, "error", 3, "the receiver answers 500")
    assert names(status(wrong, "query-status"))[-1] == "error"
    assert "error" not in names(status(ABOUT, "query-status"))


def rows(*starts: int, **channels: list[float]) -> Columns:
    count = len(starts)
    return Columns(
        np.array(starts, np.int64),
        {name: np.array(values) for name, values in channels.items()},
        np.zeros(count, np.int32),
        np.zeros(count, np.uint8),
    )


def test_an_arrival_is_told_by_the_newest_of_its_code_and_day():
    """Two sources of one day are one event; another day is another one; the oldest comes first."""
    person, watch, cuff = uuid4(), uuid4(), uuid4()
    first, second = date(2026, 6, 1), date(2026, 6, 2)
    found = arrivals(
        person,
        [
            ("8867-4", second, watch, rows(900, value=[70.0])),
            ("8867-4", first, watch, rows(100, 300, value=[70.0, 71.0])),
            ("8867-4", first, cuff, rows(200, value=[72.0])),
        ],
    )
    keys = [parse_observation_id(one.focus.removeprefix("Observation/")) for one in found]
    assert [key.start_us for key in keys] == [300, 900]
    assert keys[0].source_head == watch.bytes[:8]
    assert "http://loinc.org|8867-4" in found[0].codes
    assert "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs" in found[0].labels


def test_a_panel_of_items_is_told_by_one_that_it_holds():
    """A check-up is one Observation for each item; the id is of one that exists."""
    day = rows(100, weight_kg=[float("nan")], height_cm=[170.0])
    found = arrivals(uuid4(), [("checkup", date(2026, 6, 1), uuid4(), day)])
    key = parse_observation_id(found[0].focus.removeprefix("Observation/"))
    assert target_of(key.target) == ("checkup", "height_cm")
