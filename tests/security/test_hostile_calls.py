"""Every call that the description of the interface allows, with hostile values in each place: never a fault of ours."""

from __future__ import annotations

import os
import pkgutil
from copy import copy
from importlib import import_module

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

import phr.web.pages
from phr.asgi import create_app
from phr.bootstrap import start
from phr.domain.access import HOME
from phr.web.answer import SESSION_COOKIE
from tests.build import agree
from tests.conftest import settings_at

EXAMPLES = (
    int(os.environ.get("PHR_FUZZ", "0")) // 10_000 or 2
)  # a million in the night: a hundred for each call
_MACHINES = ("/fhir", "/ledger", "/hooks", "/oauth")


@pytest.fixture(scope="module")
def system(database_url):
    made = start(settings_at(database_url))
    yield made
    made.close()


@pytest.fixture(scope="module")
def schema(system):
    """The description of everything that is served: of pages too, which the published one leaves out."""
    app = create_app(system)
    pages = FastAPI()
    for module in pkgutil.iter_modules(phr.web.pages.__path__):
        for route in import_module(f"phr.web.pages.{module.name}").router.routes:
            described_too = copy(route)
            described_too.include_in_schema = True
            pages.router.routes.append(described_too)
    described = app.openapi()
    both = pages.openapi()
    for name, schemas in both.get("components", {}).items():
        described.setdefault("components", {}).setdefault(name, {}).update(schemas)
    described["paths"].update(both["paths"])
    app.openapi_schema = described
    return schemathesis.openapi.from_asgi("/openapi.json", app)


def session_of(system, subject, role, person=None):
    """The cookie of somebody who is signed in."""
    own = f"Patient/{subject}" if role == "resident" else system.settings.recipient
    system.accounts.put(subject, role, recipient=own, person=person, request="test")
    return system.accounts.issue(subject, "web", purpose=HOME[role], request="test")


def walked(schema, wanted, **who) -> int:
    """Calls each operation with generated values; gives how many operations there were."""
    walked_over = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if not wanted(operation):
            continue
        walked_over += 1

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def call(case):
            answer = case.call(**who)
            assert answer.status_code < 500 or answer.status_code == 503, (case.method, case.path)

        call()
    return walked_over


def test_no_call_of_a_machine_breaks_the_service(system, schema, person, patient):
    """FHIR, hooks and the ledger with a token of the person, and without any."""
    agree(system, person, patient)
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="test")
    token = system.accounts.issue(patient, "token", purpose="self", request="test")
    machine = lambda one: one.path.startswith(_MACHINES)  # noqa: E731 - a condition
    assert walked(schema, machine, headers={"Authorization": f"Bearer {token}"}) > 15
    ledger = lambda one: one.path.startswith("/ledger")  # noqa: E731 - a condition
    assert walked(schema, ledger, headers={"Authorization": f"Bearer {system.ledger_token}"}) > 5


@pytest.mark.parametrize(
    "role",
    [
        "resident",
        *(pytest.param(role, marks=pytest.mark.slow) for role in ("nurse", "researcher", "operator")),
    ],
)
def test_no_address_of_a_page_breaks_the_service(system, schema, person, patient, role):
    """Every page with hostile parts of its address, for each role; forms have their own test."""
    subject = patient if role == "resident" else f"{role}-{patient}"
    secret = session_of(system, subject, role, person if role == "resident" else None)
    page = lambda one: one.method.upper() == "GET" and not one.path.startswith(_MACHINES)  # noqa: E731 - a condition
    assert walked(schema, page, cookies={SESSION_COOKIE: secret}) > 40
