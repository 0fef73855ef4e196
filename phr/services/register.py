"""Register people: from a FHIR Patient to the identity that records hang on."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.documents import Described, describe, parse
from phr.domain.findable import address_key, kana_key
from phr.errors import Invalid, NotFound, Unmet
from phr.ids import new_id, person_id
from phr.store.documents import Document
from phr.store.tables import Person, PersonAddress
from phr.store.uow import Store

_SEXES = frozenset({"male", "female", "other", "unknown"})
INSURED = "urn:phr:insured"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


class Register:
    """Keeps the identities of one city's people."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def put(
        self,
        resource: dict[str, Any],
        *,
        actor: str,
        role: str,
        request: str,
        expected: int | None = None,
    ) -> tuple[UUID, int]:
        """Registers the person of a Patient, or a new version of their identity: person and version.

        expected: the version that it follows. Raises Unmet when another one is present.
        """
        described = describe(resource, self._zone, lambda: str(new_id()))
        if described.type != "Patient":
            raise Invalid("must be a Patient", field="resourceType")
        person = person_id(described.id)
        now = self._clock.now()
        with self._store.begin(Access(role, actor, self._recipient, "register", request, person)) as uow:
            present = uow.documents.get("Patient", described.id)
            if expected is not None and expected != (0 if present is None else present.version):
                raise Unmet("another version is the present one")
            if present is not None and described.same_content(present.body):
                uow.commit()
                return person, present.version
            version = uow.documents.version(person, "Patient", described.id) + 1
            uow.people.put(_person(person, described))
            uow.people.put_address(_address(person, described))
            uow.documents.put(
                Document(
                    person_id=person,
                    type="Patient",
                    id=described.id,
                    version=version,
                    deleted=False,
                    category="identity",
                    day=day_at(now, self._zone),
                    codes=(),
                    labels=(),
                    status="",
                    low=None,
                    high=None,
                    updated_at=now,
                    body=described.stored_body(version, now),
                )
            )
            uow.audit.add("register", "Patient", person, count=version)
            uow.commit()
        return person, version

    def refresh(self, *, actor: str, request: str) -> int:
        """Makes those findable who were registered before people were found by kana and address; gives how many.

        From the Patient that was kept, so that nobody has to be registered again. Safe to repeat and to break off.
        """
        done = 0
        while True:
            with self._store.begin(Access("system", actor, self._recipient, "register", request)) as uow:
                people = uow.people.without_address()
                uow.commit()
            for one in people:
                self._refresh(one, actor=actor, request=request)
            done += len(people)
            if not people:
                return done

    def _refresh(self, known: Person, *, actor: str, request: str) -> None:
        person = known.person_id
        with self._store.begin(Access("system", actor, self._recipient, "register", request, person)) as uow:
            kept = uow.documents.get("Patient", known.patient_id)
            resource = {"resourceType": "Patient", "id": known.patient_id}
            described = describe(
                resource if kept is None else parse(kept.body.encode()), self._zone, lambda: str(new_id())
            )
            if kept is not None:
                uow.people.put(_person(person, described))
            uow.people.put_address(_address(person, described))
            uow.audit.add("register", "Patient", person, count=1)
            uow.commit()

    def ensure(self, patient: str, *, actor: str, role: str, request: str) -> UUID:
        """The person of a Patient id, registered with nothing but the id when unknown."""
        person = person_id(patient)
        with self._store.begin(Access(role, actor, self._recipient, "register", request, person)) as uow:
            known = uow.people.get(person) is not None
            uow.commit()
        if not known:
            self.put({"resourceType": "Patient", "id": patient}, actor=actor, role=role, request=request)
        return person

    def complete(self, resource: dict[str, Any], *, actor: str, role: str, request: str) -> UUID:
        """Registers the person of a Patient from a file; what is known already is not overwritten by a file."""
        person = person_id(str(resource.get("id", "")))
        with self._store.begin(Access(role, actor, self._recipient, "register", request, person)) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None or known.birth_date is None:
            self.put(resource, actor=actor, role=role, request=request)
        return person

    def patient_id(self, person: UUID) -> str:
        """The Patient id of a person whom the service is writing for."""
        with self._store.begin(
            Access("system", "import", self._recipient, "register", "import", person)
        ) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None:
            raise NotFound("no such person")
        return known.patient_id

    def find(
        self, text: str, *, actor: str, role: str, request: str
    ) -> list[tuple[UUID, str, str, date | None]]:
        """People whose name or kana begins with a text: id, name, kana, birth date. For the counter only."""
        if not text.strip():
            raise Invalid("must not be empty", field="text")
        with self._store.begin(Access(role, actor, self._recipient, "register", request)) as uow:
            found = uow.people.find(text.strip())
            for person in found:
                uow.audit.add("search", "Patient", person.person_id, count=1)
            uow.commit()
        return [(person.person_id, person.name, person.kana, person.birth_date) for person in found]

    def known(self, person: UUID, access: Access) -> Person:
        """The identity of a person whom this caller may know."""
        with self._store.begin(access.about(person)) as uow:
            found = uow.people.get(person)
            if found is not None:
                uow.audit.add("read", "Patient", person, count=1)
            uow.commit()
        if found is None:
            raise NotFound("no such person")
        return found


def _person(person: UUID, described: Described) -> Person:
    """The columns that lists and rules need, from the Patient."""
    resource = described.resource
    name, kana = "", ""
    for one in resource.get("name", []):
        text = str(one.get("text") or " ".join([one.get("family", ""), *one.get("given", [])])).strip()
        if _is_kana(one, text):
            kana = kana or text
        else:
            name = name or text
    identifiers = {one.get("system"): str(one.get("value", "")) for one in resource.get("identifier", [])}
    address: dict[str, Any] = next(iter(resource.get("address", [])), {})
    born = str(resource.get("birthDate", ""))
    return Person(
        person_id=person,
        patient_id=described.id,
        name=name or kana,  # many names, of children above all, are written in kana only
        kana=kana,
        birth_date=date.fromisoformat(born) if len(born) == 10 else None,
        sex=resource.get("gender", "unknown") if resource.get("gender") in _SEXES else "unknown",
        district=str(address.get("district") or address.get("city") or ""),
        insurer_no=re.split("[:-]", identifiers.get(INSURED, ""), maxsplit=1)[0],
        kana_key=kana_key(kana),
        guarded=_guarded(resource),
    )


def _address(person: UUID, described: Described) -> PersonAddress:
    """The first address, as one text; a person who lives nowhere that we know of has an empty one."""
    resource = described.resource
    given: dict[str, Any] = next(iter(resource.get("address", [])), {})
    parts = [given.get(name, "") for name in ("state", "city", "district")] + list(given.get("line", []))
    text = str(given.get("text") or "".join(str(part) for part in parts))[:300]
    return PersonAddress(
        person_id=person, text=text, address_key=address_key(text), guarded=_guarded(resource)
    )


def _guarded(resource: dict[str, Any]) -> bool:
    """Whether the Patient is under a protective measure (支援措置): restricted or very restricted in FHIR's own code."""
    labels = resource.get("meta", {}).get("security", [])
    return any(one.get("system") == _CONFIDENTIALITY and one.get("code") in {"R", "V"} for one in labels)


def _is_kana(name: dict[str, Any], text: str) -> bool:
    """Whether a name is the reading: marked SYL (ISO 21090) as JP Core does, or written in kana only."""
    marks = [one.get("valueCode") for one in name.get("extension", [])]
    return "SYL" in marks or (
        bool(text) and all("\u3040" <= sign <= "\u30ff" or sign in " \u3000" for sign in text)
    )
