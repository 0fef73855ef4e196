"""How a box names readings: by the device, the card and the device's own time, where that is the instant of the reading."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.ble.gathered import Facts
from ingest.gateway.bundle import resources
from ingest.gateway.spool import Spool
from ingest.gateway.spool_file import TABLES, VERSION
from tests.ingest.ble.home import NOON, a_pressure, brought, right
from tests.ingest.gateway.box import a_clock, a_delivery, store
from tests.ingest.gateway.service import CARD

DEVICE = "74E8FFFEFF051C00"


def named(spool, *readings, check, clock=None, device=DEVICE):
    """The identifiers of the readings of a session."""
    collected = replace(brought(*readings, check=check), facts=Facts("C0:00:00:00:00:09", system_id=device))
    found = store(spool, a_delivery(spool, collected), clock)
    rows = [row for row in found.rows if row.code]
    assert [row for _, row in spool.waiting(99) if row.code] == [row for row in rows if row.anchor is None]
    return [json.loads(one).get("identifier") for one in resources(rows)]


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool")
    yield made
    made.close()


def test_a_reading_is_named_by_its_device_s_own_time(spool):
    """The patient is the card in the form of the guide: value and system of an identifier."""
    ((one,),) = named(spool, a_pressure(NOON - timedelta(minutes=1)), check=right())
    start = f"{DEVICE}-{CARD}-urn:phr:card-150020-"
    assert one["value"].startswith(start)
    since = NOON - timedelta(minutes=1) - NOON.replace(2000, 1, 1, 0)
    assert int(one["value"].removeprefix(start)) == since.total_seconds()


@pytest.mark.parametrize(
    ("wall", "check", "device"),
    [
        (NOON - timedelta(minutes=1), right(NOON), ""),
        (NOON - timedelta(minutes=1), replace(right(NOON), device=NOON + timedelta(seconds=90)), DEVICE),
        (None, right(NOON), DEVICE),
    ],
)
def test_no_name_where_the_instant_is_not_the_device_s_own(spool, wall, check, device):
    """A device that says no number, one whose clock was corrected, a reading without a time."""
    assert all(one is None for one in named(spool, a_pressure(wall), check=check, device=device))


def test_no_name_while_the_box_does_not_know_the_time(spool):
    """What hangs on the box's clock may move; a time that nobody compared is the device's."""
    clock = a_clock(is_known=False)
    assert named(spool, a_pressure(NOON), check=right(), clock=clock) == [None]
    ((one,),) = named(spool, a_pressure(NOON, 130), check=None, clock=clock)
    assert one["value"].startswith(DEVICE)


def test_a_spool_of_the_version_before_is_taken_over_with_what_waits(tmp_path):
    """A box that is updated in the field loses nothing."""
    folder = tmp_path / "spool"
    folder.mkdir()
    old = sqlite3.connect(folder / "spool.db")
    old.executescript(TABLES.replace(", phd TEXT NOT NULL DEFAULT ''", "") + "PRAGMA user_version = 1;")
    old.execute(
        "INSERT INTO reading (rank, card, code, label, method, start, east, quality, channels, document, boot)"
        " VALUES (1, ?, '8867-4', 'strap', 'active', 5, 0, 0, '{\"value\":70}', '', '')",
        (CARD,),
    )
    old.commit()
    old.close()
    spool = Spool(folder)
    ((_, row),) = spool.waiting(9)
    spool.close()
    assert (row.card, row.phd) == (CARD, "")
    with sqlite3.connect(folder / "spool.db") as again:
        assert again.execute("PRAGMA user_version").fetchone() == (VERSION,)
