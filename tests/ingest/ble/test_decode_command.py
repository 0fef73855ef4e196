"""``python -m ingest decode``: bytes in, one JSON object out, and the field's name when they are wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import pytest

from ingest.__main__ import main


@pytest.fixture
def run(capsys):
    """Status and the JSON object, numbers as they were written."""

    def run(*arguments):
        status = main(["decode", *arguments])
        return status, json.loads(capsys.readouterr().out, parse_float=Decimal)

    return run


def test_a_heart_rate_by_the_real_command():
    """What the manual shows, through a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "ingest", "decode", "2A37", "164B33032003"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    shown = json.loads(done.stdout)
    assert [(one["code"], one["value"], one["unit"]) for one in shown["measurements"]] == [
        ("8867-4", 75, "/min"),
        ("8637-1", 799.8046875, "ms"),
        ("8637-1", 781.25, "ms"),
    ]
    assert shown["flags"]["sensor_contact"] is True
    assert shown["measurements"][1]["seconds"] == -1.5810546875


def test_a_blood_pressure_is_shown_as_a_panel_with_time_and_user(run):
    """The mean pressure has a place beside its neighbours, though the record has no channel for it."""
    status, shown = run("2A35", "1E7A0050005E00EA070B15071E004800010400")
    assert status == 0
    assert shown["measurements"] == [
        {
            "code": "85354-9",
            "components": [
                {"code": "8480-6", "value": 122, "unit": "mm[Hg]"},
                {"code": "8462-4", "value": 80, "unit": "mm[Hg]"},
                {"code": "8478-0", "value": 94, "unit": "mm[Hg]"},
                {"code": "8867-4", "value": 72, "unit": "/min"},
            ],
            "time": "2026-11-21T07:30:00",
            "user": 1,
        }
    ]
    assert shown["flags"]["irregular_pulse"] is True


def test_a_value_that_a_device_could_not_give_has_a_reason_and_no_number(run):
    """Never a NaN."""
    _, shown = run("2A35", "04 7A 00 50 00 FF 07 00 08")
    assert shown["measurements"][0]["components"][2:] == [
        {"code": "8478-0", "absent": "not-a-number"},
        {"code": "8867-4", "absent": "error"},
    ]


def test_a_failed_measurement_is_none_and_says_so(run):
    """Nothing is measured, and that is no error of the bytes."""
    status, shown = run("2A35", "16FF07FF07FF07EA070B15071F0500080300")
    assert (status, shown["measurements"], shown["unusable"]) == (0, [], "no-value")
    assert shown["flags"]["systolic_absent"] == "not-a-number"


def test_numbers_keep_the_digits_of_the_device(run, capsys):
    """36.40 is not 36.4, and a large number has no exponent."""
    main(["decode", "2A1C", "00 38 0E 00 FE"])
    assert '"value":36.40,' in capsys.readouterr().out
    main(["decode", "2AA7", "06 00 0C 10 05 00"])
    assert '"value":120,' in capsys.readouterr().out


def test_a_glucose_brings_its_number_and_a_height_that_it_was_typed(run):
    """Sequence and quality are shown where there are any."""
    _, shown = run("2A18", "06 06 00 EA 07 0B 15 0C 1E 00 35 C0 12")
    assert (shown["sequence"], shown["measurements"][0]["sequence"]) == (6, 6)
    _, shown = run("2A9D", "0E E0 36 EA 07 0B 15 06 2D 0A 02 E5 00 D6 06")
    assert shown["measurements"][2]["quality"] == ["manual"]


@pytest.mark.parametrize(
    "text", [["16 4B"], ["16:4b"], ["164B"], ["16", "4B"]], ids=["spaces", "colons", "together", "words"]
)
def test_bytes_may_be_written_as_people_copy_them(run, text):
    """Spaces and colons are nothing."""
    status, shown = run("00002a37-0000-1000-8000-00805f9b34fb", *text, "00:04")
    assert (status, shown["characteristic"]) == (0, "2A37")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["2A37", "16"], "heart_rate"),
        (["2A37", ""], "flags"),
        (["2A37", "1"], "hex"),
        (["2A37", "zz"], "hex"),
        (["2A37", "１６"], "hex"),
        (["2A00", "00"], "characteristic"),
        (["2B40", "00"], "characteristic"),
        (["2A37", "00" * 600], "value"),
    ],
)
def test_wrong_bytes_leave_with_1_and_name_the_field(run, arguments, field):
    """One JSON object also then, without a value in it."""
    status, shown = run(*arguments)
    assert status == 1
    assert shown.keys() == {"error", "field"}
    assert shown["field"] == field


def test_a_missing_argument_is_wrong_usage():
    """Status 2, as everywhere."""
    with pytest.raises(SystemExit) as caught:
        main(["decode", "2A37"])
    assert caught.value.code == 2


def test_a_time_that_no_calendar_has_is_shown_as_none(run):
    """A reading at the end of the year 9999 with a later record."""
    from datetime import datetime

    from ingest.ble.decode.shown import as_json
    from ingest.ble.reading import Measured, Reading

    late = Measured("99504-3", {"value": Decimal(100)}, seconds=Decimal(3600))
    end = datetime.fromisoformat("9999-12-31T23:30:00")
    shown = json.loads(as_json(Reading("2AA7", b"", measured=(late,), at=end)))
    assert shown["measurements"][0]["time"] is None
