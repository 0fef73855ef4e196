"""The table of device families: every claim has a source, and an unknown word refuses the whole table."""

from __future__ import annotations

import pytest

from ingest.ble.devices import CATALOGUE, Advert, Family, Refusal, UnsupportedDevice, load, short
from ingest.errors import BadPayload, Permanent

OMRON = frozenset({0x020E})
SOURCE = '[source]\nX = "somebody"\n'
ROW = """
[[device]]
name = "one"
kind = "weight"
services = ["181D"]
bond = "asked"
sends = "unsent"
by = { services = "X", bond = "X", sends = "X" }
"""
REFUSED = '\n[[refused]]\nname = "r"\nbecause = "closed"\nvendor = ["fe4a"]\nby = { vendor = "X" }\n'


def advert(name="", services=(), company=()):
    return Advert(name, frozenset(short(each) for each in services), frozenset(company))


@pytest.mark.parametrize(
    ("heard", "row"),
    [
        (advert("A&D_UA-651BLE_1A2B3C", ["1810"]), "A&D UA-651BLE"),
        (advert("A&D_UC-352BLE_1A2B3C", ["181D"]), "A&D UC-352BLE"),
        (advert("A&D_UT201BLE_1A2B3C", ["1809"]), "A&D UT-201BLE"),
        (advert("", ["1810", "233BF000-5A34-1B6D-975C-000D5690ABE4"]), "A&D, other models of the family"),
        (advert("BLESmart_0001", ["1810"], OMRON), "Omron, models with the standard profiles"),
        (advert("BLESmart_0001", ["181D"], OMRON), "Omron scales with the standard profiles"),
        (advert("Polar H10 12345678", ["180D"]), "Polar H10"),
        (advert("BM59", ["1810"]), "Beurer BM48, BM59, BM85; Elite 900"),
        (advert("", ["1810"], [0x0611]), "Beurer BM, newer models"),
        (advert("some", ["1810"]), "any blood pressure monitor of the standard profile"),
        (advert("some", ["181F"]), "any continuous glucose sensor of the standard profile"),
        (
            advert("Nonin3230_1", ["1822", "46A970E0-0D5F-11E2-8B5E-0002A5D5C51B"]),
            "any pulse oximeter of the standard profile",
        ),
    ],
)
def test_a_device_is_known_by_its_name_its_maker_or_its_profile(heard, row):
    """The most telling mark wins: name, the maker's service, company with profile, profile alone."""
    found = CATALOGUE.match(heard)
    assert isinstance(found, Family)
    assert found.name == row


@pytest.mark.parametrize(
    "heard",
    [
        advert("BLEsmart_0001", ["1810", "ECBE3980-C9A2-11E1-B1BD-0002A5D5C51B"], OMRON),
        advert("BLEsmart_0001", ["1810", "FE4A"], OMRON),
        advert("Nonin3230_1", ["46A970E0-0D5F-11E2-8B5E-0002A5D5C51B"]),
        advert("MightySat", [], [0x0243]),
        advert("MIBFS", ["181B"]),
    ],
)
def test_a_protocol_of_the_maker_is_refused_with_the_reason(heard):
    """By its services rather than its name: one name stands for several protocols."""
    found = CATALOGUE.match(heard)
    assert isinstance(found, Refusal)
    error = UnsupportedDevice(found)
    assert isinstance(error, Permanent)
    assert str(error) == f"{found.name}: not supported, because {found.because}"


def test_an_oximeter_of_masimo_with_the_standard_service_is_used():
    """What is refused is the maker's frame, not the maker."""
    found = CATALOGUE.match(advert("MightySat", ["1822"], [0x0243]))
    assert isinstance(found, Family)


def test_headphones_are_no_health_device():
    """No row, no connection."""
    assert CATALOGUE.match(advert("Buds", ["110B"])) is None


def test_a_cuff_whose_services_show_the_makers_protocol_is_refused_after_connecting():
    """Some advertise the standard service and keep their history elsewhere."""
    generic = CATALOGUE.match(advert("BLEsmart_1", ["1810"], OMRON))
    assert isinstance(generic, Family)
    with pytest.raises(UnsupportedDevice):
        CATALOGUE.after_connecting(generic, advert("BLEsmart_1", ["1810", "FE4A"], OMRON))


def test_services_after_connecting_may_tell_the_maker():
    """The vendor's service of A&D is not in its advertisement."""
    generic = CATALOGUE.match(advert("", ["1810"]))
    better = CATALOGUE.after_connecting(generic, advert("", ["1810", "233BF000-5A34-1B6D-975C-000D5690ABE4"]))
    assert better.clock == "2A08"
    assert CATALOGUE.after_connecting(better, advert("", ["1810"])) is better


def test_the_cuff_of_a_and_d_wants_its_time_in_seven_bytes_within_five_seconds():
    """It leaves otherwise."""
    cuff = CATALOGUE.match(advert("A&D_UA-651BLE_1", ["1810"]))
    assert (cuff.clock, cuff.clock_length, cuff.clock_within, cuff.bond) == ("2A08", 7, 5.0, "first")


def test_terumo_is_listed_as_unknown():
    """Nothing public was found; nothing is claimed."""
    row = next(each for each in CATALOGUE.refusals if each.name == "Terumo")
    assert row.because.startswith("unknown")


def test_every_row_names_known_sources():
    """The claims can be followed."""
    for row in (*CATALOGUE.families, *CATALOGUE.refusals):
        assert row.by, row.name
        assert all(mark in CATALOGUE.sources for marks in row.by.values() for mark in marks.split()), row.name


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("x = [", ""),
        (SOURCE + ROW.replace("asked", "sometimes"), "device[0].bond"),
        (SOURCE + ROW.replace('by = { services = "X", ', "by = { "), "device[0].services"),
        (SOURCE + ROW.replace('bond = "X"', 'bond = "Y"'), "device[0].by.bond"),
        (SOURCE + ROW.replace('sends = "X" }', 'sends = "X", clock = "X" }'), "device[0].by.clock"),
        (SOURCE + ROW.replace('sends = "unsent"\n', ""), "device[0].sends"),
        (SOURCE + ROW.replace('kind = "weight"', 'kind = "weight"\ncolour = "red"'), "device[0].colour"),
        (SOURCE + ROW.replace('kind = "weight"', 'kind = "weight"\ndeletes = "no"'), "device[0].deletes"),
        (SOURCE + ROW.replace('kind = "weight"', 'kind = "weight"\nclock = "2A2B"'), "device[0].clock"),
        (SOURCE + ROW.replace('services = ["181D"]\n', "").replace('services = "X", ', ""), "device[0]"),
        (
            SOURCE
            + ROW.replace('"181D"]', '"181D"]\nnames = ["("]').replace(
                "{ services", '{ names = "X", services'
            ),
            "device[0].names",
        ),
        (SOURCE + ROW + ROW, "device"),
        (SOURCE + REFUSED.replace('because = "closed"\n', ""), "refused[0].because"),
        (SOURCE + REFUSED.replace("by = {", "colour = 1\nby = {"), "refused[0].colour"),
        (SOURCE + REFUSED.replace('vendor = ["fe4a"]\nby = { vendor = "X" }', ""), "refused[0].because"),
    ],
)
def test_a_fault_in_the_table_names_its_place(text, field):
    """The file is checked on load; one clear error."""
    with pytest.raises(BadPayload) as caught:
        load(text)
    assert caught.value.field == field


def test_a_small_table_is_read():
    """A family of no maker, and a refusal."""
    catalogue = load(SOURCE + ROW + REFUSED)
    assert [row.name for row in catalogue.families] == ["one"]
    assert isinstance(catalogue.match(advert("x", ["181D", "fe4a"])), Refusal)
