"""A small city behind the real pages: people, consents, readings, a check-up, staff, and a browser for each."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import Response

from ingest.series import Series, Source
from phr.bootstrap import System
from phr.errors import Conflict, Invalid, NotAllowed, NotFound, PhrError, Refused
from phr.web.errors import html_error
from phr.web.mount import mount
from phr.web.render import renderer
from phr.web.sessions import SessionMiddleware
from phr.web.wired import wire

CITY = "Organization/city-health"
ALL = ("collect", "guidance", "risk", "points")
_STATUS = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422, Refused: 409}
_MADE = itertools.count(1)


def application(system: System) -> FastAPI:
    """The pages over one system, as the service puts them together."""
    app = FastAPI(openapi_url=None)
    app.state.system = system
    app.state.services = wire(system)
    mount(app, renderer(system.settings.city, system.settings.tz, system.settings.telephone))
    app.add_middleware(SessionMiddleware, system=system)

    @app.exception_handler(PhrError)
    async def say_so(request: Request, error: PhrError) -> Response:
        return html_error(request, _STATUS.get(type(error), 500))

    return app


def a_resident(
    system: System, name: str = "佐藤 和子", *, born: str = "1970-03-09", sex: str = "female"
) -> tuple[UUID, str]:
    """A registered person with an account; gives the person and the Patient id, which is the account's subject."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "gender": sex,
        "birthDate": born,
        "name": [{"text": name}],
        "address": [{"district": "東町"}],
        "telecom": [{"system": "phone", "value": "0XX-555-0142"}],
    }
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    system.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display=name, person=person, request="t"
    )
    return person, patient


def a_member(system: System, role: str, recipient: str = CITY, display: str = "高橋 美咲") -> str:
    """An account of staff or of a researcher; gives its subject."""
    subject = f"{role}-{uuid4().hex[:10]}"
    system.accounts.put(subject, role, recipient=recipient, display=display, request="test")
    return subject


PURPOSES = {
    "resident": "self",
    "nurse": "guidance",
    "researcher": "research-deidentified",
    "operator": "operate",
}


def signed_in(system: System, app: FastAPI, browser: Any, subject: str, role: str) -> Any:
    """A browser that used a sign-in link."""
    link = system.accounts.issue(subject, "link", purpose=PURPOSES[role], request="test")
    return opened(browser(app), link)


def opened(client: Any, link: str) -> Any:
    """The same browser after it sent the form of a sign-in link."""
    page = client.get(f"/sign-in?token={link}")
    answer = client.post("/session", data={"csrf": token_in(page.text), "token": link, "way": "link"})
    client.last = answer
    return client


def token_in(page: str) -> str:
    """The token of the forms of a page."""
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def told(page: str) -> str:
    """A page without the tokens of its forms and the marks of its files: random letters may spell any number."""
    return re.sub(r'name="csrf" value="[^"]*"|\?v=\w+', "", page)


def sent(client: Any, page: str, action: str, **fields: str) -> Any:
    """Sends a form of a page with its token."""
    return client.post(action, data={"csrf": token_in(client.get(page).text), **fields})


def a_checkup(system: System, person: UUID, day: date, **values: float) -> None:
    """A check-up of that day; by default one that asks for active support and a doctor."""
    usual = {
        "waist_cm": 95.0,
        "bmi": 28.0,
        "sbp_avg": 150.0,
        "dbp_avg": 96.0,
        "tg_fasting": 210.0,
        "hdl": 38.0,
    }
    usual |= {
        "fpg": 118.0,
        "hba1c_ngsp": 6.8,
        "smoking": 1.0,
        "med_bp": 2.0,
        "med_glucose": 2.0,
        "med_lipid": 2.0,
    }
    usual |= {"urine_protein": 2.0, "egfr": 71.2}
    start = datetime(day.year, day.month, day.day, tzinfo=system.settings.tz).astimezone(UTC)
    series = Series(
        "checkup",
        Source("checkup|city", "健診", "", "", "derived"),
        np.array([int(start.timestamp()) * 1_000_000], np.int64),
        {name: np.array([value]) for name, value in (usual | values).items()},
        np.array([32400], np.int32),
        np.zeros(1, np.uint8),
    )
    receipt = system.receive(person, [series], request="test")
    assert receipt.stored == 1, receipt


def steps(system: System, person: UUID, days: int, per_hour: int = 400) -> None:
    """Steps of every hour from 7 to 19 for so many days until yesterday."""
    now = system.clock.now().astimezone(system.settings.tz)
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    at = [first + timedelta(days=d, hours=h) for d in range(days) for h in range(7, 19)]
    count = np.array([per_hour + (i * 37) % 120 for i in range(len(at))], np.float64)
    series = Series(
        "55423-8",
        Source("watch", "Watch", "FITBIT", "Watch", "passive"),
        np.array([int(moment.timestamp()) * 1_000_000 for moment in at], np.int64),
        {"value": count},
        np.full(len(at), 32400, np.int32),
        np.zeros(len(at), np.uint8),
        np.full(len(at), 3_600_000_000, np.int64),
    )
    system.receive(person, [series], request="test")


def pressures(system: System, person: UUID, days: int, upper: float = 128.0, lower: float = 78.0) -> None:
    """Blood pressure at 6:30 and 21:30 for so many days until yesterday."""
    now = system.clock.now().astimezone(system.settings.tz)
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    at = [first + timedelta(days=d, hours=h, minutes=30) for d in range(days) for h in (6, 21)]
    wave = np.array([(i * 7) % 11 - 5 for i in range(len(at))], np.float64)
    series = Series(
        "85354-9",
        Source("cuff", "UA-651BLE", "BLE", "UA-651BLE", "active"),
        np.array([int(moment.timestamp()) * 1_000_000 for moment in at], np.int64),
        {"systolic": upper + wave, "diastolic": lower + wave / 2, "pulse": np.full(len(at), 66.0)},
        np.full(len(at), 32400, np.int32),
        np.zeros(len(at), np.uint8),
    )
    system.receive(person, [series], request="test")


def sleep(system: System, person: UUID, days: int) -> None:
    """Nights that begin at 23:00 and at 00:30 by turns."""
    now = system.clock.now().astimezone(system.settings.tz)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    at = [midnight - timedelta(days=days - d) + timedelta(hours=-1 if d % 2 else 0.5) for d in range(days)]
    series = Series(
        "93832-4",
        Source("watch", "Watch", "FITBIT", "Watch", "passive"),
        np.array([int(moment.timestamp()) * 1_000_000 for moment in at], np.int64),
        {"value": np.array([400.0 + (d * 13) % 40 for d in range(days)])},
        np.full(days, 32400, np.int32),
        np.zeros(days, np.uint8),
        np.full(days, 7 * 3_600_000_000, np.int64),
    )
    system.receive(person, [series], request="test")
