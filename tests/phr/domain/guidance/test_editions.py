"""The files of rules and codes are checked on load: what is unknown, missing or contradictory stops the service."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from phr.domain.guidance import codes as coding
from phr.domain.guidance import editions as rules
from phr.domain.guidance.editions import RulesError, edition_for, edition_named
from phr.errors import Invalid

RULES = files("phr.domain.guidance").joinpath("editions.toml").read_text("utf-8")
CODES = files("phr.domain.guidance").joinpath("items.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2024, 4, 1), "JP-TH-4-2024"),
        (date(2026, 6, 1), "JP-TH-4-2024"),
        (date(2024, 3, 31), "JP-TH-3-2018"),
        (date(2016, 5, 1), "JP-TH-3-2018"),
    ],
)
def test_the_edition_is_that_of_the_check_ups_day(day, version):
    """R1-2; no older rule is built in, so the oldest judges what was before it."""
    assert edition_for(day).version == version
    assert edition_named(version).version == version


def test_an_edition_that_is_gone_is_named():
    """A course never goes on under another rule in silence."""
    with pytest.raises(Invalid, match="edition"):
        edition_named("JP-TH-5-2030")


def test_every_rule_from_memory_says_so():
    """Nobody takes a remembered number for a confirmed one; what the insurer must confirm is listed."""
    fourth = edition_for(date(2026, 6, 1))
    for place in ("contact.individual.minutes", "contact.phone.minutes", "weight_share", "second_year"):
        assert place in fourth.to_confirm
    assert not fourth.weight_share.on
    assert not fourth.second_year.on
    assert set(fourth.ways) == set(rules.WAYS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("needed = 180 ", "needed = 0 "),
        ("needed = 180 ", "needful = 180 "),
        ("points = 70 ", "points = -70 "),
        ('licences = ["doctor"', 'licences = ["priest"'),
        ("[edition.contact.group]", "[edition.contact.fax]"),
        ("diet = 20", "beer = 20"),
        ("kept_days = 60", "kept_days = 0"),
        ("first = 2024-04-01", "first = 2018-04-01"),
        ("first = 2024-04-01", "first = [broken"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(old, new):
    """One clear error, and the service does not start with it."""
    assert old in RULES
    with pytest.raises(RulesError):
        rules.parse(RULES.replace(old, new, 1))


def test_a_file_without_editions_is_refused():
    """Empty is not a rule."""
    with pytest.raises(RulesError):
        rules.parse("edition = []")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('code = "1020000001"', ""),
        ('section = "90070"', 'section = "99999"'),
        ('code = "1042001031"', 'code = "1042001032"'),
        ("range = [1, 1000]", ""),
        ("range = [1, 1000]", 'range = [1, 1000]\nlist = "1"'),
        ("answers = [", "answer = ["),
        ('"90010" =', '"90010'),
    ],
)
def test_a_wrong_code_is_refused_with_its_place(old, new):
    """An official item has a code, a local one has none, and no code stands twice."""
    assert old in CODES
    with pytest.raises(RulesError):
        coding.parse(CODES.replace(old, new, 1))


def test_an_item_without_an_official_code_stands_in_a_system_of_our_own():
    """Nobody can take it for the ministry's list."""
    known = coding.codes()
    assert known.code_of("waist") == ("1042001031", known.official_oid)
    assert known.code_of("total-points") == ("total-points", known.local_oid)
    assert known.local_oid.startswith("2.25.")
    assert known.named("1042001031", known.official_oid) == "waist"
    assert known.named("1042001031", known.local_oid) == ""
