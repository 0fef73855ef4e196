"""Notifications: both forms are read, repeats are known, and any body is notices or one clear error."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cloud.notices import Interval, Notice, is_verification, parse
from ingest.errors import BadPayload
from tests.ingest.cloud.build import sample

STRETCH = {
    "physicalTimeInterval": {"startTime": "2026-03-08T01:29:00Z", "endTime": "2026-03-08T01:34:00Z"},
    "civilDateTimeInterval": {
        "startDateTime": {"date": {"year": 2026, "month": 3, "day": 7}, "time": {"hours": 17}},
        "endDateTime": {"date": {"year": 2026, "month": 3, "day": 7}, "time": {}},
    },
    "civilIso8601TimeInterval": {"startTime": "2026-03-07T17:29:00", "endTime": "2026-03-07T17:34:00"},
}
READ = Interval(
    datetime(2026, 3, 8, 1, 29, tzinfo=UTC),
    datetime(2026, 3, 8, 1, 34, tzinfo=UTC),
    date(2026, 3, 7),
    date(2026, 3, 7),
)


def told(*intervals, **changes):
    data = {"healthUserId": "10", "operation": "UPSERT", "dataType": "steps", "intervals": list(intervals)}
    return {"data": data | changes}


def body(value):
    return json.dumps(value).encode()


def test_an_object_and_an_array_say_the_same():
    """Rule 9: the documents show an object; an array is what is really sent."""
    notice = Notice("10", "steps", "UPSERT", (READ,))
    assert parse(body(told(STRETCH))) == [notice]
    assert parse(body([told(STRETCH)])) == [notice]
    assert parse(body([])) == []


def test_several_people_and_types_may_come_in_one_body():
    """Each is a notice of its own, in the order in which it came."""
    found = parse(
        body([told(STRETCH), told(STRETCH, healthUserId="11", dataType="sleep", operation="DELETE")])
    )
    assert [(each.health_user_id, each.data_type, each.operation) for each in found] == [
        ("10", "steps", "UPSERT"),
        ("11", "sleep", "DELETE"),
    ]


def test_a_verification_is_known_and_never_processed():
    """It proves that the address is ours; it is not signed and carries nothing."""
    probe = b'{"type":"verification"}'
    assert is_verification(probe)
    assert parse(probe) == []
    for other in (b'{"type":"other"}', b'[{"type":"verification"}]', b"", b"{", b"\xff", b" " * 2_000_000):
        assert not is_verification(other)
    assert not is_verification(body(told(STRETCH) | {"type": "verification"}))


@pytest.mark.parametrize(
    ("member", "left"),
    [
        ("physicalTimeInterval", Interval(None, None, READ.first_day, READ.last_day)),
        ("civilDateTimeInterval", READ),
        ("civilIso8601TimeInterval", READ),
    ],
)
def test_one_form_of_time_is_enough(member, left):
    """Which forms daily types carry is not known."""
    stretch = {name: value for name, value in STRETCH.items() if name != member}
    (found,) = parse(body(told(stretch)))
    assert found.intervals == (left,)


@pytest.mark.parametrize(
    "stretch",
    [
        {},
        5,
        {"physicalTimeInterval": {"startTime": "soon", "endTime": "later"}},
        {"physicalTimeInterval": {"startTime": "2026-03-08T01:34:00Z", "endTime": "2026-03-08T01:29:00Z"}},
        {"physicalTimeInterval": {"startTime": "2026-03-08T01:29:00", "endTime": "2026-03-08T01:34:00"}},
        {
            "physicalTimeInterval": {
                "startTime": "0001-01-01T00:00:00+14:00",
                "endTime": "9999-01-01T00:00:00Z",
            }
        },
        {"civilIso8601TimeInterval": {"startTime": "?", "endTime": "?"}},
        {"civilIso8601TimeInterval": {"startTime": "0001-01-01T00:00:00", "endTime": "9999-01-01T00:00:00"}},
        {"civilDateTimeInterval": {"startDateTime": {"date": {"year": 9999, "month": 12, "day": 31}}}},
    ],
    ids=str,
)
def test_a_stretch_that_cannot_be_read_leaves_the_notice(stretch):
    """Something changed, somewhere: the wide re-read will find it."""
    assert parse(body(told(stretch)))[0].intervals == ()


def test_unknown_operations_and_types_are_data():
    """A word that is new is kept; it means "read again" until it is known."""
    (found,) = parse(body(told(STRETCH, operation="MERGE", dataType="moods", more={"x": 1})))
    assert (found.operation, found.data_type) == ("MERGE", "moods")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[" * 9999, "[0]"),
        (b" " * 2_000_000, "body"),
        (b"5", "body"),
        (b"{}", "body"),
        (body({"data": 5}), "data"),
        (body({"data": {"healthUserId": "10"}}), "data"),
        (body(told(healthUserId=10)), "data.healthUserId"),
        (body(told(healthUserId="")), "data.healthUserId"),
        (body(told(healthUserId="a\nb")), "data.healthUserId"),
        (body(told(dataType="x" * 500)), "data.dataType"),
        (body(told(operation="消")), "data.operation"),
        (body(told(intervals=5)), "data.intervals"),
        (body(told(*[STRETCH] * 1001)), "data.intervals"),
        (body([told()] * 1001), "body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_body_that_is_no_notification_is_one_clear_error(sent, field):
    """It names the place and never the value."""
    with pytest.raises(BadPayload) as caught:
        parse(sent)
    assert caught.value.field == field


@given(st.binary(max_size=80))
def test_any_bytes_are_notices_or_one_clear_error(sent):
    """Nothing else is ever raised."""
    try:
        assert all(isinstance(each, Notice) for each in parse(sent))
    except BadPayload:
        assert not is_verification(sent)


stretches = st.lists(
    st.integers(0, 10**8).map(lambda seconds: Interval(*[datetime.fromtimestamp(10**9 + seconds, UTC)] * 2)),
    max_size=4,
)


@given(stretches, st.data())
def test_a_repeat_has_the_same_key_and_another_change_has_not(spans, data):
    """Deliveries come at least once and in no order; the vendor's own name for one is random."""
    one = Notice("10", "steps", "UPSERT", tuple(spans))
    again = Notice("10", "steps", "UPSERT", tuple(data.draw(st.permutations(spans))))
    assert one.key == again.key
    others = [
        Notice("11", "steps", "UPSERT", tuple(spans)),
        Notice("10", "sleep", "UPSERT", tuple(spans)),
        Notice("10", "steps", "DELETE", tuple(spans)),
        Notice("10", "steps", "UPSERT", (*spans, Interval())),
    ]
    assert one.key not in {other.key for other in others}


@given(stretches)
def test_a_notice_survives_being_kept(spans):
    """It waits as JSON until it was read."""
    notice = Notice("10", "steps", "UPSERT", tuple(spans))
    assert Notice.from_json(json.loads(json.dumps(notice.to_json()))) == notice


@pytest.mark.parametrize("raw", [None, 5, {}, {"healthUserId": "1"}, {"intervals": [{"start": "x"}]}])
def test_a_broken_kept_notice_is_one_clear_error(raw):
    """It is never taken for one that says nothing."""
    with pytest.raises(BadPayload):
        Notice.from_json(raw)


@pytest.mark.shared
def test_published_notifications_are_read():
    """Both forms, the deletion and the probe."""
    bodies = sample("webhook_verification_and_notifications.json")
    assert is_verification(body(bodies["verification probe body"]))
    (as_object,) = parse(body(bodies["notification, documentation form (object)"]))
    (as_array,) = parse(body(bodies["notification, live form (array)"]))
    (deleted,) = parse(body(bodies["notification DELETE (array, shape inferred)"]))
    assert (as_object.data_type, as_array.data_type) == ("steps", "sleep")
    assert as_object.intervals == as_array.intervals == deleted.intervals == (READ,)
    assert deleted.operation == "DELETE"
