"""Writers that go on whatever is killed: samples one by one and in bundles, consents, points, and letters for outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from phr.domain.access import machine
from phr.errors import Busy
from phr.ids import new_id
from tests.build import a_consent
from tests.faults.log import Log
from tests.faults.town import Town

TOGETHER = 5  # entries of one bundle
POINTS = 10  # of one post and of one letter
_MOST = 100  # letters that wait: more would only be delivered for minutes after the last kill
_LOOK = 10  # letters between two looks at how many wait
PAUSE = 0.02  # seconds between two writes of one writer
_FIRST = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
_DAY_SECONDS = 86_400


def instant(number: int, day: int = 0) -> datetime:
    """The instant of one sample; no other has it, also not on another day."""
    return _FIRST + timedelta(days=day, seconds=number)


def number_at(at: datetime) -> int:
    """The sample of an instant."""
    return round((at - _FIRST).total_seconds()) % _DAY_SECONDS


def value_of(number: int) -> int:
    """The value of one sample."""
    return 60 + number % 40


def observation(patient: str, number: int, day: int = 0) -> dict[str, Any]:
    """One heart rate."""
    unit = {"unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": instant(number, day).isoformat(),
        "valueQuantity": {"value": value_of(number), **unit},
    }


def bundle(number: int) -> dict[str, Any]:
    """Some heart rates of two days together: in one transaction, or, for odd numbers, in a batch."""
    entries = [
        {
            "resource": observation("p-batches", number * TOGETHER + place, day=place % 2),
            "request": {"method": "POST", "url": "Observation"},
        }
        for place in range(TOGETHER)
    ]
    return {"resourceType": "Bundle", "type": kind_of(number), "entry": entries}


def kind_of(number: int) -> str:
    """What kind of bundle it is."""
    return "batch" if number % 2 else "transaction"


def posting(reference: str) -> dict[str, Any]:
    """Points for a resident, from nowhere."""
    one = {"source": "world", "destination": "residents:someone", "amount": POINTS, "asset": "HPT"}
    return {"postings": [one], "reference": reference, "metadata": {}}


class Writers:
    """One thread for each kind of write, from the first to the last kill."""

    def __init__(self, town: Town, log: Log) -> None:
        self.town = town
        self.log = log
        self.troubles: list[BaseException] = []
        self.version = 1
        self.withdrawn = False
        self._stop = threading.Event()
        self._consent = ""
        kinds = (self._posts, self._bundles, self._consents, self._points, self._letters)
        self._threads = [threading.Thread(target=self._run, args=(kind,), daemon=True) for kind in kinds]

    def start(self) -> None:
        """Begins to write."""
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Lets every writer end what it is doing."""
        self._stop.set()
        for one in self._threads:
            one.join(120)

    def finish(self) -> None:
        """The same, and every writer must have done well until now."""
        self.stop()
        assert not any(one.is_alive() for one in self._threads), "a writer hangs"
        if self.troubles:
            raise self.troubles[0]

    def _run(self, kind: Callable[[httpx.Client, int], None]) -> None:
        number = 0
        with httpx.Client(base_url=self.town.base, trust_env=False, timeout=40) as client:
            try:
                while not self._stop.is_set():
                    kind(client, number)
                    number += 1
                    time.sleep(PAUSE)
            except BaseException as trouble:  # noqa: BLE001 - told to the test by ``finish``
                self.troubles.append(trouble)

    def _call(
        self, client: httpx.Client, method: str, path: str, who: str, **more: Any
    ) -> httpx.Response | None:
        """One call; nothing when there was no answer, or only that it cannot be done now."""
        headers = {"Authorization": f"Bearer {self.town.token(who)}", **more.pop("headers", {})}
        try:
            answer = client.request(method, path, headers=headers, **more)
        except httpx.TransportError:
            time.sleep(0.1)
            return None
        if answer.status_code == 401:  # it was open for an hour
            self.town.token(who, fresh=True)
            return None
        if answer.status_code in (429, 502, 503, 504):
            time.sleep(0.1)
            return None
        return answer

    def _posts(self, client: httpx.Client, number: int) -> None:
        self.log.send("post", number)
        answer = self._call(
            client, "POST", "/fhir/Observation", "p-posts", json=observation("p-posts", number)
        )
        if answer is not None:
            assert answer.status_code == 201, answer.text
            self.log.answer("post", number, answer.headers["location"].rpartition("/")[2])

    def _bundles(self, client: httpx.Client, number: int) -> None:
        self.log.send("bundle", number)
        answer = self._call(client, "POST", "/fhir", "p-batches", json=bundle(number))
        if answer is None:
            return
        assert answer.status_code == 200, answer.text
        told = [entry["response"]["status"][:3] for entry in answer.json()["entry"]]
        if all(status == "201" for status in told):
            self.log.answer("bundle", number)
        else:
            assert kind_of(number) == "batch", answer.text
            assert set(told) <= {"201", "503"}, answer.text

    def _points(self, client: httpx.Client, number: int) -> None:
        """The same post until it is answered, under one key: it counts once."""
        key = f"post-{number}"
        headers = {"Idempotency-Key": key, "Authorization": f"Bearer {self.town.system.ledger_token}"}
        self.log.send("points", number)
        path = f"/ledger/v2/{self.town.settings.ledger_name}/transactions"
        answer = None
        while not self._stop.is_set() and answer is None:
            answer = self._call(client, "POST", path, "p-posts", json=posting(key), headers=headers)
        if answer is not None:
            assert answer.status_code == 200, answer.text
            self.log.answer("points", number)

    def _letters(self, _client: httpx.Client, number: int) -> None:
        """A letter in a transaction of this process, as a service writes it; a pause when too many wait."""
        if number % _LOOK == 0:
            while not self._stop.is_set() and self._waiting() >= _MOST:
                time.sleep(0.5)
        system, key = self.town.system, f"letter-{number}"
        self.log.send("letter", number)
        person = self.town.people["p-letters"]
        access = machine(system.settings.recipient, "points", "test", person)
        try:
            with system.store.begin(access) as uow:
                uow.outbox.post(person, new_id(), "ledger", key, posting(key), system.clock.now())
                uow.commit()
        except Busy:
            return
        self.log.answer("letter", number)
        time.sleep(5 * PAUSE)

    def _waiting(self) -> int:
        return int(self.town.administer("SELECT count(*) FROM phr.outbox WHERE state = 'waiting'")[0][0])

    def _consents(self, client: httpx.Client, number: int) -> None:
        """Withdraws and gives again, each as the next version of one consent; asks how it stands when it was not told."""
        if not self._consent:
            self._first(client)
            return
        wanted = self.version + 1
        withdraws = wanted % 2 == 0
        resource = {**a_consent("p-consents"), "id": self._consent}
        if withdraws:
            resource["status"] = "inactive"
        self.log.send("consent", wanted)
        path = f"/fhir/Consent/{self._consent}"
        headers = {"If-Match": f'W/"{self.version}"'}
        answer = self._call(client, "PUT", path, "p-consents", json=resource, headers=headers)
        if answer is not None:
            assert answer.status_code == 200, answer.text
            self.log.answer("consent", wanted, withdraws)
            self.version = wanted
        else:
            self._ask(client, path, wanted)
        time.sleep(5 * PAUSE)

    def _first(self, client: httpx.Client) -> None:
        answer = self._call(client, "POST", "/fhir/Consent", "p-consents", json=a_consent("p-consents"))
        if answer is not None:
            assert answer.status_code == 201, answer.text
            self._consent = answer.json()["id"]

    def _ask(self, client: httpx.Client, path: str, wanted: int) -> None:
        """Which version is there: the one before, or the one that was sent without an answer."""
        answer = None
        while answer is None and not self._stop.is_set():
            answer = self._call(client, "GET", path, "p-consents")
        if answer is not None:
            found = int(answer.json()["meta"]["versionId"])
            assert found in (wanted - 1, wanted)
            self.version = found

    @property
    def consent(self) -> str:
        """The consent that is given and withdrawn."""
        return self._consent
