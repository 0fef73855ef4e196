"""The data files of the scores: a table that is broken, incomplete or without a source is refused as a whole."""

from importlib import resources

import pytest

from risk.errors import BadLimits
from risk.scores.errors import NotShipped, UnknownScore
from risk.scores.model import DEFAULT, PUBLISHED, load, not_shipped, parse

TEXT = resources.files("risk.scores").joinpath("hisayama.toml").read_text(encoding="utf-8")
COX = resources.files("risk.scores").joinpath("framingham.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[citation]", "[citation", "file"),
        ('version = "JAS-2022"\n', "", "file"),
        ("residents = true", 'residents = "yes"', "residents"),
        ("residents = true", "residents = true\nextra = 1", "file"),
        ('table_source = "S74"', 'table_source = ""', "file"),
        ('doi = "10.5551/jat.61960"', 'doi = ""', "citation"),
        ('doi = "10.5551/jat.61960"\n', "", "citation"),
        ('form = "points"', 'form = "magic"', "form"),
        ('form = "points"', 'form = "cox"', "risk"),
        ("age = [40, 79]", "age = [79, 40]", "age"),
        ("age = [40, 79]", "age = 40", "age"),
        ("below = 130", "below = 110", "term 2"),
        ("{ below = 120, points = 0 }, { below = 130", "{ points = 0 }, { below = 130", "term 2"),
        ("{ points = 4 }]", "{ below = 999, points = 4 }]", "term 2"),
        ('input = "sbp"', 'input = "sbp"\nadd = [1, 2]', "term 2"),
        ('"20.2", "22.9"]\n[[risk]]', '"20.2"]\n[[risk]]', "risk 3"),
        ('"37.0", "41.1"', '"37.0", "about 41"', "risk 4"),
        ('"37.0", "41.1"', '"41.1", "37.0"', "risk 4"),
    ],
)
def test_a_broken_table_is_refused_with_its_key(old, new, key):
    """Half a score is worse than none; the error names the key."""
    assert old in TEXT
    with pytest.raises(BadLimits) as caught:
        parse(TEXT.replace(old, new, 1), file="hisayama.toml")
    assert (caught.value.file, caught.value.key) == ("hisayama.toml", key)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("base = [0.88936, 0.95012]", "base = [0.88936]", "survival"),
        ("ln = [3.06117", 'ln = ["3.06117"', "term 1"),
    ],
)
def test_a_coefficient_needs_a_number_for_men_and_for_women(old, new, key):
    """One number is not silently used for both."""
    assert old in COX
    with pytest.raises(BadLimits) as caught:
        parse(COX.replace(old, new, 1), file="framingham.toml")
    assert caught.value.key == key


def test_treated_points_are_for_every_class_or_for_none():
    """A table with a hole is not read as zero."""
    text = resources.files("risk.scores").joinpath("jphc_stroke.toml").read_text(encoding="utf-8")
    with pytest.raises(BadLimits, match="treated"):
        parse(text.replace(", treated = 15", ""), file="jphc_stroke.toml")


def test_a_score_without_a_confirmed_table_is_named_and_refused():
    """What could not be confirmed gives a sentence, not a number."""
    assert set(not_shipped()) == {"j-ecoh", "jamrisc", "jages-care", "jphc-diabetes", "nippon-data80"}
    for name in not_shipped():
        with pytest.raises(NotShipped, match="not shipped: table not confirmed"):
            load(name)


def test_an_unknown_name_is_answered_with_the_names_there_are():
    """The name asked for is not repeated."""
    with pytest.raises(UnknownScore) as caught:
        load("secret name")
    assert "secret" not in str(caught.value)
    assert all(name in str(caught.value) for name in PUBLISHED)


def test_the_default_is_the_score_for_residents():
    """Hisayama is the one that the guideline of 2022 uses."""
    assert DEFAULT == "hisayama"
    assert load(DEFAULT).residents
