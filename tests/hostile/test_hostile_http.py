"""Hostile requests: one clear OperationOutcome that names the field, never a 500, never a value, and nothing changes."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from tests.build import a_consent

pytestmark = pytest.mark.db
MARK = "4711.0815"  # a value that must not come back
NAME = "Yamada-Hanako"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def an_observation(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/PATIENT"},
        "effectiveDateTime": "2026-03-05T10:00:00+09:00",
        "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
        **changes,
    }


def text(**changes: Any) -> str:
    return json.dumps(an_observation(**changes))


def quantity(value: str) -> str:
    """An Observation with a value as raw JSON text."""
    return text(valueQuantity="@").replace('"@"', '{"value": ' + value + ', "code": "/min"}')


DEEP = "[" * 100_000 + "]" * 100_000
DEEP_EXTENSION = '{"url":"u","extension":[' * 3000 + '{"url":"u"}' + "]}" * 3000
OBSERVATIONS = {
    "nothing": "",
    "truncated": text()[:-20],
    "a list": "[" + text() + "]",
    "a word": '"' + NAME + '"',
    "a number": MARK,
    "null": "null",
    "two documents": text() + text(),
    "trailing text": text() + NAME,
    "no type": text().replace('"resourceType": "Observation", ', ""),
    "another type": text(resourceType="Basic"),
    "a type of nobody": text(resourceType=NAME),
    "a list as type": text(resourceType=["Observation"]),
    "a type with a path": text(resourceType="../../etc/passwd"),
    "no subject": text().replace('"subject": {"reference": "Patient/PATIENT"}, ', ""),
    "a subject in words": text(subject="Patient/PATIENT"),
    "a subject in a list": text(subject=[{"reference": "Patient/PATIENT"}]),
    "a reference that is a number": text(subject={"reference": 5}),
    "a reference with a path": text(subject={"reference": "Patient/../PATIENT"}),
    "a code in words": text(code=NAME),
    "codings in words": text(code={"coding": NAME}),
    "a coding that is a word": text(code={"coding": [NAME]}),
    "a code that is a number": text(code={"coding": [{"system": "http://loinc.org", "code": 5}]}),
    "no code": text(code={}),
    "no status": text(status=None),
    "a status of nobody": text(status=NAME),
    "year one": text(effectiveDateTime="0001-01-01T00:00:00+14:00"),
    "year nought": text(effectiveDateTime="0000-01-01T00:00:00Z"),
    "year 9999": text(effectiveDateTime="9999-12-31T23:59:59-14:00"),
    "a time of nobody": text(effectiveDateTime=NAME),
    "a time that is a number": text(effectiveDateTime=20260305),
    "a zone of two days": text(effectiveDateTime="2026-03-05T10:00:00+48:00"),
    "a 25th hour": text(effectiveDateTime="2026-03-05T25:00:00+09:00"),
    "NaN": quantity("NaN"),
    "infinity": quantity("-Infinity"),
    "endless exponent": quantity("1e999999999"),
    "many digits": quantity("9" * 5000),
    "a value in words": quantity('"' + MARK + '"'),
    "a value in a list": quantity("[" + MARK + "]"),
    "a value that is true": quantity("true"),
    "a heart rate of nobody": quantity(MARK),
    "a negative heart rate": quantity("-" + MARK),
    "another unit": text(valueQuantity={"value": 72, "code": "kg"}),
    "a unit that is a list": text(valueQuantity={"value": 72, "code": ["/min"]}),
    "SQL": text(note=[{"text": "x"}], status="final'); DROP TABLE phr.resource; --"),
    "deep lists": DEEP,
    "a deep member": text(extension="@").replace('"@"', "[" + DEEP_EXTENSION + "]"),
    "an unknown member": text(**{NAME: MARK}),
    "NUL": text(status="final\0"),
    "NUL in a note": text(note=[{"text": "a\0b"}]),
    "lone surrogate": text().replace('"final"', '"\\ud800"'),
    "lone surrogate in a note": text(note=[{"text": "@"}]).replace('"@"', '"\\udfff"'),
    "ten million signs": text(note=[{"text": "x" * 10_000_000}], status=NAME),
    "ten million signs as a status": text(status="x" * 10_000_000),
    "an id with slashes": text(id="../../Consent/1", note=[{"text": "x"}]),
    "an id of a kilometre": text(id="x" * 1000, note=[{"text": "x"}]),
}
BYTES = {
    "not UTF-8": b'{"resourceType":"Observation","status":"\xff\xfe"}',
    "Shift_JIS": '{"resourceType":"Observation","status":"山田花子"}'.encode("shift_jis"),
    "UTF-16": text().encode("utf-16"),
    "gzip": bytes.fromhex("1f8b0800000000000003") + b"\0" * 200,
    "a picture": bytes(range(256)) * 20,
}


def refused(answer: Any, *, least: int = 400) -> str:
    """One OperationOutcome with one sentence, status 4xx, and nothing of what was sent."""
    assert least <= answer.status_code < 500, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"].startswith("application/fhir+json")
    OperationOutcome.model_validate(answer.json())
    said = str(answer.json()["issue"][0]["diagnostics"])
    assert 0 < len(said) < 300, said
    for secret in (MARK, NAME, "Traceback", "DROP TABLE", "psycopg", "site-packages"):
        assert secret not in answer.text, said
    return said


@pytest.mark.parametrize("name", [*OBSERVATIONS, *BYTES])
def test_a_hostile_observation_is_refused_and_changes_nothing(resident, record, digest, name):
    """Every byte sequence ends in one clear error."""
    before = digest()
    body = BYTES[name] if name in BYTES else OBSERVATIONS[name].replace("PATIENT", record).encode()
    refused(resident.post("/fhir/Observation", content=body))
    assert digest() == before


def test_a_body_over_the_limit_is_refused_before_it_is_read(resident, digest):
    """16 MB are enough for anybody's Observation."""
    before = digest()
    for path, method in (
        ("/fhir/Observation", "POST"),
        ("/fhir/Consent", "POST"),
        ("/fhir/Consent/x", "PUT"),
    ):
        answer = resident(method, path, content=b"x" * (16 * 1024 * 1024 + 1))
        assert answer.status_code == 413
        refused(answer)
    assert (
        resident.post(
            "/fhir/Observation/_search", content=b"x" * (17 * 1024 * 1024), headers=FORM
        ).status_code
        == 413
    )
    assert digest() == before


CONSENTS: dict[str, Any] = {
    "no patient": {"patient": None},
    "a patient in words": {"patient": NAME},
    "another patient": {"patient": {"reference": "Patient/p-somebody-else"}},
    "a status of nobody": {"status": NAME},
    "no status": {"status": None},
    "a scope in words": {"scope": NAME},
    "a scope of nobody": {"scope": {"coding": [{"system": "x", "code": NAME}]}},
    "no provision": {"provision": None},
    "a provision in words": {"provision": NAME},
    "no base": {"provision": {"provision": [{"type": "permit"}]}},
    "three levels": {
        "provision": {
            "type": "deny",
            "provision": [
                {"type": "permit", "provision": [{"type": "deny", "provision": [{"type": "permit"}]}]}
            ],
        }
    },
    "a year of nobody": {"dateTime": "0000-13-99"},
    "year one": {"dateTime": "0001-01-01T00:00:00+14:00", "provision": {"type": NAME}},
    "a period that ends first": {
        "provision": {
            "type": "deny",
            "period": {"start": "2026-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"},
        }
    },
    "a data period in words": {
        "provision": {"type": "deny", "provision": [{"type": "permit", "dataPeriod": NAME}]}
    },
    "NUL": {"organization": [{"reference": "Organization/\0"}], "provision": {"type": "x\0"}},
    "an unknown member": {NAME: MARK},
    "SQL": {"status": "active' OR '1'='1"},
}


@pytest.mark.parametrize("name", CONSENTS)
def test_a_hostile_consent_is_refused_and_grants_nothing(resident, record, digest, name):
    """A consent that is not understood is not recorded: neither new nor over an old one."""
    changes = {**a_consent(record, purposes=("guidance",)), **CONSENTS[name]}
    resource = {key: value for key, value in changes.items() if value is not None}
    before = digest()
    refused(resident.post("/fhir/Consent", content=json.dumps(resource)))
    held = resident.get("/fhir/Consent").json()["entry"][0]["resource"]["id"]
    refused(resident.put(f"/fhir/Consent/{held}", content=json.dumps({**resource, "id": held})))
    assert digest() == before


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", DEEP.encode(), b"\xff\xfe{}", b'{"resourceType":"Consent"}']
)
def test_a_body_that_is_no_consent_is_refused(resident, digest, body):
    """POST and PUT alike."""
    before = digest()
    refused(resident.post("/fhir/Consent", content=body))
    refused(resident.put("/fhir/Consent/x", content=body))
    assert digest() == before


LONG = "x" * 60_000
QUERIES = [
    "_count=99999999999999999999", "_count=1e3", "_count=", "_count=%00", "_count=-5", "_count=٣", "date=0000", "date=9999-99",
    "date=ge", "date=2026-02-30", "date=NaN", "date=99999999", "date=2026-03-05T99:00", "date=ap", "code=%00", "code=||||",
    "code=,,,", "code:not=8867-4", "code:below=x", "category:text=x", "patient.name=x", "patient:Group=x", "_has:Observation:patient=x",
    "_include=*", "_revinclude=Provenance:target", "_filter=x", "_query=x", "_summary=true", "_elements=id", "_total=accurate",
    "_lastUpdated=2026", "value-quantity=gt5", "_sort=-code,date", "_sort=", "_cursor=", "_cursor=AAAA", "_cursor=%00%00",
    "_cursor=//////////////////////", "_id=", "_format=application/xml", "%ff=1", "code=%ff%fe", "code=%ed%a0%80", "=1", "&".join(["code=1"] * 200),
    "patient=", "patient=a/b/c", "patient=Patient/", "status=|", "x" * 5000 + "=1", "date=" + "2" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES, ids=[query[:40] for query in QUERIES])
def test_a_nasty_search_is_refused_or_finds_nothing_wrong(resident, digest, query):
    """GET and POST alike: a sentence with the parameter's name, or a page; never a failure."""
    before = digest()
    over_get = resident.get(f"/fhir/Observation?{query}")
    over_post = resident.post("/fhir/Observation/_search", content=query, headers=FORM)
    for answer in (over_get, over_post):
        if answer.status_code != 200:
            refused(answer)
    assert over_get.status_code == over_post.status_code
    assert digest() == before


@pytest.mark.parametrize(
    "query",
    ["code=" + "'%20OR%201=1%20--", "patient=x'%20OR%20'1'='1", "_id=" + LONG, "_id=" + ",".join(["a"] * 5000), "code=" + LONG,
     "date=0001-01-01", "date=ge9999-12-31", "date=lt0001", "date=sa2026&date=eb1900", "_count=999999999", "status=%27%3B%20DROP"],
    ids=lambda query: query[:30],
)  # fmt: skip
def test_an_odd_search_never_fails(resident, digest, query):
    """Fragments of SQL are texts like others, and limits hold."""
    before = digest()
    answer = resident.get(f"/fhir/Observation?{query}")
    assert answer.status_code in (200, 400, 414), answer.text[:300]
    if answer.status_code == 200:
        assert len(answer.json().get("entry", [])) <= 1000
    else:
        refused(answer)
    assert digest() == before


PATHS = [
    "/fhir/Observation/..%2f..%2fConsent", "/fhir/Observation/%00", "/fhir/Observation/" + "A" * 48, "/fhir/Observation/" + "A" * 5000,
    "/fhir/Observation/%ff%fe", "/fhir/Observation/'%20OR%201=1", "/fhir/Observation/a%0d%0aX-Evil:%201", "/fhir/Patient/%00", "/fhir/Patient/a%2fb",
    "/fhir/Patient/" + "x" * 5000, "/fhir/Consent/%00", "/fhir/Consent/a%2f_history", "/fhir/Consent/%00/_history", "/fhir/Consent/" + "x" * 5000,
    "/fhir/Consent/%ed%a0%80", "/fhir/Consent/x/_history/1", "/fhir//Observation//",
    "/fhir/Patient/00000000-0000-0000-0000-00000000000g", "/fhir/Patient?_id=%00", "/fhir/Consent?patient=%00", "/fhir/Consent?status=%00",
    "/fhir/Consent?_id=" + "x" * 5000, "/fhir/Patient?_id=" + ",".join(["x"] * 3000),
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=[path[:40] for path in PATHS])
def test_an_odd_address_is_not_found(resident, digest, path):
    """An id that cannot be one looks like an id that nobody has."""
    before = digest()
    answer = resident.get(path)
    if answer.status_code != 200:
        refused(answer)
    else:
        assert answer.json().get("total", 0) == 0
    assert digest() == before


def test_a_search_body_of_another_type_is_refused(resident):
    """A form is a form."""
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        answer = resident.post(
            "/fhir/Observation/_search", content=b"code=8867-4", headers={"Content-Type": kind}
        )
        assert answer.status_code == 415
        refused(answer)


@pytest.mark.parametrize(
    "given", ['W/"', 'W/"-1"', "*", '"1", "2"', 'W/"99999999999999999999999"', "\x01", 'W/"١"']
)
def test_an_odd_precondition_is_refused(resident, digest, given):
    """If-Match is a version or nothing; a version that never was is not the present one."""
    held = resident.get("/fhir/Consent").json()["entry"][0]["resource"]
    before = digest()
    answer = resident.put(f"/fhir/Consent/{held['id']}", json=held, headers={"If-Match": given.encode()})
    refused(answer)
    assert digest() == before


def test_odd_headers_do_no_harm(resident, stranger, digest):
    """A request id that is no plain one is replaced; a token of a megabyte is no token."""
    before = digest()
    for odd in ("x" * 5000, "a\tb", "' OR 1=1", "\x7f"):
        assert resident.get("/fhir/Observation", headers={"X-Request-Id": odd.encode()}).status_code == 200
    for odd in ("x" * 1_000_000, "\x7f", "a b c", "é"):
        refused(
            stranger.get("/fhir/Observation", headers={"Authorization": b"Bearer " + odd.encode("latin-1")})
        )
    assert digest() == before


def test_the_log_holds_no_value_and_no_name(resident, record, capfd):
    """What was refused is not written down either."""
    for body in OBSERVATIONS.values():
        if len(body) < 100_000:
            resident.post("/fhir/Observation", content=body.replace("PATIENT", record).encode())
    resident.get(f"/fhir/Observation?patient={NAME}&code={uuid4()}&{NAME}=1")
    out, err = capfd.readouterr()
    for said in (out, err):
        assert MARK not in said
        assert NAME not in said
        assert record not in said
        assert "Traceback" not in said
