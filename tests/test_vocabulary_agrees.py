"""The leaves share no classes, only public codes; here their lists of codes are held against each other."""

import tomllib
from importlib import resources

import pytest

from consent.categories import CATEGORIES, category_of
from consent.purposes import PURPOSES
from ingest.codes import JLAC10, VITALS, lookup, lookup_component
from phr.domain.access import CONSENT_PURPOSES
from risk import plausibility
from risk.checkup import CODED, MEASURED

PANEL = {channel.name: channel for channel in VITALS["checkup"].channels}
PLAIN = [vital for vital in VITALS.values() if not vital.split]
LIMITS = tomllib.loads(resources.files("risk").joinpath("limits.toml").read_text("utf-8"))
OF_THE_FILE_ONLY = {"waist_method"}  # says which of three waist columns a file filled; it is not kept
NAMES = {
    "sbp": "sbp_avg",
    "dbp": "dbp_avg",
}  # the two names under which limits know the mean of two measurements


@pytest.mark.parametrize("vital", PLAIN, ids=lambda vital: vital.key)
def test_every_coding_of_a_vital_falls_under_the_category_that_it_is_stored_with(vital):
    """What a resident shares by a category is what consent finds for the code, whichever coding is looked at."""
    assert vital.consent_category in CATEGORIES
    assert {category_of(one.system, one.code) for one in vital.codings} == {vital.consent_category}


@pytest.mark.parametrize("channel", PANEL.values(), ids=lambda channel: channel.name)
def test_every_item_of_a_check_up_is_shared_as_a_check_up(channel):
    """An item's own code says check-up. A further code may be that of the same measurement at home, and only that."""
    main = channel.codings[0]
    assert category_of(main.system, main.code) == "checkup"
    assert main.system in (JLAC10, "urn:phr:code")
    for one in (*channel.codings, *channel.also):
        if category_of(one.system, one.code) != "checkup":
            elsewhere = [
                key for key, _ in lookup(one.system, one.code) + lookup_component(one.system, one.code)
            ]
            assert [key for key in elsewhere if key != "checkup"]


def test_every_column_that_a_risk_rule_reads_is_an_item_of_the_panel():
    """The assessment reads the columns that the import writes."""
    assert sorted(set(MEASURED) - set(PANEL)) == []
    assert sorted(set(CODED) - set(PANEL) - OF_THE_FILE_ONLY) == []


def test_codes_that_a_rule_knows_are_answers_that_the_panel_knows():
    """An answer that one leaf takes, the other can name."""
    for name in set(CODED) - OF_THE_FILE_ONLY:
        assert CODED[name] <= set(PANEL[name].coded)


def test_limits_and_measurements_have_the_same_units():
    """A number is compared only with a number of the same unit."""
    differing = {
        name: (item["unit"], PANEL[NAMES.get(name, name)].ucum)
        for name, item in LIMITS["items"].items()
        if NAMES.get(name, name) in PANEL and PANEL[NAMES.get(name, name)].ucum
        if item["unit"] != PANEL[NAMES.get(name, name)].ucum
    }
    assert differing == {}


@pytest.mark.parametrize("vital", PLAIN, ids=lambda vital: vital.key)
def test_every_vital_has_a_range_of_what_can_be_true_in_its_own_unit(vital):
    """A reading that nobody can call impossible is refused altogether, so each kind needs its range."""
    ranges = plausibility.standard().vital[vital.key]
    for channel in vital.channels:
        if channel.ucum:
            assert ranges[channel.name].unit == channel.ucum


def test_the_purposes_of_the_service_are_those_of_consent():
    """A purpose that only one side knows could never be granted, or never be refused."""
    assert set(PURPOSES) == CONSENT_PURPOSES
