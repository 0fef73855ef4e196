"""One document under any sequence of writes equals a model that fits on a page; and no bytes make the interface fail."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from starlette.exceptions import HTTPException

from phr.api import reading, writing
from phr.api.interactions import Answer, Call
from phr.api.problems import explained
from phr.errors import PhrError
from phr.services.accounts import Caller
from tests.conftest import SHARED
from tests.phr.api.fhir_desk import Desk, condition, observation

pytestmark = pytest.mark.db
TEXTS = st.sampled_from(["a", "b", "c"])
BASE = "http://127.0.0.1:8000/fhir"


def ask(call: Call, do: Any, *given: Any) -> Answer:
    try:
        return do(call, *given)
    except (PhrError, HTTPException) as error:
        return Answer(*explained(error))


class OneDocument(RuleBasedStateMachine):
    """versions: what each version says, None for a deletion; the last one is the present one."""

    there: Desk
    who: Caller

    def __init__(self) -> None:
        super().__init__()
        self.identity = str(uuid4())
        self.versions: list[str | None] = []

    def call(self, **headers: str) -> Call:
        return Call(
            self.there.system, self.who, "model", BASE, {k.replace("_", "-"): v for k, v in headers.items()}
        )

    def body(self, text: str) -> bytes:
        return json.dumps(condition(self.there.patient, id=self.identity, code={"text": text})).encode()

    @property
    def present(self) -> str | None:
        return self.versions[-1] if self.versions else None

    def follow(self, answer: Answer, text: str) -> None:
        if text != self.present:
            assert answer.status == (201 if self.present is None else 200)
            self.versions.append(text)
        else:
            assert answer.status == 200
        assert answer.headers["ETag"] == f'W/"{len(self.versions)}"'

    @rule(text=TEXTS)
    def update(self, text: str) -> None:
        self.follow(ask(self.call(), writing.update, "Condition", self.identity, self.body(text)), text)

    @rule(text=TEXTS, version=st.integers(0, 4))
    def update_if_match(self, text: str, version: int) -> None:
        answer = ask(
            self.call(if_match=f'W/"{version}"'),
            writing.update,
            "Condition",
            self.identity,
            self.body(text),
        )
        if version != len(self.versions) or not self.versions:
            assert answer.status == 412
        else:
            self.follow(answer, text)

    @rule(text=TEXTS)
    def patch(self, text: str) -> None:
        operations = [{"op": "replace", "path": "/code/text", "value": text}]
        answer = ask(self.call(), writing.patch, "Condition", self.identity, operations)
        if self.present is None:
            assert answer.status == (410 if self.versions else 404)
        else:
            self.follow(answer, text)

    @rule(text=TEXTS)
    def patch_after_a_test(self, text: str) -> None:
        operations = [
            {"op": "test", "path": "/code/text", "value": text},
            {"op": "add", "path": "/code/text", "value": "a"},
        ]
        answer = ask(self.call(), writing.patch, "Condition", self.identity, operations)
        if self.present is None:
            assert answer.status == (410 if self.versions else 404)
        elif self.present != text:
            assert answer.status == 422
        else:
            self.follow(answer, "a")

    @rule()
    def delete(self) -> None:
        assert ask(self.call(), writing.delete, "Condition", self.identity).status == 204
        if self.present is not None:
            self.versions.append(None)

    @invariant()
    def the_present_version_is_read(self) -> None:
        answer = ask(self.call(), reading.read, "Condition", self.identity)
        if self.present is None:
            assert answer.status == (410 if self.versions else 404)
        else:
            assert orjson.loads(answer.body)["code"] == {"text": self.present}
            assert answer.headers["ETag"] == f'W/"{len(self.versions)}"'

    @invariant()
    def every_version_is_read(self) -> None:
        for number, text in enumerate(self.versions, 1):
            answer = ask(self.call(), reading.vread, "Condition", self.identity, str(number))
            assert answer.status == (410 if text is None else 200)
            assert text is None or orjson.loads(answer.body)["code"] == {"text": text}
        assert (
            ask(self.call(), reading.vread, "Condition", self.identity, str(len(self.versions) + 1)).status
            == 404
        )

    @invariant()
    def the_history_is_the_versions_newest_first(self) -> None:
        answer = ask(self.call(), reading.history, "Condition", self.identity, "_count=1000")
        if not self.versions:
            assert answer.status == 404
            return
        entries = orjson.loads(answer.body)["entry"]
        told = [one["resource"]["code"]["text"] if "resource" in one else None for one in entries]
        assert told == self.versions[::-1]


def machine(there: Desk) -> type[RuleBasedStateMachine]:
    """The machine of one Condition of the desk's resident."""
    token = there.resident.headers["Authorization"].removeprefix("Bearer ")
    who = there.system.accounts.caller(token, "token", "model")
    return type("OneDocumentHere", (OneDocument,), {"there": there, "who": who})


def test_a_document_equals_its_model_under_any_sequence(there):
    """Create, update, patch, delete and what is read of it, against a list of versions."""
    run_state_machine_as_test(
        machine(there),
        settings=settings(
            max_examples=8,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@pytest.mark.slow
def test_a_document_equals_its_model_under_many_sequences(there):
    """The same, longer, at night."""
    run_state_machine_as_test(
        machine(there),
        settings=settings(
            max_examples=80,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


# --- hostile bytes


def mangled(text: str, chance: random.Random) -> bytes:
    """A valid resource with one thing wrong that nobody would write."""
    wrong = (
        "null",
        "[]",
        "{}",
        "5",
        '"x"',
        "true",
        '"\\u0000"',
        "1e999",
        "-1",
        "[null]",
        "9" * 500,
        '"\\ud800"',
        '""',
    )
    spots = [place for place, sign in enumerate(text) if sign == ":"]
    at = chance.choice(spots)
    match chance.randrange(6):
        case 0:  # another type
            end = min(place for place in (text.find(",", at), text.find("}", at), len(text)) if place > 0)
            return (text[: at + 1] + chance.choice(wrong) + text[end:]).encode("utf-8", "surrogatepass")
        case 1:  # a member twice
            return text.replace('"resourceType"', '"status":"x","status":{},"resourceType"', 1).encode()
        case 2:  # no UTF-8
            return text.encode()[:at] + b"\xff\xfe" + text.encode()[at:]
        case 3:  # deep
            return (text[: at + 1] + '{"extension":[' * 300 + "]}" * 300 + text[at + 1 :]).encode()
        case 4:  # cut off
            return text.encode()[:at]
        case _:  # a strange member
            return text.replace("{", '{"__class__":{"a":1},"fhir_comments":["x"],', 1).encode()


def originals() -> list[str]:
    folder = SHARED / "data" / "fhir" / "r4-official-examples"
    small = [one.read_text("utf-8") for one in sorted(folder.glob("*.json")) if one.stat().st_size < 6_000]
    made = [
        json.dumps(condition("p")),
        json.dumps(observation("p")),
        json.dumps({"resourceType": "Organization", "name": "x"}),
    ]
    return made + small[::7]


def corpus(count: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(20261121)
    given = originals()
    for _ in range(count):
        text = chance.choice(given)
        yield json.loads(text)["resourceType"], mangled(text, chance)


def attack(there: Desk, count: int) -> None:
    for kind, body in corpus(count):
        caller = random.Random(len(body)).choice([there.resident, there.nurse, there.collector])
        headers = {"Content-Type": "application/fhir+json"}
        bundle = b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"'
        wrapped = bundle + kind.encode() + b'"},"resource":' + body + b"}]}"
        patch = {"Content-Type": "application/json-patch+json"}
        for method, address, content, sent in (
            ("POST", f"/fhir/{kind}", body, headers),
            ("PUT", f"/fhir/{kind}/x", body, headers),
            ("POST", "/fhir", body, headers),
            ("POST", "/fhir", wrapped, headers),
            ("PATCH", f"/fhir/{kind}/x", body, patch),
        ):
            answer = caller(method, address, content=content, headers=sent)
            assert answer.status_code < 500, (method, address, content[:2000], answer.text)
            if answer.status_code >= 400:
                assert answer.json()["resourceType"] == "OperationOutcome"


def test_no_mangled_resource_makes_the_interface_fail(there):
    """Wrong types, deep nesting, huge numbers, null, NUL, members twice, bad UTF-8: always an OperationOutcome."""
    attack(there, 12)


@pytest.mark.slow
def test_no_mangled_resource_of_many_makes_the_interface_fail(there):
    """The same with more of them, at night."""
    attack(there, 600)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"request": None},
        {"request": {"method": "GET", "url": ""}},
        {"request": {"method": "GET", "url": 5}},
        {"request": {"method": "FLY", "url": "Condition"}},
        {"request": {"method": "GET", "url": "Condition/x/y/z/a"}},
        {"request": {"method": "POST", "url": "Condition"}},
        {"request": {"method": "GET", "url": "Condition"}, "resource": {}},
        {"request": {"method": "POST", "url": "Condition"}, "resource": []},
        {"request": {"method": "POST", "url": "%ff%00/%2e%2e"}, "resource": {"resourceType": "Condition"}},
        {"request": {"method": "GET", "url": "Condition/%00"}},
        {"request": {"method": "GET", "url": "Condition?_id=%00"}},
        {"request": {"method": "PATCH", "url": "Condition/x"}, "resource": {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "%"}},
        {"request": {"method": "PUT", "url": "Condition?identifier=%ff"}, "resource": {"resourceType": "Condition"}},
        {"request": {"method": "DELETE", "url": "Condition", "ifMatch": ["x"]}},
        {"request": {"method": "DELETE", "url": "Condition/" + "x" * 100}},
        {"fullUrl": 5, "request": {"method": "GET", "url": "Condition"}},
        5,
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_no_mangled_entry_makes_the_interface_fail(there, entry, kind):
    """Whatever an entry says, the answer is a Bundle or an OperationOutcome."""
    answer = there.resident.post("/fhir", json={"resourceType": "Bundle", "type": kind, "entry": [entry]})
    assert answer.status_code < 500, answer.text
    assert all(not one["response"]["status"].startswith("5") for one in answer.json().get("entry", []))
