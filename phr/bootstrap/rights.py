"""Rights of people, leaks, provisions and the end of the service, joined to what they need."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from phr.bootstrap.core import Core
from phr.domain.access import Access, machine
from phr.domain.keys import derive
from phr.domain.sealing import Box
from phr.services.rights.copying import TakeOuts
from phr.services.rights.correcting import Correcting
from phr.services.rights.ending import Ending, Provisions
from phr.services.rights.erasing import Erasing
from phr.services.rights.everything import Writer
from phr.services.rights.incidents import Incidents
from phr.services.rights.requests import Requests
from phr.services.rights.stopping import TEXT, Stopping
from phr.store.sealed_files import SealedFiles
from phr.store.tables import RightsRequest


class Rights(Core):
    """What people may demand, and what the city owes."""

    @property
    def _whole(self) -> Any:
        """The whole system, of which this is a part."""
        return cast("Any", self)

    @cached_property
    def incidents(self) -> Incidents:
        """The register of leaks."""
        s = self.settings
        return Incidents(self.store, self.clock, s.tz, s.recipient)

    @cached_property
    def sealed_files(self) -> SealedFiles:
        """Files that only one person's key opens."""
        return SealedFiles(self.settings.home / "take-out")

    @cached_property
    def take_outs(self) -> TakeOuts:
        """Copies of everything."""
        s = self.settings

        def typeset(data: dict[str, Any], at: datetime) -> bytes:
            made: bytes = self._whole.press.pdf("record-summary", data, at)
            return made

        writer = Writer(self.store, s.tz, s.recipient, f"{s.base_url.rstrip('/')}/fhir", typeset, s.city)
        box = Box([derive(key, "person-key") for key in self.secrets])
        return TakeOuts(self.store, self.clock, s.recipient, self.sealed_files, writer, box, s.copy_keep_days)

    @cached_property
    def correcting(self) -> Correcting:
        """Corrections of values."""
        s = self.settings
        return Correcting(self.store, self.clock, s.tz, s.recipient)

    @cached_property
    def stop_of_use(self) -> Stopping:
        """Stop of use."""
        consents, s = self._whole.consents, self.settings

        def record(person: UUID, resource: dict[str, Any], access: Access) -> None:
            consents.record(person, resource, actor=access.actor, role=access.role, request=access.request)

        def withdraw(person: UUID, consent: str, access: Access) -> None:
            consents.withdraw(person, consent, actor=access.actor, role=access.role, request=access.request)

        def denies(person: UUID, access: Access) -> list[str]:
            held = consents.all(person, actor=access.actor, role=access.role, request=access.request)
            return [
                str(one.consent.id)
                for one in held
                if one.consent.status == "active"
                and one.consent.source is not None
                and one.consent.source.text_version == TEXT
            ]

        return Stopping(self.store, self.clock, s.tz, s.recipient, record, withdraw, denies)

    @cached_property
    def erasing(self) -> Erasing:
        """Erasing people."""
        s = self.settings
        return Erasing(
            self.store,
            self.clock,
            s.tz,
            s.recipient,
            self.lasting_key("tombstone"),
            self._end_first,
            self._files,
            cooling_days=s.delete_cooling_days,
            keep_checkups=s.keep_checkups,
        )

    def _end_first(self, person: UUID, access: Access) -> None:
        """Consents, the connection to a cloud, sessions, in this order: each ends with all that follows from it."""
        whole, actor, request = self._whole, access.actor, access.request
        for held in whole.consents.all(person, actor=actor, role=access.role, request=request):
            if held.consent.status == "active":
                whole.consents.withdraw(
                    person, str(held.consent.id), actor=actor, role=access.role, request=request
                )
        whole.connections.disconnect(person, actor=actor, request=request)
        with self.store.begin(machine(self.settings.recipient, "session", request, None, "erase")) as uow:
            accounts = uow.rights.accounts(person)
            uow.commit()
        for _account, subject in accounts:
            whole.accounts.end_all(subject, request)

    def _files(self, person: UUID, access: Access) -> None:
        """Copies that were made, and files that were sent."""
        self.take_outs.forget(person, access)
        whole = self._whole
        shown = whole.uploads.shown(person, actor=access.actor, request=access.request)
        for sent in shown.files:
            if sent.state in {"receiving", "waiting", "reading"}:
                whole.uploads.cancel(person, sent.upload_id, actor=access.actor, request=access.request)

    @cached_property
    def rights_requests(self) -> Requests:
        """The register of requests."""
        s = self.settings
        return Requests(self.store, self.clock, s.tz, s.recipient, s.rights_days, self._carry_out)

    def _carry_out(self, row: RightsRequest, access: Access) -> None:
        """What a granted request makes happen; a correction is made by whoever decides, value by value."""
        person = row.person_id
        if row.kind == "erase":
            self.erasing.schedule(row, access)
        elif row.kind == "stop":
            self.stop_of_use.stop(person, access, way="counter")
        elif row.kind == "disclose":
            own = Access("resident", access.actor, f"Patient/{person}", "self", access.request, person)
            self.take_outs.ask(person, own)
        elif row.kind == "correct" and row.detail.get("ident") and row.detail.get("right"):
            reading = Access("resident", access.actor, f"Patient/{person}", "self", access.request, person)
            self.correcting(
                person,
                str(row.detail["ident"]),
                {name: float(value) for name, value in row.detail["right"].items()},
                str(row.detail.get("reason") or "asked for"),
                reading,
                ours=True,
            )

    @cached_property
    def provisions(self) -> Provisions:
        """The log of what was given to whom."""
        s = self.settings
        return Provisions(self.store, self.clock, s.tz, s.recipient)

    @cached_property
    def ending(self) -> Ending:
        """The end of the service, and accounts that nobody uses."""
        s = self.settings

        def announce(person: UUID, ground: str, days: int, request: str) -> None:
            self.erasing.announce(person, ground, days, request=request)

        return Ending(
            self.store,
            self.clock,
            s.tz,
            s.recipient,
            announce,
            inactive_months=s.inactive_months,
            notice_days=s.inactive_notice_days,
        )

    def rights_round(self, *, request: str) -> dict[str, int]:
        """What the night does: reminders of due days, accounts that nobody uses, erasures whose time has come."""
        return {
            "soon": self.rights_requests.warn(request=request),
            "back": self.ending.came_back(request=request),
            "inactive": self.ending.inactive(request=request),
            "erased": self.erasing.round(request=request),
            "provisions": self.provisions.gather(request=request),
        }
