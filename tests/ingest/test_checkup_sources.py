"""Sources of check-ups: files through one interface, and Mynaportal, which says that it is not connected."""

from __future__ import annotations

import socket

import pytest

from ingest.errors import IngestError, Permanent
from ingest.files.checkup_sources import CheckupSource, FileSource, MynaportalStub, NotConnected
from tests.ingest.checkup_files import bundle_text, csv_row, xml


@pytest.mark.parametrize(
    ("name", "text"), [("checkup-xml", xml()), ("checkup-fhir", bundle_text()), ("checkup-csv", csv_row())]
)
def test_every_form_is_a_source(tmp_path, tokyo, name, text):
    """R2-2: (a) XML, (b) eCheckup, (c) the city's table."""
    path = tmp_path / ("one." + {"checkup-xml": "xml", "checkup-fhir": "json", "checkup-csv": "csv"}[name])
    source = FileSource(name, path)
    assert isinstance(source, CheckupSource)
    assert not source.connected
    path.write_text(text, "utf-8")
    assert source.connected
    (batch,) = source.fetch(zone=tokyo)
    assert batch.series[0].channels["waist_cm"].tolist() == [95.0]


def test_mynaportal_has_the_shape_of_a_source_and_refuses_at_once(tokyo, monkeypatch):
    """R2-2 (d): no pretending. The refusal comes from the call itself, and no socket is made."""
    monkeypatch.setattr(socket, "socket", None)
    source = MynaportalStub()
    assert isinstance(source, CheckupSource)
    assert not source.connected
    with pytest.raises(NotConnected, match="not connected"):
        source.fetch(zone=tokyo)
    assert issubclass(NotConnected, Permanent)
    assert issubclass(NotConnected, IngestError)
