"""A small town for stories: the whole service behind its real pages, people, and browsers that fill in forms."""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx

from phr.asgi import create_app
from phr.bootstrap import System
from phr.domain.access import HOME
from phr.ids import new_id
from tests.build import agree
from tests.phr.services.scenes import a_checkup

INSURER = "00138123"
LICENCE = "public-health-nurse"


class Browser:
    """A browser without scripts: keeps cookies, and sends forms as it found them."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app)
        self._cookies = httpx.Cookies()
        self.page = ""
        self.address = ""

    def get(self, address: str) -> httpx.Response:
        """Opens a page, wherever it leads."""
        return self._shown(self._send("GET", address))

    def post(self, address: str, **fields: Any) -> httpx.Response:
        """Sends the fields with the token of the present page, and opens what comes next."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.page)
        data = {"csrf": token.group(1) if token else "", **fields}
        return self._shown(self._send("POST", address, data=data))

    def _shown(self, answer: httpx.Response) -> httpx.Response:
        while answer.is_redirect:
            answer = self._send("GET", answer.headers["location"])
        self.page = answer.text if answer.headers.get("content-type", "").startswith("text/html") else ""
        self.address = str(answer.request.url)
        return answer

    def _send(self, method: str, address: str, **more: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            base = "http://127.0.0.1"
            async with httpx.AsyncClient(
                transport=self._transport, base_url=base, cookies=self._cookies
            ) as client:
                answer = await client.request(method, address, headers={"Accept-Language": "ja"}, **more)
                self._cookies = client.cookies
                return answer

        return asyncio.run(call())


class Town:
    """One system, its pages, and the clock that stands until it is told."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.app = create_app(system)

    def resident(self, name: str, kana: str, address: str = "1-2-3") -> tuple[UUID, str]:
        """Somebody who agreed to what the nurse and the insurer do: person and Patient id."""
        patient = f"p-{new_id().hex[:12]}"
        resource = {
            "resourceType": "Patient",
            "id": patient,
            "gender": "male",
            "birthDate": "1970-05-05",
            "name": [{"text": name}, {"text": kana}],
            "telecom": [{"system": "phone", "value": "0XX-555-0142"}],
            "address": [
                {"postalCode": "100-0001", "state": "ときわ県", "city": "ときわの市", "line": [address]}
            ],
            "identifier": [{"system": "urn:phr:insured", "value": f"{INSURER}:津:{patient[2:8]}:01"}],
        }
        person = self.system.register.put(resource, actor="counter", role="system", request="story")[0]
        at = self.system.clock.now() - timedelta(minutes=1)
        agree(self.system, person, patient, date_time=at)
        agree(
            self.system,
            person,
            patient,
            purposes=("insurer",),
            recipients=("Organization/insurer",),
            categories=("guidance", "checkup"),
            date_time=at,
        )
        self.system.accounts.put(
            patient, "resident", recipient=f"Patient/{patient}", display=name, person=person, request="story"
        )
        return person, patient

    def checked(self, person: UUID, day: date, answers: dict[str, float]) -> None:
        """A check-up of that day, assessed in the following night."""
        self.system.receive(person, [a_checkup(day, **answers)], request="story")
        self.system.assess(request="story")

    def nurse(self, display: str) -> str:
        """A nurse of the city."""
        subject = f"nurse-{new_id().hex[:8]}"
        recipient = self.system.settings.recipient
        self.system.accounts.put(subject, "nurse", recipient=recipient, display=display, request="story")
        return subject

    def browser(self, subject: str, role: str) -> Browser:
        """Somebody's browser, signed in by a link."""
        link = self.system.accounts.issue(subject, "link", purpose=HOME[role], request="story")
        opened = Browser(self.app)
        opened.get(f"/sign-in?token={link}")
        opened.post("/session", way="link", token=link)
        return opened
