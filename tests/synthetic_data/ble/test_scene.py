"""The command, the kinds of devices and the invented home."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from synthetic_data.__main__ import main
from synthetic_data.ble.faults import NONE
from synthetic_data.ble.home import DAYS, home_devices
from synthetic_data.ble.kinds import KINDS
from tests.synthetic_data.ble.air import dump, on_air

pytestmark = pytest.mark.ble

DAY = date(2026, 11, 20)
TOKYO = ZoneInfo("Asia/Tokyo")


def heard(capsys, *arguments):
    assert main(["ble", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_command_names_its_kinds(capsys):
    """One line each, nothing is put on the air; each has a name of its own and twins differ in their address."""
    assert main(["ble", "--list"]) == 0
    assert capsys.readouterr().out.split() == list(KINDS)
    for kind, make in KINDS.items():
        first, second = make(NONE, "1"), make(NONE, "2")
        assert first.kind == kind
        assert first.name == second.name
        assert first.address != second.address


def test_the_command_prints_every_value_as_a_line_of_json(capsys):
    """Device, characteristic and hexadecimal bytes: what ``ingest decode`` takes. It ends when the devices leave."""
    lines = heard(capsys, "blood-pressure", "thermometer", "--seconds", "10")
    assert Counter(line["characteristic"] for line in lines) == {"2A35": 3, "2A1C": 2}
    assert {"device", "characteristic", "hex"} == set(lines[0])
    assert all(bytes.fromhex(line["hex"]) for line in lines)


def test_the_command_asks_for_records_and_gives_consent(capsys):
    """A meter, a sensor, an oximeter and a scale need a request before they tell anything."""
    lines = heard(capsys, "glucose", "scale", "cgm", "oximeter", "activity", "--seconds", "3")
    counted = Counter((line["device"].split()[0], line["characteristic"]) for line in lines)
    assert counted["glucose", "2A18"] == 2
    assert counted["glucose", "2A34"] == 1
    assert counted["scale", "2A9D"] == 2
    assert counted["scale", "2A9C"] == 4
    assert counted["cgm", "2AA7"] >= 12
    assert counted["oximeter", "2A5E"] == 1


def test_the_command_takes_faults_and_twins(capsys):
    """Two cuffs of one name, each losing its link after one value."""
    lines = heard(capsys, "blood-pressure", "--twins", "--lose-link-after", "1", "--duplicated", "1")
    assert len({line["device"] for line in lines}) == 2
    assert len(lines) == 4


def test_the_command_plays_a_home(capsys):
    """Cuff, scale with both users' codes, thermometer and strap."""
    lines = heard(capsys, "--home", "7", "--seconds", "3")
    counted = Counter(line["characteristic"] for line in lines)
    assert counted["2A35"] == 2 * DAYS
    assert counted["2A9D"] == DAYS + DAYS // 2
    assert counted["2A1C"] == DAYS


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["teapot"], 2),
        (["heart-rate", "--seconds", "0"], 2),
        (["blood-pressure", "--fails-pairing"], 1),
    ],
)
def test_what_cannot_be_done_is_one_sentence(capsys, arguments, code):
    """Wrong usage is 2, a scene in which nothing could be heard is 1."""
    assert main(["ble", *arguments]) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_without_the_optional_library_the_command_says_what_is_missing(capsys, monkeypatch):
    """The package ``bumble`` is an extra."""
    import synthetic_data.ble

    monkeypatch.delattr(synthetic_data.ble, "stage", raising=False)
    monkeypatch.setitem(sys.modules, "synthetic_data.ble.stage", None)
    assert main(["ble", "--list"]) == 1
    assert "extra 'virtual'" in capsys.readouterr().err


def test_a_home_is_the_same_for_the_same_seed_and_another_for_another():
    """Down to the bytes and the addresses."""
    homes = [home_devices(seed, DAY, TOKYO) for seed in (3, 3, 4)]
    told = [
        (home.cuff.unsent, home.thermometer.unsent, home.scale.unsent, home.consent_codes) for home in homes
    ]
    addresses = [[device.address for device in home.devices] for home in homes]
    assert told[0] == told[1] != told[2]
    assert addresses[0] == addresses[1]
    assert not set(addresses[0]) & set(addresses[2])


@pytest.mark.parametrize("seed", range(20))
def test_the_readings_of_a_home_are_those_of_living_people(seed):
    """Pressure in order, weight and fat of grown people, two weeks up to the day."""
    home = home_devices(seed, DAY, TOKYO)
    assert len(home.cuff.unsent) == 2 * DAYS
    for value in home.cuff.unsent:
        systolic, diastolic, mean = value[1], value[3], value[5]
        assert 40 <= diastolic < mean < systolic <= 200
    days = [weighing.time.date() for weighing in home.scale.unsent]
    assert days == sorted(days)
    assert (days[0], days[-1]) == (DAY - timedelta(days=DAYS - 1), DAY)
    for weighing in home.scale.unsent:
        assert 25 <= weighing.weight <= 130
        assert 3 <= weighing.composition.fat_percent <= 60


def test_a_cuff_of_a_home_knows_the_time_of_its_zone():
    """It shows the evening of the day, and tells its readings like any other cuff."""
    home = home_devices(1, DAY, TOKYO)
    assert home.cuff.clock.read() == datetime(2026, 11, 20, 22, 0)  # noqa: DTZ001 - wall time
    assert home.cuff.clock.local_information() == b"\x24\x00"
    summer = home_devices(1, date(2026, 7, 1), ZoneInfo("America/New_York"))
    assert summer.cuff.clock.local_information() == b"\xec\x04"

    async def scene(ear):
        return await dump(ear, "2a35")

    assert len(on_air(home.cuff, scene, pair=True)) == 2 * DAYS
