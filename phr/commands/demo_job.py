"""The demo's main job: assess, review, pay, release, withdraw, verify; each step through the ordinary use cases."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date
from typing import Any, Final

from phr.bootstrap import System
from phr.commands import demo_rights
from phr.commands.demo_city import RESEARCHER, City
from phr.domain.access import Access, resident
from phr.domain.days import day_at
from phr.domain.points import load_rules
from phr.domain.points_rules import fiscal_year
from phr.domain.query import ObservationQuery
from phr.errors import NotAllowed, Refused
from phr.services.export import Protocol

_OF_A_KIND: Final = 3  # cases of each kind that the nurse of the demo reviews
_READERS: Final = 4
_VARIABLES: Final = ("8867-4", "55423-8", "8480-6", "8462-4", "29463-7", "40443-4", "93832-4")


class Job:
    """One run of the main job."""

    def __init__(self, system: System, city: City) -> None:
        self._system = system
        self._city = city
        self._today = day_at(system.clock.now(), system.settings.tz)
        self._nurse = Access("nurse", "nurse-1", system.settings.recipient, "guidance", "demo-nurse")
        self._ledger = system.ledger()
        self._flagged = 0
        self._reviewed = 0
        self._reasons: Counter[str] = Counter()  # before a withdrawal hides a case
        self._export: dict[str, Any] = {}
        self._leaked = 0
        self._withdrawn: dict[str, Any] = {}
        self._accounts()

    def _accounts(self) -> None:
        """Somebody of each role."""
        s = self._system
        shown = self._city.shown
        for subject, role, recipient, name in (
            ("nurse-1", "nurse", s.settings.recipient, "高橋 明子"),
            ("researcher-1", "researcher", RESEARCHER, "伊藤 研究員"),
            ("operator-1", "operator", s.settings.recipient, "情報政策課"),
        ):
            s.accounts.put(subject, role, recipient=recipient, display=name, request="demo")
        s.accounts.put(
            shown,
            "resident",
            recipient=f"Patient/{shown}",
            display=self._city.names.get(shown, shown),
            person=self._city.people[shown],
            request="demo",
        )

    def fund(self) -> None:
        """Creates the ledger and fills the year's budgets."""
        self._system.budgets.fund(actor="demo", request="demo-fund")

    def assess(self) -> None:
        """Flags residents for guidance, with reasons."""
        self._flagged = self._system.assess(request="demo-assess").flagged

    def review(self) -> None:
        """The nurse takes the most urgent cases, contacts, decides and closes."""
        worklist = self._system.worklist
        taken: Counter[str] = Counter()
        for row in worklist.listed(self._nurse):
            if taken[row.item.kind] >= _OF_A_KIND:
                continue
            taken[row.item.kind] += 1
            item = row.item
            worklist.open(item.item_id, self._nurse)
            worklist.claim(item.item_id, self._nurse)
            worklist.contact(item.item_id, self._nurse, "phone-reached", "")
            worklist.close(item.item_id, self._nurse, "referred" if item.kind == "referral" else "guided")
            self._reviewed += 1
        cases = worklist.listed(self._nurse) + worklist.listed(self._nurse, closed=True)
        self._reasons.update(row.item.kind for row in cases if not row.item.kind.startswith("alarm:"))

    def deliver(self) -> None:
        """Tells the ledger, twice: what was delivered before counts no second time."""
        deliver = self._system.deliver(self._ledger)
        deliver(request="demo-deliver")
        deliver(request="demo-deliver")

    def release(self) -> None:
        """A researcher receives a de-identified release, or is told why not."""
        protocol = Protocol(
            "demo", "2026-001", RESEARCHER, _VARIABLES, date(2016, 1, 1), self._today, "pseudonymised"
        )
        try:
            done = self._system.export.publish(protocol, actor="researcher-1", request="demo-export")
        except Refused as refused:
            self._export = {"rows": 0, "k": 0, "suppressed": 0, "certificate": None, "refused": str(refused)}
            return
        people = {key: number for key, number in done.suppressed.items() if not key.startswith("rows_")}
        self._export = {
            "rows": done.rows,
            "k": done.certificate["k"]["achieved"],
            "suppressed": sum(people.values()),
            "persons": done.persons,
            "certificate": dict(done.certificate),
        }

    def withdraw(self) -> None:
        """A resident withdraws while others read; counts the reads that began after the answer and still saw data."""
        others = (one for one in self._city.people if one != self._city.shown)
        patient = next((one for one in others if self._visible(one)), None)
        if patient is None:
            return
        answered = threading.Event()
        stop = threading.Event()
        leaked = [0] * _READERS

        def read(number: int) -> None:
            while not stop.is_set():
                late = answered.is_set()
                if self._visible(patient) and late:
                    leaked[number] += 1

        readers = [threading.Thread(target=read, args=(number,)) for number in range(_READERS)]
        for reader in readers:
            reader.start()
        for consent in self._city.consents[patient]:
            self._system.consents.withdraw(
                self._city.people[patient], consent, actor=patient, role="resident", request="demo-withdraw"
            )
        answered.set()
        for _ in range(25):
            if self._visible(patient):
                self._leaked += 1
        stop.set()
        for reader in readers:
            reader.join()
        self._leaked += sum(leaked)
        self._withdrawn = demo_rights.withdrawn(self._system, patient, self._city.people[patient])

    def _visible(self, patient: str) -> bool:
        """Whether the nurse finds any Observation of the person."""
        person = self._city.people[patient]
        try:
            page = self._system.observations.search(
                ObservationQuery(count=1), {person: patient}, self._nurse.about(person)
            )
        except NotAllowed:
            return False
        return bool(page.found)

    def summary(self) -> dict[str, Any]:
        """What the database, the ledger and the trail say."""
        system, city = self._system, self._city
        asked = demo_rights.ask_at_the_counter(system, city.people[city.shown])
        figures = demo_rights.measure(system)
        samples, searchable = self._sizes()
        status = system.operate.status(actor="demo", request="demo-summary")
        issued, balanced = self._issued(), self._balanced()
        verdict = system.trail.verify(request="demo-verify")  # after every other read, so that it counts them
        system.proofs.note(ok=verdict.ok, whole=True, request="demo-verify")
        return {
            "residents": len(city.people),
            "samples": samples,
            "bytes_per_sample": round(status.vitals_bytes / samples, 2) if samples else None,
            "observations_searchable": searchable,
            "refused_without_consent": city.refused,
            "quarantined": city.quarantined,
            "rejected": dict(sorted(city.rejected.items())),
            "alarms": city.alarms,
            "flagged": self._flagged,
            "flagged_by_reason": dict(sorted(self._reasons.items())),
            "cases_reviewed": self._reviewed,
            "points_issued": issued,
            "ledger_balanced": balanced,
            "export": self._export,
            "audit": {"rows": verdict.rows, "chain_ok": verdict.ok},
            "withdrawn_reads_leaked": self._leaked,
            "withdrawal": self._withdrawn,
            "request_at_the_counter": asked,
            "figures_of_the_plan": figures,
        }

    def _sizes(self) -> tuple[int, int]:
        samples = searchable = 0
        for patient, person in self._city.people.items():
            one, found = self._system.observations.count(person, resident(person, patient, "demo-summary"))
            samples, searchable = samples + one, searchable + found
        return samples, searchable

    def _issued(self) -> int:
        """What residents hold in the ledger."""
        asset = load_rules(fiscal_year(self._today)).asset
        return self._ledger.balances("residents::lot:").get(asset, 0)

    def _balanced(self) -> bool:
        """Whether all balances add up to zero, and the points kept here are those that the ledger holds."""
        own = 0
        for patient, person in self._city.people.items():
            own += sum(
                row.points
                for row in self._system.points.history(person, actor=patient, request="demo-summary")
            )
        return self._system.ledger_holds() and own == self._issued()
