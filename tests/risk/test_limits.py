"""The reviewed file of limits: complete, cited, and honest about who approved it."""

from datetime import date
from importlib import resources

import numpy as np
import pytest

from risk import limits
from risk.errors import BadLimits

TEXT = resources.files("risk").joinpath("limits.toml").read_text(encoding="utf-8")
WAIST = 'waist_m = { item = "waist_cm", op = ">=", value = 85, unit = "cm", source = "S1 S2 S4", status = "proposed", approver = "", date = 2026-11-20 }'


def test_every_limit_that_ships_is_a_proposal_with_a_source():
    """Nobody has approved them yet, and the file says so."""
    found = limits.standard()
    for name in limits.SECTIONS:
        for limit in getattr(found, name).values():
            assert (limit.status, limit.approver) == ("proposed", "")
            assert limit.date.year >= 2026
            assert limits.SOURCE.fullmatch(limit.source)
            assert limit.unit == found.items[limit.item].unit


def test_a_city_can_load_its_own_approved_set(tmp_path):
    """The medical adviser's copy, with a name."""
    file = tmp_path / "city.toml"
    approved = WAIST.replace('"proposed", approver = ""', '"approved", approver = "adviser"').replace(
        "85", "86"
    )
    file.write_text(TEXT.replace(WAIST, approved, 1), encoding="utf-8")
    waist = limits.load(file).stratification["waist_m"]
    assert (waist.value, waist.approver) == (86, "adviser")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('version = "2026.1"', "version =", "file"),
        ('version = "2026.1"', 'version = " "', "version"),
        ('version = "2026.1"\n', "", "file"),
        ('version = "2026.1"', 'version = "2026.1"\nmore = 1', "file"),
        (WAIST, WAIST.replace('status = "proposed"', 'status = "approved"'), "stratification.waist_m"),
        (WAIST, WAIST.replace('status = "proposed"', 'status = "fine"'), "stratification.waist_m"),
        (WAIST, WAIST.replace('approver = ""', "approver = 1"), "stratification.waist_m"),
        (WAIST, WAIST.replace("2026-11-20", '"yesterday"'), "stratification.waist_m"),
        (WAIST, WAIST.replace(", date = 2026-11-20", ""), "stratification.waist_m"),
        (WAIST, WAIST.replace("85", "nan"), "stratification.waist_m"),
        (WAIST, WAIST.replace("85", "true"), "stratification.waist_m"),
        (WAIST, WAIST.replace('">="', '"~"'), "stratification.waist_m"),
        (WAIST, WAIST.replace('">="', "1"), "stratification.waist_m"),
        (WAIST, WAIST.replace('"waist_cm"', '"waist"'), "stratification.waist_m"),
        (WAIST, WAIST.replace('"waist_cm"', "1"), "stratification.waist_m"),
        (WAIST, WAIST.replace('"cm"', '"mm"'), "stratification.waist_m"),
        (WAIST, WAIST.replace('"S1 S2 S4"', '"a book"'), "stratification.waist_m"),
        (WAIST, WAIST.replace(', approver = ""', ""), "stratification.waist_m"),
        (WAIST, "waist_m = 85", "stratification.waist_m"),
        (WAIST, "", "stratification"),
        (WAIST, WAIST + "\n" + WAIST.replace("waist_m", "waist_x"), "stratification"),
        ('glucose_rule = "fpg_priority"', 'glucose_rule = "or"', "settings.glucose_rule"),
        ("metabo_casual = false", 'metabo_casual = "no"', "settings.metabo_casual"),
        ("from = 2024-04-01", 'from = "2024"', "rules.JP-TK-4-2024"),
        ("from = 2024-04-01", "from = 2018-04-01", "rules"),
        ("quiet_hours = 6", "quiet_hours = 0", "alarm_windows.quiet_hours"),
        ("quiet_hours = 6", "quiet_hours = 6.5", "alarm_windows.quiet_hours"),
        ('bp-high = { severity = "red"', 'bp-high = { severity = "loud"', "alarm_rules.bp-high"),
        ('text = "bp-rest-and-measure-again"', "text = 1", "alarm_rules.bp-high"),
        ('bp-high = { severity = "red", text = "bp-rest-and-measure-again" }', "bp-high = 1", "bp-high"),
        ('hb = { ja = "血色素量"', "hb = { ja = 1", "items.hb"),
        ('show = "g/dL", decimals = 1', 'show = "g/dL", decimals = 9', "items.hb"),
        (
            'hb = { ja = "血色素量", en = "Haemoglobin", unit = "g/dL", show = "g/dL", decimals = 1 }',
            "hb = 1",
            "items.hb",
        ),
    ],
)
def test_a_broken_file_of_limits_is_refused_whole_and_names_the_key(old, new, key):
    """Anything missing, unknown, without a source or approved by nobody."""
    assert old in TEXT
    with pytest.raises(BadLimits) as refused:
        limits.parse(TEXT.replace(old, new, 1))
    assert refused.value.key == key


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    """Missing, or not text."""
    binary = tmp_path / "limits.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (binary, tmp_path / "none.toml"):
        with pytest.raises(BadLimits):
            limits.load(path)


@pytest.mark.parametrize(
    ("op", "expected"), [(">=", [0, 1, 1]), (">", [0, 0, 1]), ("<=", [1, 1, 0]), ("<", [1, 0, 0])]
)
def test_a_limit_compares_columns_and_numbers_alike(op, expected):
    """NaN is beyond nothing."""
    limit = limits.Limit("x", "hdl", op, 40, "mg/dL", "S1", "proposed", "", date(2026, 11, 20))
    values = np.array([39.9, 40.0, 40.1, np.nan])
    assert limit.reached(values).tolist() == [bool(e) for e in expected] + [False]
    assert [limit.passes(value) for value in values] == [bool(e) for e in expected] + [False]
