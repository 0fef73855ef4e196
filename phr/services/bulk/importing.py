"""Importing: lines of NDJSON through the same intake as single resources, each with its own outcome; a repeat changes nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any, Final
from uuid import UUID, uuid5

from phr.domain.access import Access
from phr.domain.bulk.answers import problem
from phr.domain.bulk.frames import Part
from phr.domain.bulk.sieve import writable
from phr.domain.documents import subject_of
from phr.domain.fhir.texts import parse
from phr.domain.fhir.types import DIRECTORY, kinds
from phr.errors import Invalid, PhrError
from phr.ids import hard_to_guess, parse_observation_id
from phr.services.bulk.files import BulkFiles, Draft
from phr.services.bulk.walking import access_of
from phr.store.audit import NOBODY
from phr.store.bulk import File, Job
from phr.store.sealed_files import Unreadable
from phr.store.uow import Store

_BLOCK: Final = 10_000  # lines whose outcomes are kept together
_LONGEST: Final = 4_000_000
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_NAMES: Final = UUID("7c0b5a4e-7b2d-5f3c-9d1e-0f4a7c6d2b11")
Keep = Callable[..., None]
"""Keeps the lease: unit of work or nothing, progress, lines. Raises LostLease."""
Take = Callable[..., Sequence[Any]]
"""The intake of one person's Observations: bodies, Patient id, actor, role, request -> status, text, location of each."""
Write = Callable[[dict[str, Any], Access], tuple[int, str]]
"""Writes any other resource under its id: its status and place. Raises an error of the service."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an input, by its number."""

    number: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line: an HTTP status, what the sender must know, and where it is."""

    number: int
    status: int
    text: str

    @property
    def good(self) -> bool:
        """Whether it is stored."""
        return self.status in {200, 201}


class Importing:
    """Works on imports."""

    def __init__(self, store: Store, files: BulkFiles, take: Take, write: Write) -> None:
        self._store = store
        self._files = files
        self._take = take
        self._write = write

    def __call__(self, job: Job, key: str, keep: Keep, request: str) -> None:
        """Takes in what is missing of a job."""
        access = access_of(job, request)
        with self._store.begin(access) as uow:
            files = uow.bulk.jobs.files(job)
            uow.commit()
        inputs = [one for one in files if one.section == "input"]
        begin, done = int(job.progress.get("input", 0)), int(job.progress.get("lines", 0))
        number, told = int(job.progress.get("number", len(inputs))), job.lines
        for index in range(begin, len(inputs)):
            lines = islice(self._lines(inputs[index], key), done, None)
            while block := list(islice(lines, _BLOCK)):
                outcomes = self._block(job, block, access, keep)
                done, told = done + len(block), told + len(outcomes)
                progress = {"input": index, "lines": done, "number": number + 2}
                self._list(job, access, key, keep, f"input {index + 1}", outcomes, number, progress, told)
                number += 2
            done = 0

    def _lines(self, file: File, key: str) -> Iterator[Line]:
        """The lines of an input that hold anything. Raises Unreadable."""
        rest, number = b"", 0
        for piece in self._files.sealed.reading(file.file_id, key):
            *whole, rest = (rest + piece).split(b"\n")
            for body in whole:
                number += 1
                yield Line(number, body.strip())
            if len(rest) > _LONGEST:
                raise Unreadable("a line is too long")
        if rest.strip():
            yield Line(number + 1, rest.strip())

    def _block(self, job: Job, block: Sequence[Line], access: Access, keep: Keep) -> list[Outcome]:
        """The outcomes of some lines, in their order; Observations of one person go together."""
        found: list[Outcome] = []
        together: dict[str, list[Line]] = defaultdict(list)
        for line in (one for one in block if one.body):
            try:
                resource = parse(line.body)
                if resource.get("resourceType") not in kinds():
                    raise Invalid("a type that this service does not hold", field="resourceType")
                refused = _refused(job, resource)
                if refused is not None:
                    found.append(Outcome(line.number, 403, refused))
                elif resource.get("resourceType") == "Observation" and subject_of(resource):
                    together[subject_of(resource)].append(line)
                else:
                    found.append(self._other(line, resource, access))
            except PhrError as trouble:
                found.append(Outcome(line.number, 400, str(trouble)))
        for patient, lines in sorted(together.items()):
            keep()
            found += self._observations(job, patient, lines, access)
        return sorted(found, key=lambda one: one.number)

    def _observations(
        self, job: Job, patient: str, lines: Sequence[Line], access: Access
    ) -> Iterable[Outcome]:
        bodies = [one.body for one in lines]
        taken = self._take(bodies, patient, actor=job.actor, role=job.role, request=access.request)
        for line, one in zip(lines, taken, strict=True):
            if one.status:
                yield Outcome(line.number, one.status, one.location or one.text)
            else:  # not for the columns: a code that no consent names
                try:
                    yield self._other(line, parse(line.body), access)
                except PhrError as trouble:
                    yield Outcome(line.number, 400, str(trouble))

    def _other(self, line: Line, resource: dict[str, Any], access: Access) -> Outcome:
        """Any other resource, under its own id, or one that follows from the line, so that a repeat is the same one."""
        identity = resource.get("id")
        if identity is None:
            identity = str(uuid5(_NAMES, f"{access.recipient} {sha256(line.body).hexdigest()}"))
        if not isinstance(identity, str) or _ID.fullmatch(identity) is None:
            raise Invalid("must be a FHIR id", field="id")
        whole = {**resource, "id": identity}
        if access.role == "resident":  # who writes as themselves sees what of it is there already
            whole, access = named(whole, access.recipient), replace(access, purpose="self")
        status, place = self._write(whole, access)
        return Outcome(line.number, status, place)

    def _list(
        self,
        job: Job,
        access: Access,
        key: str,
        keep: Keep,
        name: str,
        outcomes: Sequence[Outcome],
        number: int,
        progress: dict[str, Any],
        told: int,
    ) -> None:
        """The outcomes of a block, good and bad apart, and where the next one begins, in one transaction."""
        with ExitStack() as stack:
            drafts: dict[str, Draft] = {}
            for one in outcomes:
                section = "output" if one.good else "error"
                if section not in drafts:
                    drafts[section] = stack.enter_context(self._files.writing(key))
                line = _told(name, one)
                drafts[section].add(Part("free", NOBODY, "", "OperationOutcome", "", "", len(line), 1), line)
        with self._store.begin(access) as uow:
            keep(uow, progress=progress, lines=told)
            for place, section in enumerate(sorted(drafts)):
                file = self._files.described(drafts[section], number + place, section, "OperationOutcome")
                uow.bulk.jobs.put_file(job, file)
            uow.commit()


def named(resource: dict[str, Any], owner: str) -> dict[str, Any]:
    """A resident's resource under an id that nobody can guess, and links to such ones too: the same again is the same one.

    Another system may have counted them, and what is counted there may be taken here by somebody else.
    """
    kind, identity = str(resource["resourceType"]), str(resource["id"])
    return {**_linked(resource, owner), "id": _unguessed(kind, identity, owner)}


def _linked(value: Any, owner: str) -> Any:
    if isinstance(value, list):
        return [_linked(one, owner) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _linked(one, owner) for name, one in value.items()}
    kind, slash, identity = str(found.get("reference", "")).partition("/")
    known = kinds().get(kind)
    if slash and known is not None and known.served == "documents" and known.category != DIRECTORY:
        found["reference"] = f"{kind}/{_unguessed(kind, identity, owner)}"
    return found


def _unguessed(kind: str, identity: str, owner: str) -> str:
    if hard_to_guess(identity) or parse_observation_id(identity) is not None:
        return identity
    return str(uuid5(_NAMES, f"{owner} {kind}/{identity}"))


def _refused(job: Job, resource: dict[str, Any]) -> str | None:
    """Why a client may not bring in a resource; None when it may. Whose it is decides the intake itself."""
    if resource.get("resourceType") == "Patient":
        return "the register is not filled by imports"
    if not writable(job.scope, resource):
        return "the token has no scope for this"
    if job.role == "resident" and f"Patient/{subject_of(resource)}" != job.recipient:
        return "no such patient"
    return None


def _told(name: str, one: Outcome) -> bytes:
    words = {200: "already there", 201: "stored"}
    text = f"{words[one.status]}: {one.text}" if one.good else one.text
    code = (
        "informational" if one.good else {403: "forbidden", 422: "business-rule"}.get(one.status, "invalid")
    )
    return problem(text, "information" if one.good else "error", code, f"{name}, line {one.number}")
