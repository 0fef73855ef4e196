"""A town for attacks: a victim whose name, values and words are marked, and everybody who should not see them."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from phr.bootstrap import System
from tests.build import CITY, agree, blood_pressure, heart_rates

NAME = "漏洩 花鳥"
KANA = "ロウエイ カチョウ"
TELEPHONE = "0XX-555-9173"
WORDS = "誰にも言っていない言葉"
SYSTOLIC, PULSE = 187.0, 143.0
_NUMBER = r"(?<![\w.-])%s(?![\w-])"
"""A value, but not the digits of an id or an instant."""
MARKS = (NAME, NAME.replace(" ", ""), KANA, TELEPHONE, WORDS, "187", "143.0")
"""What of the victim must be in no answer to anybody else."""
DENIED = frozenset({400, 401, 403, 404, 405})


def _load(name: str) -> Any:
    """A module beside the tests of the pages, which are no package."""
    path = Path(__file__).resolve().parents[1] / "phr" / "web" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"leaks_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


city = _load("city")


class Caller:
    """Calls the whole application: with a bearer token, or as a browser that keeps cookies."""

    def __init__(self, app: FastAPI, token: str = "") -> None:
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.cookies = httpx.Cookies()

    def __call__(self, method: str, address: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._send(method, address, **more))

    async def _send(self, method: str, address: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        async with httpx.AsyncClient(
            transport=self.transport, base_url="http://127.0.0.1:8000", cookies=self.cookies
        ) as client:
            answer = await client.request(method, address, headers=headers, **more)
            self.cookies = client.cookies
            return answer

    def get(self, address: str, **more: Any) -> httpx.Response:
        return self("GET", address, **more)

    def post(self, address: str, **more: Any) -> httpx.Response:
        return self("POST", address, **more)


@dataclass
class Town:
    """Everybody, over one application."""

    system: System
    app: FastAPI
    person: UUID
    victim: str
    other_person: UUID
    other: str

    def token(
        self, subject: str, role: str, purpose: str, person: UUID | None = None, at: str = ""
    ) -> Caller:
        """A machine of a role."""
        own = f"Patient/{subject}" if role == "resident" else at or self.system.settings.recipient
        self.system.accounts.put(subject, role, recipient=own, person=person, request="t")
        kind = "gateway" if role == "gateway" else "token"
        return Caller(self.app, self.system.accounts.issue(subject, kind, purpose=purpose, request="t"))

    def browser(self, subject: str, role: str) -> Any:
        """A signed-in browser."""
        return city.signed_in(self.system, self.app, Caller, subject, role)

    def attackers(self) -> dict[str, Caller]:
        """Whoever may call the machine interfaces and has no consent of the victim."""
        university = "Organization/univ-leak"
        return {
            "another resident": self.token(self.other, "resident", "self", self.other_person),
            "a nurse without consent": self.token("nurse-leak", "nurse", "guidance"),
            "a nurse for risk": self.token("nurse-leak", "nurse", "risk"),
            "a researcher": self.token("res-leak", "researcher", "research-deidentified", at=university),
            "a researcher with names": self.token(
                "res-leak", "researcher", "research-identifiable", at=university
            ),
            "an operator": self.token("op-leak", "operator", "operate"),
            "the counter": self.token("reg-leak", "registrar", "register"),
            "a gateway": self.token("gw-leak", "gateway", "collect"),
            "nobody": Caller(self.app),
        }


def a_resident(system: System, name: str, kana: str = "", telephone: str = "0") -> tuple[UUID, str]:
    """A registered person with an account who shares with nobody."""
    patient = f"p-{uuid4().hex[:12]}"
    names: list[dict[str, Any]] = [{"text": name}]
    if kana:
        kind = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
        names.append({"text": kana, "extension": [{"url": kind, "valueCode": "SYL"}]})
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "gender": "female",
        "birthDate": "1961-04-05",
        "name": names,
        "telecom": [{"system": "phone", "value": telephone}],
    }
    person = system.register.put(resource, actor="t", role="system", request="t")[0]
    system.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display=name, person=person, request="t"
    )
    return person, patient


def a_town(system: System, app: FastAPI) -> Town:
    """The town, with the victim's readings and words in it."""
    person, victim = a_resident(system, NAME, KANA, TELEPHONE)
    agree(system, person, victim, purposes=("collect",))
    when = datetime.now(UTC) - timedelta(days=2)
    readings = [blood_pressure(when + timedelta(minutes=n), SYSTOLIC, 91.0) for n in range(4)]
    assert system.receive(person, [*readings, heart_rates(when, [PULSE] * 30)], request="t").stored == 34
    system.emergency.keep(person, {"conditions": WORDS}, actor=victim, request="t")
    other_person, other = a_resident(system, "別人 太郎")
    return Town(system, app, person, victim, other_person, other)


def share(town: Town, **more: Any) -> str:
    """The victim shares with the city's nurses; gives the consent."""
    return agree(town.system, town.person, town.victim, purposes=("guidance",), recipients=(CITY,), **more)


def withdraw(town: Town, consent: str) -> None:
    """And takes it back."""
    town.system.consents.withdraw(town.person, consent, actor=town.victim, role="resident", request="t")


def entries(answer: httpx.Response) -> list[dict[str, Any]]:
    """The resources of a page; none for an answer that is no page."""
    if answer.status_code != 200:
        return []
    return [one["resource"] for one in answer.json().get("entry", []) if "resource" in one]


def shows(answer: httpx.Response) -> list[str]:
    """The marks of the victim in an answer, in body, headers and address."""
    headers = [one for one in answer.headers.items() if one[0] != "content-length"]
    text = f"{answer.text}{headers}"
    return [
        mark for mark in MARKS if (re.search(_NUMBER % mark, text) if mark[0].isdigit() else mark in text)
    ]
