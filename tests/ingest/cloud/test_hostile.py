"""Answers and notifications that are nearly right: one part is missing or odd, anywhere, and nothing else breaks."""

import copy
import json

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.cloud.notices import Notice, parse
from ingest.cloud.plan import Bookmark, plan
from ingest.cloud.types import COLLECTED, TYPES
from ingest.errors import IngestError
from tests.ingest.cloud.build import NOW, SOURCE, TOKYO, beat, client, day, page, window

DATE = {"year": 2026, "month": 9, "day": 25}
STRETCH = {
    "startTime": "2026-09-25T14:00:00Z",
    "startUtcOffset": "32400s",
    "endTime": "2026-09-25T22:00:00Z",
    "endUtcOffset": "32400s",
}
PAGES = [
    page(beat(NOW), token="A"),
    page({"dataSource": SOURCE, "sleep": {"interval": STRETCH, "stages": [STRETCH | {"type": "REM"}]}}),
    page({"dataSource": SOURCE, "steps": {"interval": STRETCH, "count": "44"}}),
    page({"dataSource": SOURCE, "dailyRestingHeartRate": {"date": DATE, "beatsPerMinute": "54"}}),
    {
        "rollupDataPoints": [
            {
                "civilStartTime": {"date": DATE, "time": {}},
                "civilEndTime": {"date": DATE | {"day": 26}},
                "steps": {"countSum": "9"},
            }
        ]
    },
]
SPAN = {
    "physicalTimeInterval": {"startTime": "2026-03-08T01:29:00Z", "endTime": "2026-03-08T01:34:00Z"},
    "civilDateTimeInterval": {"startDateTime": {"date": DATE}, "endDateTime": {"date": DATE}},
    "civilIso8601TimeInterval": {"startTime": "2026-03-07T17:29:00", "endTime": "2026-03-07T17:34:00"},
}
NOTIFICATION = [
    {"data": {"healthUserId": "10", "operation": "UPSERT", "dataType": "steps", "intervals": [SPAN]}}
]
ODD = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        1e308,
        10**30,
        float("nan"),
        "",
        "NaN",
        "\ud800",
        "x" * 300,
        "٣",
        "2026-13-45T99:99:99Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "9999999999999s",
        [],
        {},
        [[]],
    ]
)


def places(value, path=()):
    """The paths of everything inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def damaged(draw, values):
    """A value of which one to three parts are gone or odd."""
    value = copy.deepcopy(draw(values))
    for _ in range(draw(st.integers(1, 3))):
        paths = list(places(value))
        if not paths:
            return value
        *way, last = draw(st.sampled_from(paths))
        holder = value
        for key in way:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = copy.deepcopy(draw(ODD))
        else:
            del holder[last]
    return value


@given(damaged(st.sampled_from(PAGES)), st.sampled_from(COLLECTED), st.sampled_from([200, 200, 400, 403]))
@example({"nextPageToken": "\ud800"}, TYPES["steps"], 200)
def test_a_damaged_answer_is_measurements_or_one_clear_error(value, kind, status):
    """What can be read inside the window is read; the rest is counted or one error."""
    answers = iter([httpx.Response(status, content=json.dumps(value).encode())])
    source = client(lambda _: next(answers, httpx.Response(200, content=b"{}")))
    span = window(day("2026-09-01"), day("2026-10-01"), by_day=kind.by_day)
    low, high = span.span(TOKYO)
    try:
        pages = list(source.pull(kind, span, zone=TOKYO))
    except IngestError:
        return
    for series in (series for each in pages for series in each.batch.series):
        assert series.code in kind.vitals
        assert ((series.start >= low) & (series.start < high)).all()


@given(damaged(st.just(NOTIFICATION)))
def test_a_damaged_notification_is_notices_that_can_be_planned_or_one_clear_error(value):
    """Whatever a notice names, the windows stay inside what is wanted."""
    try:
        notices = parse(json.dumps(value).encode())
    except IngestError:
        return
    start = day("2026-01-01")
    for notice in notices:
        assert Notice.from_json(json.loads(json.dumps(notice.to_json()))).key == notice.key
        windows = plan(TYPES["steps"], Bookmark(start, start, NOW, NOW, NOW), NOW, [notice])
        assert all(start <= each.start < each.end <= NOW for each in windows)
