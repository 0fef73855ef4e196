"""The page on Bluetooth says of the devices what the table says."""

from __future__ import annotations

from pathlib import Path

from ingest.ble.device_table import refused, sources, supported
from ingest.ble.devices import CATALOGUE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "bluetooth.md"


def test_the_page_has_the_tables_of_the_code():
    """Who asks why a device is not supported finds the reason that the service gives."""
    inside = (
        PAGE.read_text("utf-8").partition("<!-- devices:begin -->")[2].partition("<!-- devices:end -->")[0]
    )
    expected = "\n\n".join("\n".join(table()) for table in (supported, refused, sources))
    assert inside.strip() == expected


def test_every_family_has_a_row():
    """One line each, and a heading of two."""
    assert len(supported()) == len(CATALOGUE.families) + 2
    assert len(refused()) == len(CATALOGUE.refusals) + 2
