"""A planted resident: name, card number, ids and values go through every part of the service, and leave in no metric, line or span."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from phr import logs, tracing
from phr.asgi import create_app
from phr.bootstrap import System
from phr.bootstrap.spanned import spanned
from phr.clock import SystemClock
from phr.metrics import exposed
from phr.store.sealed_files import SealedFiles
from tests.build import agree, blood_pressure, heart_rates
from tests.conftest import settings_at
from tests.leaks.town import Caller

pytestmark = pytest.mark.db
NAME, KANA, STREET, VALUE = "金糸雀花子", "カナリアハナコ", "金糸雀町5521", 187.53125


@pytest.fixture
def lived(database_url, tmp_path, capfd):
    """Everything that is written while one resident is registered, measured, read, exported, examined and erased."""
    kept = InMemorySpanExporter()
    end = tracing.begin("", 1.0, kept)
    made = spanned(System)(settings_at(database_url), SystemClock())
    made.sealed_files = SealedFiles(tmp_path / "take-out")
    root = logging.getLogger()
    level = root.level
    logs.configure("DEBUG")
    patient = f"kanaria-{uuid4().hex[:8]}"
    resource = {
        "resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1931-07-13",
        "name": [{"text": NAME}, {"text": KANA}], "address": [{"text": STREET}],
    }  # fmt: skip
    person = made.register.put(resource, actor="counter", role="system", request="t")[0]
    agree(made, person, patient)
    at = datetime.now(UTC) - timedelta(days=1)
    made.receive(person, [blood_pressure(at, VALUE, 81.0), heart_rates(at, [VALUE] * 3)], request="t")
    made.accounts.put(patient, "resident", recipient=f"Patient/{patient}", display=NAME, person=person, request="t")  # fmt: skip
    caller = Caller(
        create_app(made), made.accounts.issue(patient, "token", purpose="self", scope="", request="t")
    )
    answers = [
        caller.get(f"/fhir/Patient/{patient}"),
        caller.get("/fhir/Observation", params={"value-quantity": f"gt{VALUE}", "_count": "3"}),
        caller.get(f"/fhir/Patient/{patient}/$everything"),
        caller.get(f"/fhir/Observation/{patient}"),
        caller.get("/fhir/Patient", params={"name": NAME}),
        caller.post("/fhir/Observation", content=json.dumps({"resourceType": "Observation", "x": NAME}).encode()),
    ]  # fmt: skip
    made.doctor(request="t")
    made.trail.verify(request="t")
    made.erasing(person, "by-the-person", request="t")
    metrics = exposed(made.gauges(request="t")).decode()
    spans = [one.to_json() for one in kept.get_finished_spans()]
    made.close()
    end()
    root.setLevel(level)
    logs.configure()
    said = capfd.readouterr()
    return {
        "metrics": metrics, "spans": "\n".join(spans), "lines": said.out + said.err,
        "answers": answers, "marks": (NAME, KANA, STREET, str(VALUE), patient, str(person), "1931-07-13"),
    }  # fmt: skip


def test_nothing_of_a_planted_resident_leaves_in_metrics_lines_or_spans(lived):
    """Names, address, day of birth, number, id and value; and each of the three did say something."""
    assert [one.status_code for one in lived["answers"]][:2] == [200, 200]
    assert "phr_requests_total" in lived["metrics"]
    assert len(lived["spans"]) > 1000
    for where in ("metrics", "spans", "lines"):
        text = lived[where]
        escaped = [json.dumps(mark).strip('"') for mark in lived["marks"]]
        assert [mark for mark in (*lived["marks"], *escaped) if mark in text] == [], where
