"""A box and the real service: from the virtual radio to Observations that the resident can read."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from ingest.gateway.clock import BoxClock
from ingest.gateway.settings import load
from ingest.gateway.spool import Spool
from phr.asgi import create_app
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from tests.build import agree
from tests.ingest.ble.home import PATIENCE, on_radio
from tests.ingest.gateway.box import Said, written
from tests.ingest.gateway.service import write_token
from tests.ingest.gateway.test_home import a_device, now
from tests.served import served

pytestmark = [pytest.mark.db, pytest.mark.ble]


def test_what_a_cuff_measured_can_be_read_by_its_owner(system, person, patient, tmp_path):
    """Scan, bond, decode, spool, post with the box's token and the resident's card; alarms come back as words."""
    from ingest.gateway.runner import Gateway

    agree(system, person, patient)
    card = system.cards.issue(person, "", actor=patient, request="test")
    box = f"box-{uuid4()}"
    system.accounts.put(box, "gateway", recipient=system.settings.recipient, request="test")
    token = system.accounts.issue(box, "gateway", purpose="collect", request="test")
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="test")
    own = system.accounts.issue(patient, "token", purpose="self", request="test")
    begun = now().replace(microsecond=0) - timedelta(minutes=9)
    readings = [
        BloodPressure(s, 80, 93, 70, begun + timedelta(minutes=i), 1) for i, s in enumerate((121, 205))
    ]
    cuff, said = OmronCuff(readings, now=now), Said()
    with served(create_app(system)) as address:
        text = "[box]\nquiet = 5\n" + a_device(cuff, f'people = {{1 = "{card.code}"}}')
        settings = load(written(tmp_path, f"{address}/fhir", text))
        write_token(tmp_path, token)

        async def scene() -> bool:
            async with on_radio(cuff) as radio:
                backends = {"client_backend": radio.client_backend, "scanner_backend": radio.scanner_backend}
                spool = Spool(tmp_path / "spool")
                gateway = Gateway(
                    settings, spool, said, clock=BoxClock.start(), patience=PATIENCE, backends=backends
                )
                sent = await gateway.once()
                assert spool.counts()["refused"] == {}
                assert spool.counts()["left-out"].get("no-consent", 0) == 0
                return sent

        assert asyncio.run(scene()), said.logged
        answer = httpx.get(
            f"{address}/fhir/Observation?patient={patient}&code=85354-9",
            headers={"Authorization": f"Bearer {own}"},
            trust_env=False,
            timeout=60,
        )
    found = [entry["resource"] for entry in answer.json()["entry"]]
    values = {
        datetime.fromisoformat(one["effectiveDateTime"]): one["component"][0]["valueQuantity"]["value"]
        for one in found
    }
    assert sorted(values.values()) == [121, 205]
    assert {one["subject"]["reference"] for one in found} == {f"Patient/{patient}"}
    assert any(word.startswith("alarm ") for word in said.shown)
    assert not any("205" in word for word in [*said.shown, *said.logged])
