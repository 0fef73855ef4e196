"""Writes FHIR documents: create, update, patch, delete and their conditional forms, one after another for each person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.documents import Described, subject_of
from phr.domain.fhir.condition import only
from phr.domain.fhir.patching import patched
from phr.domain.fhir.rules import may_write, writing_purpose
from phr.domain.fhir.texts import dump, parse
from phr.domain.fhir.types import UNCLASSIFIED, kinds
from phr.errors import Conflict, Gone, Invalid, NotAllowed, NotFound, Refused, Unmet
from phr.ids import new_id
from phr.services.fhir.changes import Change, Written
from phr.services.fhir.conditions import Find, fitting, held, is_measured, measured
from phr.services.fhir.filing import Filed, document, ended, file
from phr.services.fhir.reserved import refuse_guessable, refuse_kept
from phr.store.audit import NOBODY
from phr.store.documents import Document
from phr.store.uow import Store, UnitOfWork

Measure = Callable[[UnitOfWork, bytes, str], tuple[str, int, str]]
"""Takes an Observation where measurements go: unit of work, JSON, patient -> its id, status, OperationOutcome."""
Keep = Callable[[UnitOfWork, UUID, Described], str]
"""Keeps an Observation as a document under its own id, judged as a measurement is -> OperationOutcome, "" for no alarm."""
Identify = Callable[[dict[str, Any], str], str]
"""The id that an Observation gets where measurements go: resource, patient; "" for one that is kept as a document."""


class Amend(Protocol):
    """Reads and corrects what was measured, by the id that the service gave it."""

    def present(self, uow: UnitOfWork, identity: str) -> str:
        """Its JSON in this context; "" for what is not there."""

    def __call__(
        self, uow: UnitOfWork, identity: str, resource: dict[str, Any], present: dict[str, Any]
    ) -> str:
        """Puts what a resource says in its place, in a context that collects -> OperationOutcome, "" for no alarm."""


class Means(NamedTuple):
    """How Observations reach the place where measurements go."""

    measure: Measure
    keep: Keep
    identify: Identify
    amend: Amend
    find: Find


_LASTING: Final = (
    "an id of this form is the service's own, for what was measured: that is corrected by an update, and not"
    " deleted here; the person sets a wrong value apart on the page of values in doubt"
)


class Writing:
    """Writes the documents of one city."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, means: Means) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._measure, self._keep, self._identify, self._amend, self._find = means

    def apply(self, change: Change) -> Written:
        """One change in one transaction. A refusal leaves its own row in the trail."""
        try:
            with self._store.begin(change.caller) as uow:
                done = self.within(uow, change)
                uow.commit()
        except NotAllowed as refusal:
            about = change.caller if change.person is None else replace(change.caller, person=change.person)
            self._store.record(about, [("write", change.kind, "refused", refusal.reason[:80])])
            raise
        return done

    def within(self, uow: UnitOfWork, change: Change) -> Written:
        """The same in a transaction that is open in the caller's context, to which it returns."""
        done = {"create": self._create, "update": self._update, "patch": self._patch, "delete": self._delete}
        written = done[change.action](uow, change)
        uow.switch(change.caller)
        return written

    def identity(self, resource: dict[str, Any]) -> str:
        """The id of a new Observation that goes where measurements go, before it is stored; "" for any other."""
        subject = resource.get("subject")
        patient = str(subject.get("reference", "")) if isinstance(subject, dict) else ""
        return self._identify(resource, patient.removeprefix("Patient/"))

    def _create(self, uow: UnitOfWork, change: Change) -> Written:
        resource = {**(change.resource or {})}
        identity = change.identity or str(new_id())
        resource["id"] = identity
        made = self._filed(uow, change, resource, identity)
        if change.condition:
            known = self.present(uow, change, made.person)
            if known is not None:
                return shown(uow, known)
        measured = not change.identity or is_measured(change.kind, change.identity)
        return self._put(uow, change, made, None, measured=measured)

    def _update(self, uow: UnitOfWork, change: Change) -> Written:
        resource = {**(change.resource or {})}
        if change.condition:
            identity = str(resource.get("id", ""))
            made = self._filed(uow, change, {**resource, "id": identity or "new"}, "new")
            present = self.present(uow, change, made.person)
            if present is not None and identity not in ("", present.id):
                raise Invalid("must be the id of the resource that fits", field=f"{change.kind}.id")
            resource["id"] = identity or (str(new_id()) if present is None else present.id)
        if is_measured(change.kind, str(resource["id"])):
            return self._amended(uow, change, str(resource["id"]), lambda _present: resource)
        made = self._filed(uow, change, resource, str(resource["id"]))
        return self._replace(uow, change, made, uow.documents.get(change.kind, str(resource["id"])))

    def _patch(self, uow: UnitOfWork, change: Change) -> Written:
        if is_measured(change.kind, change.identity):
            return self._amended(uow, change, change.identity, lambda now: patched(now, change.operations))
        present = self._target(uow, change)
        if present is None:
            raise NotFound("no such resource")
        if present.deleted:
            raise Gone("deleted")
        if is_measured(change.kind, present.id):
            return self._amended(uow, change, present.id, lambda now: patched(now, change.operations))
        resource = patched(parse(present.body.encode()), change.operations)
        made = self._filed(uow, change, resource, present.id)
        return self._replace(uow, change, made, present)

    def _delete(self, uow: UnitOfWork, change: Change) -> Written:
        if is_measured(change.kind, change.identity):
            raise Refused(_LASTING)
        present = self._target(uow, change)
        if present is None or present.deleted:
            _expect(change, present)
            uow.audit.add(
                "erase", change.kind, change.person or NOBODY, outcome="refused", reason="not-found"
            )
            return Written(204, change.kind, change.identity)
        _expect(change, present)
        if is_measured(change.kind, present.id):
            raise Refused(_LASTING)
        before = parse(present.body.encode())
        if not change.admits("d", before):
            raise NotFound("no such resource")
        self._may(change, present.category)
        refuse_kept(change.kind, before, present.person_id)
        writer = self._writer(change, present.person_id)
        own = change.caller.role == "resident" and change.caller.purpose == "self"
        if own and present.category not in ("guidance",):  # whose it is needs nobody's consent to delete it
            writer = change.caller
        uow.switch(writer)
        gone = ended(present, self._clock.now())
        uow.documents.end(gone)
        uow.audit.add(
            "erase", change.kind, present.person_id, categories=present.category, count=gone.version
        )
        return Written(204, change.kind, present.id, gone.version, gone.updated_at)

    def _target(self, uow: UnitOfWork, change: Change) -> Document | None:
        """The document that a patch or a deletion means, with the lock of whose it is."""
        if change.condition:
            if change.person is None:
                raise Invalid("name a patient", field="patient")
            uow.vitals.lock(change.person)
            return self.present(uow, change, change.person)
        found = uow.documents.get(change.kind, change.identity)
        if found is None:
            return None
        uow.vitals.lock(found.person_id)
        return uow.documents.get(change.kind, change.identity)

    def present(self, uow: UnitOfWork, change: Change, person: UUID) -> Document | None:
        """The one document that fits the condition. Raises Unmet when several do."""
        return only(fitting(uow, change, person, self._zone, self._find))

    def held(self, uow: UnitOfWork, kind: str, condition: str, person: UUID) -> Iterator[Document]:
        """A person's resources that fit a condition."""
        return held(uow, kind, condition, person, self._zone, self._find)

    def _filed(self, uow: UnitOfWork, change: Change, resource: dict[str, Any], identity: str) -> Filed:
        """The resource with whose it is: somebody whom this caller may write about; and the lock of that person."""
        if resource.get("resourceType") != change.kind:
            raise Invalid("is not the type in the address", field="resourceType")
        if any(one.get("code") == "SUBSETTED" for one in _tags(resource)):
            raise Refused("a resource of which parts were left out cannot be stored")
        made = file(uow, resource, self._zone, identity, self._clock.now())
        if made.person != NOBODY and change.caller.role == "resident" and made.person != change.caller.person:
            raise NotFound("no such patient")
        self._may(change, made.category)
        refuse_kept(change.kind, made.described.resource, made.person)
        uow.vitals.lock(made.person)
        return made

    def _may(self, change: Change, category: str) -> None:
        kind, caller = kinds()[change.kind], change.caller
        if not may_write(kind, caller.role, caller.purpose, category):
            raise NotAllowed("this role does not write this for this purpose")

    def _replace(self, uow: UnitOfWork, change: Change, made: Filed, present: Document | None) -> Written:
        _expect(change, present)
        if present is None:
            refuse_guessable(change, made.person, made.described.id)
            return self._put(uow, change, made, None)
        if present.person_id != made.person:
            raise Refused("a resource stays with the person whom it is about")
        if not present.deleted:
            before = parse(present.body.encode())
            if not change.admits("u", before):
                raise NotFound("no such resource")
            refuse_kept(change.kind, before, present.person_id)
            if made.described.same_content(present.body):
                uow.audit.add(
                    "correct", change.kind, made.person, categories=made.category, count=present.version
                )
                return _written(present, 200)
        return self._put(uow, change, made, present)

    def _put(
        self,
        uow: UnitOfWork,
        change: Change,
        made: Filed,
        present: Document | None,
        *,
        measured: bool = False,
    ) -> Written:
        """Stores the next version. measured: an Observation goes where measurements go, which gives it its id."""
        new = present is None or present.deleted
        if not change.admits("c" if change.action == "create" else "u", made.described.resource):
            raise NotAllowed("the token's scopes do not admit this resource")
        uow.switch(self._writer(change, made.person))
        outcome = ""
        if change.kind == "Observation" and made.category != UNCLASSIFIED:
            if measured and change.resource is not None:
                return self._measured(uow, change.resource, made)
            outcome = self._keep(uow, made.person, made.described)
        else:
            next_one = document(made, 1 if present is None else present.version + 1, self._clock.now())
            if present is None:
                uow.documents.add(next_one)
            else:
                uow.documents.put(next_one)
            action = "write" if new else "correct"
            uow.audit.add(action, change.kind, made.person, categories=made.category, count=next_one.version)
            return _written(next_one, 201 if new else 200)
        stored = uow.documents.get(change.kind, made.described.id)
        if stored is None:
            raise Conflict("it was changed meanwhile")
        return replace(_written(stored, 201 if new else 200), outcome=outcome)

    def _measured(self, uow: UnitOfWork, resource: dict[str, Any], made: Filed) -> Written:
        plain = {name: value for name, value in resource.items() if name != "id"}
        identity, status, outcome = self._measure(uow, dump(plain).encode(), made.described.subject)
        return Written(status, "Observation", identity, outcome=outcome)

    def _amended(
        self,
        uow: UnitOfWork,
        change: Change,
        identity: str,
        becoming: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Written:
        """A measurement with another value: its next version, under the id that it has."""
        text = self._amend.present(uow, identity)
        if not text:
            raise NotFound("no such Observation")
        before = parse(text.encode())
        made = self._filed(uow, change, becoming(parse(text.encode())), identity)
        if made.described.subject != subject_of(before):
            raise NotFound("no such Observation")
        before = parse(self._amend.present(uow, identity).encode())  # under the lock
        if not change.admits("u", before):
            raise NotFound("no such Observation")
        if not change.admits("u", made.described.resource):
            raise NotAllowed("the token's scopes do not admit this resource")
        if change.expected is not None and str(change.expected) != before["meta"]["versionId"]:
            raise Unmet("another version is the present one")
        uow.switch(self._writer(change, made.person))
        outcome = self._amend(uow, identity, made.described.resource, before)
        after = self._amend.present(uow, identity)
        meta = parse(after.encode())["meta"]
        if meta["versionId"] != before["meta"]["versionId"]:
            was = measured(made.person, identity, made.category, dump(before).encode())
            uow.documents.keep_earlier(replace(was, day=made.described.day))
        at = datetime.fromisoformat(meta["lastUpdated"])
        return Written(200, "Observation", identity, int(meta["versionId"]), at, after, outcome)

    def _writer(self, change: Change, person: UUID) -> Access:
        """The context that writes: what a person sends and what was measured is collected by the city."""
        caller = change.caller
        if person == NOBODY:
            return caller
        purpose = writing_purpose(change.kind, caller.role, caller.purpose)
        recipient = self._recipient if purpose == "collect" else caller.recipient
        return Access(caller.role, caller.actor, recipient, purpose, caller.request, person)


def _tags(resource: dict[str, Any]) -> list[dict[str, Any]]:
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return [one for one in tags if isinstance(one, dict)] if isinstance(tags, list) else []


def _expect(change: Change, present: Document | None) -> None:
    if change.expected is not None and (present is None or present.version != change.expected):
        raise Unmet("another version is the present one")


def shown(uow: UnitOfWork, one: Document) -> Written:
    """What was there already, which the caller gets to see."""
    uow.audit.add("read", one.type, one.person_id, categories=one.category, count=1)
    return _written(one, 200)


def _written(one: Document, status: int) -> Written:
    return Written(status, one.type, one.id, one.version, one.updated_at, one.body)
