"""Marked names, values, words and secrets go in through every entrance; logs, metrics, tasks, errors and addresses are searched for them."""

from __future__ import annotations

import json
import logging
import re
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from phr import logs
from phr.bootstrap import start
from phr.worker import make_app
from tests.conftest import settings_at
from tests.leaks.entrances import ENTRANCES, filled, kind, missing
from tests.leaks.town import Caller, city

pytestmark = pytest.mark.db
NAME, WORD, VALUE, SECRET = "金糸雀花子", "kanaria-note-5521", "8642.97531", "kanaria-token-71f0c3"
MARKS = (NAME, quote(NAME), WORD, VALUE, SECRET)
FIELDS = (
    "name", "kana", "note", "text", "value", "systolic", "diastolic", "weight", "reason", "patient", "token", "passphrase",
    "code", "email", "title", "protocol", "committee", "purpose", "number", "address", "born", "finding", "query", "food", "state",
)  # fmt: skip


def routes(app):
    """METHOD and pattern of every route that a person or machine can call."""
    return {
        f"{method} {path}" for path, methods in _walked(app.routes, "") for method in methods - {"OPTIONS"}
    }


def _walked(found, prefix):
    """Routes, and those of the routers that were put into the application."""
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _walked(inner.routes, prefix + route.include_context.prefix)
        elif isinstance(route, APIRoute):
            yield prefix + route.path, route.methods


def planted(caller, entrance, csrf=""):
    """One request with the marks wherever this entrance takes text."""
    method, _, pattern = entrance.partition(" ")
    address = filled(pattern, WORD)
    headers = {
        "Referer": f"http://127.0.0.1:8000/x?name={quote(NAME)}&t={SECRET}",
        "X-Request-Id": WORD,
        "User-Agent": WORD,
    }
    form = {name: (NAME, WORD, VALUE, SECRET)[at % 4] for at, name in enumerate(FIELDS)} | {"csrf": csrf}
    match kind(entrance):
        case "json":
            body = {
                "resourceType": "Observation",
                "status": WORD,
                "valueQuantity": {"value": VALUE},
                "subject": {"display": NAME},
            }
            return caller(
                method,
                address,
                content=json.dumps({**body, "token": SECRET}).encode(),
                headers=headers | {"Content-Type": "application/json"},
            )
        case "raw":
            return caller(
                method, address, content=f"{NAME},{WORD},{VALUE},{SECRET}".encode(), headers=headers
            )
        case "form":
            return caller(method, address, data=form, headers=headers)
        case _:
            return caller(method, address, params={**form, "_id": WORD}, headers=headers)


@pytest.fixture(scope="module")
def said(town, tmp_path_factory):
    """All entrances, as everybody: what the service wrote to its logs, and the answers."""
    import sys

    log = tmp_path_factory.mktemp("canaries") / "stderr.log"
    answers = []
    callers = {
        "nobody": Caller(town.app),
        "a bad token": Caller(town.app, SECRET),
        "a token": town.token(town.victim, "resident", "self", town.person),
        "a nurse's token": town.token("nurse-canary", "nurse", "guidance"),
    }
    browsers = {
        "resident": town.browser(town.victim, "resident"),
        "nurse": town.browser(city.a_member(town.system, "nurse"), "nurse"),
        "researcher": town.browser(
            city.a_member(town.system, "researcher", "Organization/univ-c"), "researcher"
        ),
        "operator": town.browser(city.a_member(town.system, "operator"), "operator"),
    }
    ends = {
        "POST /session/end",
        "POST /documents/delete",
        "POST /acting",
        "POST /acting/end",
        "POST /documents/stop",
    }
    kept = sys.stderr
    root = logging.getLogger()
    handler = logging.FileHandler(log, encoding="utf-8")
    root.addHandler(handler)
    level, root.level = root.level, logging.DEBUG
    with log.open("a", encoding="utf-8") as stream:
        sys.stderr = stream
        logs.configure("DEBUG")
        tried = set()
        for entrance in sorted(ENTRANCES):
            machine = entrance.partition(" ")[2].startswith(
                ("/fhir", "/ledger", "/hooks", "/healthz", "/readyz", "/metrics")
            )
            group = callers if machine else {"nobody": callers["nobody"], **browsers}
            for who, caller in group.items():
                if entrance in ends and who == "resident":
                    continue
                if not machine and not entrance.partition(" ")[2].startswith(_AREAS.get(who, ("/",))):
                    continue
                csrf = (
                    city.token_in(caller.get("/account").text)
                    if who in browsers and entrance.startswith("POST")
                    else ""
                )
                answers.append((entrance, who, planted(caller, entrance, csrf)))
            tried.add(entrance)
        stream.flush()
    sys.stderr = kept
    root.removeHandler(handler)
    handler.close()
    root.level = level
    logs.configure()
    return log, answers, tried


_AREAS = {"nurse": ("/staff", "/account"), "researcher": ("/research",), "operator": ("/operate", "/counter")}


def test_every_route_is_an_entrance_of_the_list(town):
    """A new route fails here until it is on the list, with the way in which it takes text."""
    assert missing(routes(town.app), ENTRANCES) == set()
    assert missing(ENTRANCES, routes(town.app)) == set(), "routes that are no more"


@pytest.mark.slow
def test_every_entrance_was_tried(said):
    """Whatever is on the list was called by everybody whom it may concern."""
    assert missing(ENTRANCES, said[2]) == set()
    assert len(said[2]) > 200


@pytest.mark.slow
def test_no_entrance_writes_what_it_was_given_into_a_log(said):
    """Ids and names of fields only; also at the most talkative level."""
    text = said[0].read_text("utf-8")
    lines = [
        line for line in text.splitlines() if "http://127.0.0.1:8000" not in line
    ]  # the test's own client
    found = {mark for mark in MARKS if any(mark in line for line in lines)}
    assert found == set()


@pytest.mark.slow
def test_no_entrance_makes_a_fault(said):
    """Marked text is refused or taken, and never a 500."""
    assert [(entrance, who) for entrance, who, answer in said[1] if answer.status_code >= 500] == []


@pytest.mark.slow
def test_no_refusal_gives_back_a_value_a_name_or_a_secret(said):
    """Errors name fields. Only a form that is shown again holds what was typed into it, for the one who typed it."""
    found = []
    for entrance, who, answer in said[1]:
        kind_of = answer.headers.get("content-type", "")
        if answer.status_code >= 400 and "html" not in kind_of:
            marks = [mark for mark in (NAME, VALUE, SECRET) if mark in answer.text]
            found += [(entrance, who, marks)] if marks else []
    assert found == []


@pytest.mark.slow
def test_no_answer_sends_marks_on_in_an_address_or_a_header(said):
    """Location, Link, cookies: nothing of what was typed; and pages send no Referer."""
    for entrance, who, answer in said[1]:
        headers = {
            name: value for name, value in answer.headers.items() if name not in {"content-length", "date"}
        }
        given = " ".join(
            value for name, value in headers.items() if name in {"location", "link", "set-cookie", "refresh"}
        )
        after = re.sub(r"(/sign-in\?after=|location: )\S*", "", given)
        marks = [mark for mark in (NAME, quote(NAME), VALUE, SECRET) if mark in after]
        assert marks == [], (entrance, who, given)
        if answer.status_code < 500:
            assert headers.get("referrer-policy") in {"no-referrer", "same-origin"}, entrance


@pytest.mark.slow
def test_metrics_hold_patterns_and_no_marks(said, town):
    """Routes are patterns; no id, no name, no value, no token becomes a label."""
    text = Caller(town.app).get("/metrics").text
    assert "phr_requests_total" in text
    assert [mark for mark in (*MARKS, town.victim, str(town.person)) if mark in text] == []


def test_tasks_carry_no_arguments(town):
    """What the schedule sends through the broker names work and nobody."""
    schedule = make_app(town.system).conf.beat_schedule
    assert schedule
    assert all(not one.get("args") and not one.get("kwargs") for one in schedule.values())


def test_a_task_that_fails_tells_of_its_kind_only(town, capfd, monkeypatch):
    """An exception with a name in its text, in a worker's task and in a request: logs have its type."""
    from phr import worker

    monkeypatch.setattr(worker, "_running", [town.system])

    def fails(*_, **__):
        raise RuntimeError(f"{NAME} {VALUE} {SECRET}")

    monkeypatch.setattr(type(town.system.upload_jobs), "round", fails)
    monkeypatch.setattr(type(town.system.trail), "seal", fails)
    monkeypatch.setattr(worker, "_apart", {})
    logs.configure()
    assert worker.uploads()
    worker._apart["uploads"].join(60)
    assert make_app(town.system).tasks["phr.seal"].run() is None
    monkeypatch.setattr(type(town.system.observations), "search", fails)
    caller = town.token(town.victim, "resident", "self", town.person)
    answer = caller.get("/fhir/Observation")
    assert answer.status_code == 500
    written = capfd.readouterr().err
    assert written.count("RuntimeError") == 3, "each failure is told, by its kind"
    assert [mark for mark in MARKS if mark in answer.text + written] == []


def test_a_failed_sign_in_writes_neither_name_nor_passphrase(town, database_url, capfd):
    """Neither in logs nor in the trail."""
    import psycopg

    system = start(settings_at(database_url))
    assert system.factors.by_passphrase(NAME, SECRET, "t") is None
    assert [mark for mark in MARKS if mark in capfd.readouterr().err] == []
    with psycopg.connect(database_url) as admin:
        rows = admin.execute(
            "SELECT * FROM phr.audit_event WHERE action = 'sign-in' ORDER BY at DESC LIMIT 5"
        ).fetchall()
    assert rows
    assert [mark for mark in MARKS if mark in str(rows)] == []
    system.close()


@pytest.mark.slow
def test_the_trail_holds_no_mark(said, database_url):
    """After all of the above: no name, value, word of a form or secret in any row of the audit trail."""
    import psycopg

    with psycopg.connect(database_url) as admin:
        rows = admin.execute(
            "SELECT action, object, categories, outcome, reason, actor FROM phr.audit_event"
        ).fetchall()
    text = str(rows)
    assert [mark for mark in (NAME, VALUE, SECRET) if mark in text] == []
