"""What every collector makes of another zone, of no zone, and of the nights in which the clocks change."""

import pytest

from ingest.series import ZONE_ASSUMED
from tests.conformance.registered import every
from tests.conformance.truth import BERLIN, NEW_YORK, bits, east, fold, seen

NIGHTS = {
    "berlin-autumn": (BERLIN, 1_729_983_600),  # 2024-10-27T00:00+02:00
    "berlin-spring": (BERLIN, 1_711_839_600),  # 2024-03-31T00:00+01:00
    "new-york-autumn": (NEW_YORK, 1_730_606_400),  # 2024-11-03T00:00-04:00
    "new-york-spring": (NEW_YORK, 1_710_046_800),  # 2024-03-10T00:00-05:00
}


def at_wall(row, zone):
    """The instant at which a zone's clocks first show the wall time of a reading."""
    at = row.wall.replace(tzinfo=zone).timestamp()
    return row._replace(at=at, offset=east(at, zone))


@every("wrong zone")
def test_the_zone_of_the_import_changes_only_what_the_data_leaves_open(adapter, tmp_path):
    """An offset in the data wins; an instant stays; a wall clock alone is the zone's, and every row says so."""
    rows = adapter.rows(12)
    found = adapter.collect(adapter.write(tmp_path / "x", rows), NEW_YORK)
    if adapter.tells in ("offset", "zone"):
        expected = rows
    elif adapter.tells == "instant":
        expected = [row._replace(offset=east(row.at, NEW_YORK)) for row in rows]
    else:
        expected = [at_wall(row, NEW_YORK) for row in rows]
    assert seen(found) == sorted(expected)
    if adapter.tells == "wall":
        assert all(one & ZONE_ASSUMED for one in bits(found))
    elif adapter.tells != "instant":
        assert not any(one & ZONE_ASSUMED for one in bits(found))


@every("absent zone", mute=True)
def test_a_place_that_is_left_out_is_assumed_and_said_so(adapter, tmp_path):
    """The import's zone stands in for it, and each row has the bit that says so."""
    rows = adapter.rows(12)
    found = adapter.collect(adapter.mute(tmp_path / "x", rows), NEW_YORK)
    if adapter.mute_tells == "instant":
        expected = [row._replace(offset=east(row.at, NEW_YORK)) for row in rows]
    else:
        expected = [at_wall(row, NEW_YORK) for row in rows]
    assert seen(found) == sorted(expected)
    assert all(one & ZONE_ASSUMED for one in bits(found)) is adapter.says_assumed


@pytest.mark.parametrize("night", NIGHTS)
@every("DST night")
def test_a_night_in_which_the_clocks_change_keeps_every_reading(adapter, tmp_path, night):
    """Instants are right, none is lost or doubled; a wall clock alone that comes twice is the first of the two."""
    zone, first = NIGHTS[night]
    rows = adapter.night(zone, first)
    found = seen(adapter.collect(adapter.write(tmp_path / "x", rows), zone))
    if adapter.tells in ("wall", "zone"):
        assert any(fold(row.at, zone) for row in rows) is night.endswith("autumn")
        rows = [at_wall(row, zone) for row in rows]
    assert found == sorted(rows)
