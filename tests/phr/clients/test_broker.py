"""The client of the city's context broker, against a small strict one."""

from __future__ import annotations

import json

import httpx
import pytest

from phr.clients.broker import Broker
from phr.errors import Busy, Refused


class StrictBroker:
    """Takes what NGSI-LD asks for and nothing else: well-formed entities with a context, in a batch, as ld+json."""

    def __init__(self, answer=201):
        self.entities = {}
        self.answer = answer
        self.calls = 0

    def __call__(self, request):
        self.calls += 1
        if request.url.path != "/broker/ngsi-ld/v1/entityOperations/upsert" or request.method != "POST":
            return httpx.Response(404)
        if request.headers["content-type"] != "application/ld+json":
            return httpx.Response(415)
        if request.headers.get("authorization") != "Bearer key":
            return httpx.Response(401)
        batch = json.loads(request.content)
        if not batch or not all(self._whole(entity) for entity in batch):
            return httpx.Response(400)
        self.entities |= {entity["id"]: entity for entity in batch}
        return httpx.Response(self.answer, json=[] if self.answer == 201 else None)

    def _whole(self, entity):
        properties = {name: cell for name, cell in entity.items() if name not in {"id", "type", "@context"}}
        typed = all(cell.get("type") == "Property" and "value" in cell for cell in properties.values())
        return entity["id"].startswith("urn:ngsi-ld:") and entity["type"] and entity["@context"] and typed


def entity(number):
    return {
        "id": f"urn:ngsi-ld:X:{number}",
        "type": "X",
        "@context": ["c"],
        "a": {"type": "Property", "value": 1},
    }


def client(broker, token="key"):
    return Broker("https://broker.example/broker/", token, httpx.MockTransport(broker))


@pytest.mark.parametrize("answer", [201, 204])
def test_entities_arrive_in_batches_and_twice_is_once(answer):
    """Upsert: a repetition changes nothing."""
    broker = StrictBroker(answer)
    for _ in range(2):
        assert client(broker).upsert([entity(number) for number in range(250)]) == 250
    assert (len(broker.entities), broker.calls) == (250, 6)


def test_a_broker_that_refuses_says_so_without_the_data():
    """One sentence with the status."""
    with pytest.raises(Refused, match=r"answers 401$"):
        client(StrictBroker(), token="").upsert([entity(1)])
    with pytest.raises(Refused, match=r"answers 400$"):
        client(StrictBroker()).upsert([{"id": "x", "type": "X", "@context": ["c"]}])
    with pytest.raises(Refused, match=r"answers 207$"):
        client(StrictBroker(207)).upsert([entity(1)])


def test_a_busy_or_silent_broker_may_be_tried_again():
    """Nothing is lost: the edition stays, and the same entities go again."""
    with pytest.raises(Busy):
        client(StrictBroker(503)).upsert([entity(1)])

    def silent(request):
        raise httpx.ConnectError("no", request=request)

    with pytest.raises(Busy, match="ConnectError"):
        client(silent).upsert([entity(1)])
