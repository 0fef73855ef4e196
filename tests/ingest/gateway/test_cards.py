"""Shared boxes: a reading goes to the card that was there from its measurement to its arrival, or to nobody."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ingest.ble.gathered import Received
from ingest.ble.settle import Device
from ingest.errors import Permanent, Transient
from ingest.gateway.cards import NOBODY, Desk, Present, code_of
from ingest.gateway.reader import Lines, read_cards
from ingest.gateway.readings import SHARED, Anyone
from ingest.gateway.spool import Spool
from tests.ingest.ble.home import NOON, at, brought, right
from tests.ingest.gateway.box import a_clock, a_delivery, a_gateway, keep, store
from tests.ingest.gateway.service import CARD, OTHER
from tests.ingest.gateway.wire import pressure

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
SECOND = 1_000_000
codes = st.text(ALPHABET, min_size=20, max_size=20)


@given(code=codes, lower=st.booleans(), dashed=st.booleans(), prefixed=st.booleans())
def test_a_card_is_read_however_it_is_written(code, lower, dashed, prefixed):
    """As the service prints it, as a QR code holds it, and as people type it."""
    line = "-".join(re.findall(".{5}", code)) if dashed else code
    line = line.lower() if lower else line
    assert code_of(f"  urn:phr:card:{line}\n" if prefixed else line) == code


@given(st.text(max_size=60))
def test_anything_else_is_no_card(line):
    """Any text gives a code of twenty signs or nothing."""
    assert re.fullmatch(f"[{ALPHABET}]{{20}}|", code_of(line))


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_lines_are_put_together_from_any_parts(parts):
    """A reader that types forever fills no memory."""
    lines = Lines()
    whole = [line for part in parts for line in lines.feed(part)]
    assert all(0 < len(line) <= 200 for line in whole)
    assert len(lines._held) <= 200
    lines.feed(b"\n")
    assert lines.feed(CARD.encode() + b"\r\n") == [CARD]


def test_the_end_of_an_endless_line_is_no_card():
    """Twenty signs at the end of garbage are garbage."""
    lines = Lines()
    assert lines.feed(b"x" * 500) == []
    assert lines.feed(CARD.encode() + b"\n") == []


def test_a_second_card_ends_the_first_session():
    """And the same card goes on with its own."""
    desk = Desk(180)
    assert desk.present(0) == NOBODY
    desk.show(CARD, 10)
    assert desk.present(10 + 180 * SECOND - 1) == Present(CARD, 10)
    assert desk.present(10 + 180 * SECOND) == NOBODY
    desk.show(CARD, 20 * SECOND)
    assert desk.present(190 * SECOND) == Present(CARD, 10)
    desk.show(OTHER, 191 * SECOND)
    assert desk.present(192 * SECOND) == Present(OTHER, 191 * SECOND)
    desk.leave()
    assert desk.present(192 * SECOND) == NOBODY


def shared_cuff():
    return Device("cuff", "C0:00:00:00:00:09", Anyone(), label="cuff")


def measured(spool, since, taken, arrived, *, card=CARD, clock=None, check=None):
    """A shared cuff's reading; times in seconds from noon. Gives rows and reasons."""
    payload, reading = pressure(NOON + timedelta(seconds=taken))
    present = Present(card, at(NOON) + since * SECOND) if card else NOBODY
    when = at(NOON) + arrived * SECOND
    keep(spool, "2A35", payload, when, present=present)
    brought_it = brought(reading, check=right() if check is None else check, arrived=when)
    found = store(spool, a_delivery(spool, brought_it, shared_cuff(), now=when + 1), clock)
    return [row.card for row in found.rows if row.code], [one.reason for one in found.aside]


@pytest.mark.parametrize(
    ("since", "taken", "arrived", "card", "expected"),
    [
        (0, 30, 60, CARD, ([CARD], [])),
        (0, 0, 60, CARD, ([CARD], [])),
        (0, 62, 60, CARD, ([CARD], [])),
        (0, -1, 60, CARD, ([], ["not-of-this-session"])),  # the person before
        (0, -86_400, 60, CARD, ([], ["not-of-this-session"])),
        (0, 63, 60, CARD, ([], ["not-of-this-session"])),
        (0, 30, 60, "", ([], ["no-card"])),
    ],
)
def test_a_shared_device_s_reading_belongs_to_the_card_of_its_session(
    tmp_path, since, taken, arrived, card, expected
):
    """What the device stored before somebody else showed a card is nobody's."""
    assert measured(Spool(tmp_path), since, taken, arrived, card=card) == expected


def test_where_the_device_s_clock_says_nothing_nobody_gets_the_reading(tmp_path):
    """An old reading could look like one of now."""
    from ingest.ble.clock import Check

    unset = Check(NOON.replace(year=2000), at(NOON))
    unchecked = Check(None, at(NOON), is_read=False)
    for check in (unset, unchecked):
        cards, reasons = measured(Spool(tmp_path), 0, 30, 60, check=check)
        assert cards == []
        assert reasons in (["clock-not-checked"], [])
        (tmp_path / "spool.db").unlink()


def test_live_values_go_to_the_card_of_their_second(tmp_path):
    """And those between two sessions to nobody."""
    from ingest.ble import profiles
    from ingest.ble.gathered import Arrival, Collected, Facts

    spool = Spool(tmp_path)
    arrivals = []
    for second, card in enumerate([CARD, CARD, "", OTHER]):
        payload, when = bytes([0, 70 + second]), at(NOON) + second * SECOND
        keep(spool, "2A37", payload, when, present=Present(card, 1) if card else NOBODY)
        arrivals.append(Arrival(profiles.decode("2A37", payload), when, is_live=True))
    collected = Collected(Facts("A"), tuple(arrivals), (), None, "quiet")
    found = store(spool, a_delivery(spool, collected, shared_cuff(), now=at(NOON) + 9 * SECOND))
    assert [(row.card, row.values) for row in found.rows] == [
        (CARD, b'{"value":70.0}'),
        (CARD, b'{"value":71.0}'),
        (OTHER, b'{"value":73.0}'),
    ]
    assert [one.reason for one in found.aside] == ["no-card"]


def test_whatever_user_a_shared_device_names_the_card_decides():
    """A community centre's cuff has two buttons and a hundred people."""
    people = Anyone()
    assert {people.get(None), people.get(1), people.get(2)} == {SHARED}
    assert (list(people), len(people), bool(people)) == ([None], 1, True)


class Centre(RuleBasedStateMachine):
    """Cards come and go, people measure, the cuff keeps readings and tells them when it likes."""

    def __init__(self):
        super().__init__()
        from pathlib import Path
        from tempfile import mkdtemp

        self.spool = Spool(Path(mkdtemp()))
        self.desk = Desk(180)
        self.now = 0
        self.there = []  # (from, until, card): who stands at the box, as everybody can see
        self.stored = []  # what the cuff holds: (second, value)
        self.value = 60

    def teardown(self):
        self.spool.close()

    def _leave(self):
        if self.there and self.there[-1][1] is None:
            self.there[-1][1] = self.now

    @rule(card=st.sampled_from([CARD, OTHER]))
    def shows_a_card(self, card):
        if not self.there or self.there[-1][1] is not None or self.there[-1][2] != card:
            self._leave()
            self.there.append([self.now, None, card])
        self.desk.show(card, at(NOON) + self.now * SECOND)

    @rule(seconds=st.integers(1, 120))
    def time_goes_by(self, seconds):
        self.now += seconds
        if not self.desk.present(at(NOON) + self.now * SECOND).card:
            self._leave()

    @rule()
    def measures(self):
        self.value = 60 + (self.value - 59) % 190
        self.now += 1
        self.stored.append((self.now, self.value))

    @rule(drops=st.booleans())
    def the_cuff_tells_what_it_has(self, drops):
        self.now += 1
        readings = []
        for number, (second, value) in enumerate(self.stored):
            payload, reading = pressure(NOON + timedelta(seconds=second), value)
            when = at(NOON) + self.now * SECOND + number
            keep(self.spool, "2A35", payload, when, present=self.desk.present(when))
            readings.append(reading)
        when = at(NOON) + self.now * SECOND
        collected = brought(*readings, check=right(NOON + timedelta(seconds=self.now)), arrived=when)
        store(self.spool, a_delivery(self.spool, collected, shared_cuff(), now=when + 1000), a_clock(when))
        if drops:
            self.stored = []

    @invariant()
    def no_reading_goes_to_a_card_that_was_not_there(self):
        for _, row in self.spool.waiting(1000):
            if row.code:
                second = (row.start - at(NOON)) // SECOND
                present = [
                    card
                    for begun, ended, card in self.there
                    if begun <= second <= (self.now if ended is None else ended)
                ]
                assert row.card in present

    @invariant()
    def no_reading_is_lost(self):
        counts = self.spool.counts()
        assert counts["unsorted"] == {"values": 0}


TestCentre = Centre.TestCase
TestCentre.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_a_reader_s_lines_open_sessions(tmp_path):
    """A FIFO, as a small program beside a card reader would write it."""
    fifo = tmp_path / "reader"
    os.mkfifo(fifo)
    seen = []

    async def scene():
        task = asyncio.create_task(read_cards(str(fifo), seen.append))
        await asyncio.sleep(0.05)
        writer = os.open(fifo, os.O_WRONLY)
        os.write(writer, b"urn:phr:card:" + CARD.encode() + b"\nsomething\n")
        os.close(writer)
        async with asyncio.timeout(60):
            while len(seen) < 2:  # noqa: ASYNC110 - the reader's callback
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())
    assert seen == [CARD, ""]


def test_a_reader_that_is_not_there_is_told(tmp_path):
    """And tried again; a plain file is refused."""
    with pytest.raises(Transient, match=r"cards\.reader"):
        asyncio.run(read_cards(str(tmp_path / "none"), print))
    (tmp_path / "file").write_text("x")
    with pytest.raises(Permanent, match=r"cards\.reader"):
        asyncio.run(read_cards(str(tmp_path / "file"), print))


def test_a_value_of_a_shared_device_is_kept_with_the_card_that_was_there(tmp_path):
    """The runner's hook; a value that cannot be written down is counted and does no harm."""
    gateway = a_gateway(tmp_path, None, clock=a_clock())
    gateway.shown(CARD)
    gateway.shown("")
    assert gateway.display.shown == ["ready", "card-unreadable"]
    value = Received("2A35", b"\0", gateway._run.now())
    gateway._keep(shared_cuff(), value)
    gateway._keep(shared_cuff(), Received("2AA7", b"\0", value.at))
    (kept,) = gateway.spool.kept("cuff", value.at)
    assert kept.present.card == CARD
    gateway.spool._db.execute("PRAGMA max_page_count = 1")
    for _ in range(100):
        gateway._keep(shared_cuff(), Received("2A35", bytes(500), value.at))
    assert gateway.unkept > 0
