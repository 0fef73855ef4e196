"""The poster: forgets only what was answered for, waits as it is told, and never hammers a server."""

from __future__ import annotations

import asyncio
import json

import pytest

from ingest.ble.settle import Device
from ingest.errors import BadPayload
from ingest.gateway.bundle import answers
from ingest.gateway.clock import BoxClock, since_boot
from ingest.gateway.poster import FIRST, LOCKED_OUT, LONGEST
from tests.ingest.ble.home import NOON, at
from tests.ingest.gateway.box import Said, a_clock, a_delivery, a_gateway, drained, some, store
from tests.ingest.gateway.service import CARD, OTHER, Service, write_token


@pytest.fixture
def service():
    with Service() as one:
        yield one


def filled(tmp_path, service, count=3, **more):
    gateway = a_gateway(tmp_path, service, clock=a_clock(), **more)
    store(gateway.spool, a_delivery(gateway.spool, some(count)))
    return gateway


def steps(gateway, count):
    """The states and pauses of so many requests; the first asks for the time."""

    async def go():
        try:
            await gateway.poster.greet()
            return [await gateway.poster.step() for _ in range(count)]
        finally:
            await gateway.poster.close()

    return asyncio.run(go())


def waiting(gateway):
    return sum(gateway.spool.counts()["waiting"].values())


def test_what_was_acknowledged_is_forgotten(tmp_path, service):
    """And only then."""
    gateway = filled(tmp_path, service)
    assert drained(gateway)
    assert [value for _, _, value in service.values()] == [120, 121, 122]
    assert waiting(gateway) == 0
    assert service.heads[-1]["Authorization"].startswith("Bearer ")


def test_a_lost_answer_is_asked_for_again(tmp_path, service):
    """The server stored it; the second time it says so, and nothing is there twice."""
    service.script = ["lose"]
    gateway = filled(tmp_path, service)
    states = [step.state for step in steps(gateway, 2)]
    assert states == ["offline", "posting"]
    assert (len(service.stored), service.posts, waiting(gateway)) == (3, 2, 0)


def test_a_refused_token_stops_the_posting_until_there_is_another(tmp_path, service, monkeypatch):
    """Readings go on into the spool; the new token is taken at once."""
    monkeypatch.setattr("ingest.gateway.poster.IDLE", 0.05)
    service.token = "another"
    said = Said()
    gateway = filled(tmp_path, service, display=said)

    async def go():
        stop = asyncio.Event()
        running = asyncio.create_task(gateway.poster.run(stop))
        async with asyncio.timeout(60):
            while gateway.poster.state != "unauthorised":  # noqa: ASYNC110 - a state of another task
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            tried = service.posts
            store(gateway.spool, a_delivery(gateway.spool, some(2, 150), Device("two", "A", {None: OTHER})))
            await asyncio.sleep(0.02)
            write_token(tmp_path, "another")
            while waiting(gateway):  # noqa: ASYNC110 - a state of another task
                await asyncio.sleep(0.02)
        stop.set()
        await running
        await gateway.poster.close()
        return tried

    assert asyncio.run(go()) == 1
    assert "posting: unauthorised" in said.logged
    assert len(service.stored) == 5


@pytest.mark.parametrize(
    ("given", "state", "least", "most"),
    [
        (503, "busy", FIRST / 2, FIRST),
        (500, "busy", FIRST / 2, FIRST),
        ((429, "40"), "busy", 40, 41),
        ((503, "9999999"), "busy", LOCKED_OUT, LOCKED_OUT + 1),
        (401, "unauthorised", LOCKED_OUT, LOCKED_OUT),
        (403, "unauthorised", LOCKED_OUT, LOCKED_OUT),
        (404, "address-wrong", LONGEST, LONGEST + 1),
        (302, "address-wrong", LONGEST, LONGEST + 1),
        (b"no json", "unreadable", FIRST / 2, FIRST),
        (b'{"resourceType":"Bundle","type":"batch-response"}', "unreadable", FIRST / 2, FIRST),
    ],
)
def test_a_server_in_trouble_is_left_in_peace(tmp_path, service, given, state, least, most):
    """As long as it asks, within reason; nothing is forgotten meanwhile."""
    service.script = [given]
    gateway = filled(tmp_path, service)
    (step,) = steps(gateway, 1)
    assert step.state == state
    assert least <= step.pause <= most
    assert waiting(gateway) == 3


def test_pauses_grow_to_a_quarter_of_an_hour(tmp_path, service):
    """With jitter, so that a district's boxes do not come back together."""
    service.script = [503] * 14
    pauses = [step.pause for step in steps(filled(tmp_path, service), 14)]
    assert all(FIRST * 2**n / 2 <= pause <= FIRST * 2**n for n, pause in enumerate(pauses[:9]))
    assert max(pauses) <= LONGEST
    assert pauses[-1] >= LONGEST / 2


def test_a_batch_that_is_too_large_is_halved(tmp_path, service):
    """Until it fits; what does not fit alone is set aside and holds nobody up."""
    service.most_bytes = 4000
    gateway = filled(tmp_path, service, 8)
    assert drained(gateway)
    assert len(service.stored) == 8
    assert max(service.sizes) < 8
    store(gateway.spool, a_delivery(gateway.spool, some(1, 190)))
    service.most_bytes = 10
    gateway = a_gateway(tmp_path, service, spool=gateway.spool, clock=a_clock())
    assert drained(gateway)
    assert gateway.spool.counts()["refused"] == {"too-large": 1}


def test_one_entry_that_poisons_a_batch_is_found_and_set_aside(tmp_path, service):
    """400 for the whole: halves, quarters, until it is alone."""

    def takes(body):
        bundle = json.loads(body)
        values = [one["resource"]["component"][0]["valueQuantity"]["value"] for one in bundle["entry"]]
        if 123 in values:
            return None
        entries = [{"response": {"status": "201"}} for _ in values]
        return json.dumps({"resourceType": "Bundle", "type": "batch-response", "entry": entries}).encode()

    service.whole = takes
    gateway = filled(tmp_path, service, 8)
    assert drained(gateway)
    assert gateway.spool.counts()["refused"] == {"invalid": 1}
    assert waiting(gateway) == 0


@pytest.mark.parametrize(
    ("status", "refused", "left_out"),
    [
        (404, {"card-unknown": 2}, {}),
        (409, {"conflict": 2}, {}),
        (422, {"implausible": 2}, {}),
        (400, {"invalid": 2}, {}),
        (403, {}, {"no-consent": 2}),
    ],
)
def test_a_refused_entry_stays_with_its_reason_and_one_without_consent_is_forgotten(
    tmp_path, service, status, refused, left_out
):
    """The others are stored. What a person did not agree to has no place on a disk either."""
    service.refuse = {OTHER: status}
    gateway = filled(tmp_path, service)
    store(gateway.spool, a_delivery(gateway.spool, some(2, 150), Device("two", "A", {None: OTHER})))
    assert drained(gateway)
    counts = gateway.spool.counts()
    assert (counts["refused"], counts["left-out"], counts["waiting"]) == (refused, left_out, {})
    assert {card for card, _, _ in service.values()} == {CARD}
    gateway.spool.expire(at(NOON) + 10**15)
    assert gateway.spool.counts()["refused"] == {}


def test_an_entry_that_the_server_could_not_handle_waits(tmp_path, service):
    """A 500 for one entry is no answer for it."""
    service.refuse = {CARD: 500}
    gateway = filled(tmp_path, service)
    (step,) = steps(gateway, 1)
    assert (step.state, waiting(gateway)) == ("busy", 3)


def test_an_alarm_is_a_word_without_the_value(tmp_path, service):
    """What a server writes there beyond words is not shown."""
    service.alarms = ["red: bp-rest-and-measure-again", "very high: 205/125 of Mrs. X"]
    said = Said()
    gateway = filled(tmp_path, service, 1, display=said)
    drained(gateway)
    assert said.shown == ["alarm red bp-rest-and-measure-again", "alarm alarm"]
    assert [word for word in said.logged if "alarm" in word] == ["alarm: red", "alarm: alarm"]


def test_nothing_is_posted_before_the_time_is_known(tmp_path, service):
    """A reading stored at a wrong time could not be corrected any more."""
    service.has_date = False
    gateway = a_gateway(tmp_path, service, clock=a_clock(is_known=False))
    store(gateway.spool, a_delivery(gateway.spool, some(1)), a_clock(is_known=False))
    states = [step.state for step in steps(gateway, 3)]
    assert states == ["clock-unknown", "posting", "clock-unknown"]
    assert service.posts == 0


def test_the_date_of_an_answer_sets_the_box_right(tmp_path, service):
    """The box was a day slow; the service is believed, and what hung on the clock moves with it."""
    service.off = 0.0
    true = BoxClock.start()
    slow = BoxClock(true.anchor - 86_400_000_000, False, "boot-1", since_boot)
    gateway = a_gateway(tmp_path, service, clock=slow)
    steps(gateway, 1)
    assert gateway.clock.is_known
    assert abs(gateway.clock.anchor - true.anchor) < 30_000_000


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "Bundle"),
        (b"[]", "Bundle"),
        (b"[" * 100_000, "Bundle"),
        (b'{"resourceType":"Bundle","type":"searchset"}', "Bundle.type"),
        (b'{"resourceType":"Bundle","type":"batch-response","entry":[]}', "Bundle.entry"),
        (
            b'{"resourceType":"Bundle","type":"batch-response","entry":[{"response":{"status":"ok!"}}]}',
            "Bundle.entry[0].response.status",
        ),
    ],
)
def test_an_answer_that_is_none_is_refused_by_its_place(body, field):
    """Nothing is forgotten on the word of a captive portal."""
    with pytest.raises(BadPayload) as refused:
        answers(body, 1)
    assert refused.value.field == field
