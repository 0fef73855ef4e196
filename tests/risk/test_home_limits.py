"""The reviewed limits of home measurements: refused as a whole where anything is missing or does not fit."""

from importlib import resources

import pytest

from risk.errors import BadLimits
from risk.home_limits import MEASURES, load, parse, standard

TEXT = resources.files("risk").joinpath("home_limits.toml").read_text(encoding="utf-8")


def test_every_limit_has_a_source():
    """What is from memory or chosen here says so."""
    found = standard()
    sources = [each.source for each in found.grades]
    sources += [each.source for who in found.targets.values() for each in who]
    sources += [each.source for each in found.trends.values()]
    assert all(sources)
    assert set(found.trends) == set(MEASURES)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("version =", "version", "file"),
        ("sbp = 145, dbp = 90", "sbp = 125, dbp = 90", "home_bp.grades"),
        ('source = "S91" }\nhigh_normal', 'source = "" }\nhigh_normal', "home_bp.grades"),
        ('minimum_days = { value = 5, source = "S91 S93" }', "", "home_bp"),
        ('minimum_days = { value = 14, source = "S94" }', "minimum_days = { value = 14 }", "cgm"),
        ('gain_kg = { value = 2, source = "FM" }', 'gain_kg = { value = "2 kg", source = "FM" }', "weight"),
        ('in_range = { op = ">", value = 70', 'in_range = { op = "~", value = 70', "cgm"),
        ("[trends.sleep]", "[trends.naps]", "trends"),
        ("floor = 0.3", "floor = 0", "trends.weight"),
        ("recent_minimum = 3", "recent_minimum = 9", "trends.weight"),
        ('worse = "up"', 'worse = "sideways"', "trends.temperature"),
    ],
)
def test_a_broken_file_is_refused_with_its_key(old, new, key):
    """Half a set of limits is worse than none."""
    assert old in TEXT
    with pytest.raises(BadLimits) as caught:
        parse(TEXT.replace(old, new, 1), file="city.toml")
    assert (caught.value.file, caught.value.key) == ("city.toml", key)


def test_a_city_loads_its_own_file(tmp_path):
    """As its medical adviser signed it; a file that is not there is one clear error."""
    file = tmp_path / "city.toml"
    file.write_text(TEXT.replace('version = "2026.1"', 'version = "city"'), encoding="utf-8")
    assert load(file).version == "city"
    with pytest.raises(BadLimits, match=r"other\.toml: file: cannot be read"):
        load(tmp_path / "other.toml")
