"""A FHIR transaction: several changes in one transaction of the database, with the references between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from phr.domain.documents import subject_of
from phr.domain.fhir.bundling import check_once, conditional, links, resolved
from phr.domain.fhir.types import NOBODY, kinds
from phr.errors import Conflict, Invalid, NotAllowed, NotFound, PhrError, Unmet
from phr.ids import new_id, person_id
from phr.services.fhir.changes import Change, Written
from phr.services.fhir.writing import Writing, shown
from phr.store.documents import Document
from phr.store.uow import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a transaction: its place in the Bundle, and the address under which others refer to it."""

    place: int
    full_url: str
    change: Change


class FailedError(Exception):
    """A step that failed, and with it everything."""

    def __init__(self, place: int, error: Exception) -> None:
        super().__init__(str(error))
        self.place = place
        self.error = error


class Transacting:
    """Does all of it or nothing."""

    def __init__(self, store: Store, writing: Writing) -> None:
        self._store = store
        self._writing = writing

    def run(self, steps: Sequence[Step]) -> dict[int, Written]:
        """What became of each step, by its place. steps: in the order in which they are to be done.

        Raises FailedError with the step that failed; then nothing of it stays, but a row in the trail for a refusal.
        """
        caller, at = steps[0].change.caller, _At(steps[0].place)
        try:
            with self._store.begin(caller) as uow:
                done = self._within(uow, steps, at)
                uow.commit()
        except PhrError as error:
            if isinstance(error, NotAllowed):
                kind = next(one.change.kind for one in steps if one.place == at.place)
                self._store.record(caller, [("write", kind, "refused", error.reason[:80])])
            raise FailedError(at.place, error) from error
        return done

    def _within(self, uow: UnitOfWork, steps: Sequence[Step], at: _At) -> dict[int, Written]:
        done: dict[int, Written] = {}
        targets = {one.full_url: _place(one.change) for one in steps if one.full_url and one.change.identity}
        ready: list[Step] = []
        for step in steps:
            at.place = step.place
            ready.append(step if _may_measure(step.change) else self._identified(uow, step, targets, done))
        known = self._references(uow, ready, targets, at)
        ready = [self._measured(step, {**targets, **known}, targets) for step in ready]
        check_once(_touched(ready))
        for step in ready:
            if step.place in done:
                continue
            at.place, change = step.place, step.change
            if change.resource is not None:
                change = replace(change, resource=resolved(change.resource, {**targets, **known}))
            done[step.place] = self._writing.within(uow, change)
            if done[step.place].status == 409:
                raise Conflict("another value of the same instant and source is there")
        return done

    def _measured(self, step: Step, known: Mapping[str, str], targets: dict[str, str]) -> Step:
        """A new Observation with its id: what it measured gives it one, once the rest of the transaction has theirs."""
        if not _may_measure(step.change) or step.change.identity:
            return step
        identity = self._writing.identity(resolved(step.change.resource or {}, known)) or str(new_id())
        if step.full_url:
            targets[step.full_url] = f"Observation/{identity}"
        return replace(step, change=replace(step.change, identity=identity))

    def _identified(
        self, uow: UnitOfWork, step: Step, targets: dict[str, str], done: dict[int, Written]
    ) -> Step:
        """The step with the id of what it writes, found by its condition or new; others may refer to it from now on."""
        change = step.change
        identity = change.identity
        if change.condition:
            present = self._fitting(uow, change)
            if present is not None and change.action == "create":
                done[step.place] = shown(uow, present)
            if present is None and change.action == "create" and change.kind == "Observation":
                return replace(step, change=replace(change, condition=""))  # what it measured gives it its id
            if present is None and change.action == "patch":
                raise NotFound("no such resource")
            if present is None and change.action == "delete":
                done[step.place] = Written(204, change.kind)
            given = str((change.resource or {}).get("id", "")) if change.action == "update" else ""
            if present is not None and given not in {"", present.id}:
                raise Invalid("must be the id of the resource that fits", field=f"{change.kind}.id")
            identity = given or ("" if present is None else present.id)
        if not identity and change.action in {"create", "update"}:
            identity = str(new_id())
        if step.full_url and identity:
            targets[step.full_url] = f"{change.kind}/{identity}"
        resource = change.resource
        if resource is not None and change.action == "update":
            resource = {**resource, "id": identity}
        return replace(step, change=replace(change, identity=identity, condition="", resource=resource))

    def _fitting(self, uow: UnitOfWork, change: Change) -> Document | None:
        person = change.person
        if change.resource is not None:
            person = _whose(change.resource) or person
        if person is None:
            raise Invalid("name a patient", field="patient")
        uow.vitals.lock(person)
        return self._writing.present(uow, change, person)

    def _references(
        self, uow: UnitOfWork, steps: Sequence[Step], targets: Mapping[str, str], at: _At
    ) -> dict[str, str]:
        """What each conditional reference means: exactly one resource of the people in the transaction, or the directory."""
        people = {NOBODY, *([caller.person] if (caller := steps[0].change.caller).person else [])}
        for step in steps:
            resource = resolved(step.change.resource or {}, targets)
            people |= {whose} if (whose := _whose(resource)) else set()
        known: dict[str, str] = {}
        for step in steps:
            for link in links(step.change.resource):
                asked = conditional(link)
                if asked is not None and link not in known:
                    at.place = step.place
                    known[link] = self._meant(uow, asked, people)
        return known

    def _meant(self, uow: UnitOfWork, asked: tuple[str, str], people: set[UUID]) -> str:
        kind, query = asked
        if kind not in kinds():
            raise Unmet("a conditional reference to a type that is not held here")
        found = {one.id for person in sorted(people) for one in self._writing.held(uow, kind, query, person)}
        if len(found) != 1:
            raise Unmet("a conditional reference fits none, or more than one")
        return f"{kind}/{found.pop()}"


@dataclass(slots=True)
class _At:
    """The place of the entry that is being done: what goes wrong, went wrong there."""

    place: int


def _may_measure(change: Change) -> bool:
    """Whether it is an Observation that may go where measurements go."""
    return change.kind == "Observation" and change.action == "create" and not change.condition


def _touched(steps: Sequence[Step]) -> list[tuple[int, str, str]]:
    """Place, type and id of each write; the same measurement twice is one, as it is in two requests."""
    found = {}
    for one in steps:
        alike = _may_measure(one.change) and ("Observation", one.change.identity)
        found[alike or one.place] = (one.place, one.change.kind, one.change.identity)
    return list(found.values())


def _place(change: Change) -> str:
    return f"{change.kind}/{change.identity}"


def _whose(resource: Mapping[str, Any]) -> UUID | None:
    """Whom a resource says that it is about, before it is validated."""
    try:
        named = subject_of(dict(resource))
    except (Invalid, KeyError, TypeError, AttributeError):
        return None
    return person_id(named) if named else None
