"""Tracing: spans say which route, use case and reason took how long; and nothing of anybody, whatever is put in."""

from __future__ import annotations

import asyncio
import json
import re
from uuid import uuid4

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from phr import logs, tracing
from phr.api.named import shown
from phr.asgi import create_app
from phr.bootstrap import System
from phr.bootstrap.spanned import spanned
from phr.clock import SystemClock
from phr.config import Settings
from phr.errors import Refused
from tests.build import agree, blood_pressure
from tests.conftest import settings_at

UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAME, WORD, VALUE, SECRET = "金糸雀花子", "kanaria-hanako-5521", "187.53", "kanaria-token-71f0c3"


@pytest.fixture
def spans():
    kept = InMemorySpanExporter()
    end = tracing.begin("", 1.0, kept)
    yield kept
    end()


@pytest.fixture
def traced(spans, database_url):
    made = spanned(System)(settings_at(database_url), SystemClock())
    yield made
    made.close()


def called(app, method, address, **more):
    async def send():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.request(method, address, **more)

    return asyncio.run(send())


def written(spans):
    """Everything that would leave the process."""
    return [json.loads(one.to_json()) for one in spans.get_finished_spans()]


def a_resident(made):
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "gender": "female",
        "birthDate": "1960-05-05",
        "name": [{"text": NAME}],
    }
    person = made.register.put(resource, actor="test", role="system", request="test")[0]
    agree(made, person, patient)
    made.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display=NAME, person=person, request="test"
    )
    token = made.accounts.issue(patient, "token", purpose="self", scope="", request="test")
    return patient, person, token


@pytest.mark.db
def test_a_request_is_one_trace_from_the_route_to_the_transaction(traced, spans):
    """Request, use case, transaction: each within the one before, all with the same trace id."""
    patient, _person, token = a_resident(traced)
    app = create_app(traced)
    spans.clear()
    answer = called(
        app,
        "GET",
        f"/fhir/Patient/{patient}",
        headers={"Authorization": f"Bearer {token}", "X-Request-Id": WORD},
    )
    assert answer.status_code == 200
    found = written(spans)
    (request,) = [one for one in found if one["name"] == "request"]
    assert request["attributes"]["http.route"].startswith("/fhir/")
    assert request["attributes"]["http.response.status_code"] == 200
    assert request["attributes"]["phr.request"] == shown(WORD)
    assert {one["context"]["trace_id"] for one in found} == {request["context"]["trace_id"]}
    by_id = {one["context"]["span_id"]: one for one in found}
    transactions = [one for one in found if one["name"] == "transaction"]
    assert any(by_id[one["parent_id"]]["name"][0].isupper() for one in transactions)
    assert {one["attributes"]["phr.purpose"] for one in transactions} >= {"session"}


@pytest.mark.db
def test_no_span_holds_anything_of_anybody(traced, spans, capfd):
    """Names, ids, values, words, tokens: in the path, the query, the body, headers, and in the text of an exception."""
    patient, person, token = a_resident(traced)
    app = create_app(traced)
    given = {
        "Authorization": f"Bearer {token}",
        "X-Request-Id": WORD,
        "User-Agent": WORD,
        "Referer": f"http://x/?{SECRET}",
    }
    called(app, "GET", f"/fhir/Observation?patient={patient}&value={VALUE}&name={NAME}", headers=given)
    called(app, "POST", "/fhir/Observation", headers=given, content=json.dumps({"text": NAME, "v": VALUE}))
    called(app, "GET", f"/nothing/{patient}/{WORD}", headers=given)
    traced.receive(person, [blood_pressure(traced.clock.now(), 187, 121)], request="t")

    def fails(*_given, **_more):
        raise RuntimeError(f"{NAME} {VALUE} {SECRET}")

    traced.deliver(traced.one_ledger)(request="t")
    with pytest.raises(RuntimeError), tracing.span("use case", phr__kind="x", name=NAME):
        fails()
    told = [(one["name"], one["attributes"], one["status"], one["events"]) for one in written(spans)]
    text = json.dumps(told, ensure_ascii=False)  # ids of spans are random digits
    assert len(written(spans)) > 10
    marks = (NAME, WORD, VALUE, SECRET, token, patient, str(person))
    assert [mark for mark in marks if mark in text] == []
    values = ("187", "121")  # such digits are in every seventieth id of a request
    assert [value for value in values if value in UUID_TEXT.sub("", text)] == []
    assert '"error.type": "RuntimeError"' in text
    said = capfd.readouterr().err
    assert [mark for mark in marks[:5] if mark in said] == []


def test_a_line_of_the_log_names_its_request_and_its_trace(spans, capsys):
    """From a line to the trace, and to the rows of the audit trail."""
    logs.configure()
    logs.bind("0190e0e4-aaaa-7bbb-8ccc-0123456789ab")
    with tracing.span("request"):
        logs.get().error("request failed", route="/x")
        trace = tracing.trace_id()
    line = json.loads(capsys.readouterr().err)
    logs.bind("")
    assert (line["request"], line["trace"]) == ("0190e0e4-aaaa-7bbb-8ccc-0123456789ab", trace)
    assert len(trace) == 32


def test_without_a_collector_nothing_is_made():
    """The same code; no span, no id, no cost."""
    assert tracing.is_on() is False
    with tracing.span("request", phr__kind="x") as made:
        tracing.tell(made, phr__kind="y")
        assert made is None
    assert tracing.trace_id() == ""


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("0190e0e4-aaaa-7bbb-8ccc-0123456789ab", "0190e0e4-aaaa-7bbb-8ccc-0123456789ab"),
        ("yamada-hanako", "sha256-"),
        ("worker-1", "sha256-"),
    ],
)
def test_words_that_a_caller_chose_are_shown_as_their_hash(given, wanted):
    """A request id is the caller's own text: it may be a name. The trail keeps it, logs and traces do not."""
    assert shown(given).startswith(wanted)


def test_a_share_of_requests_is_traced():
    """None of them at 0."""
    kept = InMemorySpanExporter()
    end = tracing.begin("", 0.0, kept)
    with tracing.span("request"):
        pass
    end()
    assert kept.get_finished_spans() == ()


def test_a_missing_library_is_told_with_its_remedy(monkeypatch):
    """The extra was not installed."""
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(Refused, match=r"phr\[tracing\]"):
        tracing.begin("http://127.0.0.1:4318/v1/traces", 1.0)


@pytest.mark.slow
@pytest.mark.db
def test_spans_reach_a_collector_over_http(database_url):
    """As OTLP, without the body of anything; a collector that is away costs the request nothing."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from phr.bootstrap import start
    from tests.served import served

    got = []

    async def take(request):
        got.append(await request.body())
        return JSONResponse({})

    collector = Starlette(routes=[Route("/v1/traces", take, methods=["POST"])])
    with served(collector) as address:
        system = start(
            Settings(
                database_url=database_url,
                secret_keys=settings_at(database_url).secret_keys,
                tracing_url=f"{address}/v1/traces",
            )
        )
        system.operate.beat("test", request="t")
        system.close()
    assert any(b"Operate.beat" in body for body in got)
    assert tracing.is_on() is False
