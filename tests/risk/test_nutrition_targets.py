"""The intake standards: sourced, unambiguous, for adults, and never from memory."""

from __future__ import annotations

from importlib import resources

import pytest

from risk.errors import BadLimits
from risk.nutrition_targets import KEYS, load, standard

TEXT = resources.files("risk").joinpath("nutrition_targets.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("age", "sex", "salt"),
    [(18, "M", 7.5), (17, "M", None), (70, "F", 6.5), (70, "", None), (None, "M", None)],
)
def test_salt_is_7_5_g_for_men_and_6_5_g_for_women_from_18(age, sex, salt):
    """日本人の食事摂取基準(2025年版); children have no row, and an unknown sex no number of its own."""
    found = standard().of(age, sex).get("salt")
    assert (None if found is None else found.high) == salt


@pytest.mark.parametrize(("age", "low"), [(18, 13), (49, 13), (50, 14), (64, 14), (65, 15), (90, 15)])
def test_protein_begins_higher_with_age(age, low):
    """13, 14 and 15 percent of energy, at most 20."""
    found = standard().of(age, "F")["protein"]
    assert (found.low, found.high) == (low, 20)


def test_both_ends_of_a_share_fit_and_the_limit_of_salt_itself_does_not():
    """20 to 30 percent is inclusive; the salt target says 未満."""
    found = standard().of(40, "M")
    assert [found["fat"].fits(value) for value in (19.9, 20, 30, 30.1)] == [False, True, True, False]
    assert [found["salt"].fits(value) for value in (7.4, 7.5)] == [True, False]


def test_what_comes_from_memory_is_shown_to_nobody():
    """Energy of the youngest and the oldest was not found in a source yet."""
    assert "energy" not in standard().of(25, "M")
    assert "energy" not in standard().of(80, "F")
    assert standard().of(70, "M")["energy"].usual == 2350
    assert any(not one.approved for one in standard().targets)


@pytest.mark.parametrize("sex", ["M", "F"])
@pytest.mark.parametrize("age", range(18, 100, 7))
def test_every_adult_has_salt_fat_and_protein_with_a_source(age, sex):
    """Whatever is shown can be cited."""
    found = standard().of(age, sex)
    assert {"salt", "fat", "protein"} <= found.keys() <= set(KEYS)
    assert all(one.source in standard().sources for one in found.values())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('key = "fat"', 'key = "sugar"'),
        ('sex = "M"\nages = [18, 120]', "ages = [18, 120]"),
        ("below = 7.5", "below = -1"),
        ("below = 7.5", 'below = "7.5"'),
        ("below = 7.5", ""),
        ("share = [20, 30]", "share = [30, 20]"),
        ("share = [20, 30]", "share = [20]"),
        ("ages = [18, 49]", "ages = [12, 49]"),
        ("ages = [18, 49]", "ages = [49, 18]"),
        ("ages = [18, 49]", "ages = [18, true]"),
        ("low = 2350, usual = 2750, high = 3150", "low = 2350, high = 3150"),
        ('source = "S3"', 'source = "S99"'),
        ("fm = true\napproved = false", "fm = true\napproved = true"),
        ("occasions = 2       # breakfast", "occasions = 0       # breakfast"),
        ('[mean]\noccasions = 2       # a day with fewer is shown and stays out of the mean: half a day is no day\nsource = "DESIGN"',
         '[mean]\noccasions = 2\nsource = "?"'),
        ("[notice]", "[notices]"),
        ('version = "2025.1"', "version ="),
    ],
)  # fmt: skip
def test_a_table_that_could_not_be_trusted_is_refused_as_a_whole(old, new):
    """Half a table is worse than none; the error names the place."""
    assert old in TEXT
    with pytest.raises(BadLimits, match=r"^nutrition_targets\.toml: "):
        load(TEXT.replace(old, new, 1))
