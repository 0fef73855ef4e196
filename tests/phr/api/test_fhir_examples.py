"""What the documentation shows of the FHIR interface: the client runs, and every example of a code is valid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from docs.examples import fhir_client
from docs.fhir_pages import example
from ingest.codes import VITALS
from phr.asgi import create_app
from phr.domain.profiles import base_issues, profile_issues
from tests.build import agree, blood_pressure
from tests.proves import proves
from tests.served import served


def test_the_client_of_the_documentation_reads_checks_and_stores(
    system, person, patient, monkeypatch, capsys
):
    """Over a real connection, as somebody would run it."""
    agree(system, person, patient, purposes=("collect",))
    before = system.clock.now() - timedelta(days=2)
    assert system.receive(person, [blood_pressure(before, 131, 85)], request="test").stored == 1
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="test")
    with served(create_app(system)) as address:
        monkeypatch.setenv("PHR_URL", address)
        monkeypatch.setenv(
            "PHR_TOKEN", system.accounts.issue(patient, "token", purpose="self", request="test")
        )
        fhir_client.main()
        client = fhir_client.connect(
            address, system.accounts.issue(patient, "token", purpose="self", request="test")
        )
        wrong = fhir_client.pressure(patient, 120, 80, before)
        del wrong["subject"]
        assert any("subject" in one for one in fhir_client.problems(client, wrong))
        with pytest.raises(ValueError, match="subject"):
            fhir_client.record(client, wrong)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["124/79", "131/85"]


@proves(
    "Observation",
    "profile",
    "http://hl7.org/fhir/StructureDefinition/vitalsigns",
    "http://jpfhir.jp/fhir/core/StructureDefinition/JP_Observation_VitalSigns",
    "http://jpfhir.jp/fhir/core/StructureDefinition/JP_Observation_BodyMeasurement",
    "http://jpfhir.jp/fhir/core/StructureDefinition/JP_Observation_SocialHistory",
)
@pytest.mark.parametrize("key", VITALS)
def test_the_example_of_each_code_is_valid_and_has_its_codings(key):
    """FHIR R4 and the profiles that it claims; a LOINC or JP code beside our own where there is one."""
    shown = example(VITALS[key])
    assert base_issues(shown) == []
    for url in shown.get("meta", {}).get("profile", []):
        assert [one for one in profile_issues(shown, url) if one.severity != "information"] == []
    vital = VITALS[key]
    codings = {(one["system"], one["code"]) for one in shown["code"]["coding"]}
    wanted = vital.channels[0].codings if vital.split else vital.codings
    assert {(one.system, one.code) for one in wanted} == codings
