"""Import files: batches from a reader to receive, read ahead in a thread or in processes, resumable, with progress."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from ingest import parallel
from ingest.errors import IngestError
from ingest.files.checkup_person import mismatches
from ingest.registry import FORMATS
from ingest.series import Batch, Reject, Series
from phr.domain.access import Access, machine
from phr.domain.documents import Described, describe, dump, parse
from phr.errors import Invalid, Refused
from phr.ids import new_id
from phr.store.uow import Store

_SAMPLES: Final = (
    400_000  # in one transaction: enough to merge each day once, little enough to hold in memory
)
_FIRST: Final = (
    100_000  # in the first; each next is twice as large, so that storing starts while files are decoded
)
_AHEAD: Final = 4  # batches read while the last one is stored
Progress = Callable[[int, int], None]
ReceiveOne = Callable[..., Any]
"""The receive use case: person, series, request, rejects, documents, file_mark -> a receipt with ``add``."""
PatientOf = Callable[[UUID], str]
"""The Patient id of a person."""
RegisterOne = Callable[[dict[str, Any], str], UUID]
"""Registers the person of a Patient: resource, request -> person."""
Differs = Callable[[UUID, dict[str, Any]], tuple[str, ...]]
"""In what a Patient of a file differs from what is known of a person; nothing for formats that are not checked."""
_NAMED: Final = frozenset({"checkup-csv", "checkup-xml", "checkup-fhir"})
"""Formats that say who was examined, and must be right about it (R2-1)."""
_INSURED: Final = "urn:phr:insured"


@dataclass
class _Pending:
    """What was read for one person and not yet received."""

    series: list[Series] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    documents: list[Described] = field(default_factory=list)
    samples: int = 0
    mark: str = ""

    def take(self, batch: Batch, documents: list[Described]) -> None:
        self.series.extend(batch.series)
        self.rejects.extend(batch.rejects)
        self.documents.extend(documents)
        self.samples += sum(len(one) for one in batch.series)
        self.mark = batch.mark


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import: people seen, their receipts added up, and what was nobody's in particular."""

    people: dict[str, UUID]
    receipt: Any
    unowned: tuple[Reject, ...] = ()


class Importing:
    """Imports files for one city."""

    def __init__(
        self,
        store: Store,
        receive: ReceiveOne,
        register: RegisterOne,
        patient_of: PatientOf,
        zone: ZoneInfo,
        recipient: str,
    ) -> None:
        self._patient_of = patient_of
        self._store = store
        self._receive = receive
        self._register = register
        self._zone = zone
        self._recipient = recipient

    def __call__(
        self,
        name: str,
        path: Path,
        *,
        request: str,
        person: UUID | None = None,
        people: Callable[[str], UUID] | None = None,
        zone: ZoneInfo | None = None,
        progress: Progress | None = None,
    ) -> Imported:
        """Imports a file or folder for one person, or for the people that a file names.

        people: the person behind a key in the file. Raises Invalid for an unknown format or a missing path, or a
        check-up of somebody else than the person it is for, of which nothing is stored; and Refused when the file
        itself cannot be read: what was received before stays, and a repeat goes on there.
        """
        if name not in FORMATS:
            raise Invalid(f"unknown format; known are {', '.join(sorted(FORMATS))}", field="format")
        if not path.exists():
            raise Invalid("no such file or folder", field="path")
        digest = file_digest(name, path)
        owner = person or UUID(int=0)
        start = self._mark(person, digest, request) if person is not None else ""
        differs = self._differing(request) if name in _NAMED else lambda _person, _resource: ()
        job = _Job(
            self._receive,
            self._zone,
            request,
            digest,
            person,
            people,
            self._register,
            self._patient_of,
            differs,
        )
        try:
            for batch in _ahead(parallel.read(name, path, zone=zone or self._zone, mark=start)):
                job.take(batch)
                if progress is not None:
                    progress(batch.done, batch.total)
            job.finish(owner)
        except IngestError as error:
            job.keep()
            raise Refused(str(error)) from error
        return Imported(job.people, job.receipt, tuple(job.unowned))

    def _differing(self, request: str) -> Differs:
        """Compares the people of a file with the register, reading each of ours once."""
        known: dict[UUID, dict[str, Any]] = {}

        def differs(person: UUID, resource: dict[str, Any]) -> tuple[str, ...]:
            if person not in known:
                known[person] = self._identity(person, request)
            return mismatches(dump(resource).encode(), **known[person])

        return differs

    def _identity(self, person: UUID, request: str) -> dict[str, Any]:
        """Birth date, sex and insured number of a person, as far as they are known."""
        access = Access("system", "import", self._recipient, "register", request, person)
        with self._store.begin(access) as uow:
            found = uow.people.get(person)
            document = None if found is None else uow.documents.get("Patient", found.patient_id)
            uow.commit()
        identifiers = [] if document is None else parse(document.body.encode()).get("identifier", [])
        insured = [str(one.get("value", "")) for one in identifiers if one.get("system") == _INSURED]
        return {
            "birth_date": None if found is None else found.birth_date,
            "sex": "unknown" if found is None else found.sex,
            "insured_no": next(iter(insured), ""),
        }

    def _mark(self, person: UUID, digest: str, request: str) -> str:
        with self._store.begin(machine(self._recipient, "collect", request, person, "import")) as uow:
            mark = uow.intake.mark(person, digest)
            uow.commit()
        return mark


class _Job:
    """One import on its way."""

    def __init__(
        self,
        receive: ReceiveOne,
        zone: ZoneInfo,
        request: str,
        digest: str,
        person: UUID | None,
        people: Callable[[str], UUID] | None,
        register: RegisterOne,
        patient_of: PatientOf,
        differs: Differs,
    ) -> None:
        self._patient_of = patient_of
        self._differs = differs
        self._receive = receive
        self._zone = zone
        self._request = request
        self._digest = digest
        self._person = person
        self._of_key = people
        self._register = register
        self._pending: dict[UUID, _Pending] = {}
        self.people: dict[str, UUID] = {}
        self.unowned: list[Reject] = []
        self.receipt: Any = None

    def take(self, batch: Batch) -> None:
        """Adds a batch; stores when enough is waiting."""
        if batch.person_key is None and self._person is None and not batch.series and not batch.documents:
            self.unowned.extend(batch.rejects)
            return
        unfit: Counter[str] = Counter()
        resources = _parsed(batch.documents, unfit)
        owner = self._registered(batch, resources, unfit) or self._owner(batch.person_key)
        if other := self._somebody_else(owner, resources):
            self.unowned.append(Reject("another-person", ", ".join(other)))
            return
        pending = self._pending.setdefault(owner, _Pending())
        pending.take(batch, self._adopted(resources, owner, unfit))
        pending.rejects.extend(Reject("invalid-document", place, n) for place, n in sorted(unfit.items()))
        if sum(one.samples for one in self._pending.values()) >= _SAMPLES:
            self.keep()

    def _owner(self, key: str | None) -> UUID:
        if self._person is None and key is not None and self._of_key is not None:
            if key not in self.people:
                self.people[key] = self._of_key(key)
            return self.people[key]
        if self._person is None:
            raise Invalid("the file does not say whose it is; name a resident", field="resident")
        if key is not None:
            self.people.setdefault(key, self._person)
            if len(self.people) > 1:
                raise Invalid("the file holds several people; import it without naming one", field="resident")
        return self._person

    def _somebody_else(self, owner: UUID, resources: list[dict[str, Any]]) -> tuple[str, ...]:
        """In what the file's person is not the one it is to be stored for; a file for one person is then refused."""
        patients = [one for one in resources if one.get("resourceType") == "Patient"]
        found = tuple(dict.fromkeys(name for one in patients for name in self._differs(owner, one)))
        if found and self._person is not None:
            raise Invalid(
                f"the file is of another person: {', '.join(found)} differs; nothing was stored",
                field="resident",
            )
        return found

    def _registered(self, batch: Batch, resources: list[dict[str, Any]], unfit: Counter[str]) -> UUID | None:
        """The person of a Patient in the batch, who says whose it is when nobody else does."""
        person: UUID | None = None
        for resource in resources:
            if resource.get("resourceType") == "Patient" and self._person is None:
                key = batch.person_key or str(resource.get("id", ""))
                try:
                    if key not in self.people:
                        self.people[key] = self._register({**resource, "id": key}, self._request)
                    person = self.people[key]
                except Invalid as problem:
                    unfit[problem.field] += 1
        return person

    def _adopted(self, resources: list[dict[str, Any]], owner: UUID, unfit: Counter[str]) -> list[Described]:
        """The other documents as the owner's own: two people's files may use the same ids and other names."""
        found: list[Described] = []
        for resource in resources:
            if resource.get("resourceType") == "Patient":
                continue
            mark = str(resource.get("id") or dump(resource))
            mine = {**resource, "id": str(uuid5(owner, mark))}
            if "subject" in resource:
                mine["subject"] = {"reference": f"Patient/{self._patient_of(owner)}"}
            try:
                found.append(describe(mine, self._zone, lambda: str(new_id())))
            except Invalid as problem:
                unfit[problem.field] += 1
        return found

    def keep(self, *, finished: bool = False) -> None:
        """Receives what is waiting, one transaction for each person, and notes how far the file was read."""
        for owner, pending in self._pending.items():
            receipt = self._receive(
                owner,
                pending.series,
                request=self._request,
                rejects=pending.rejects,
                documents=pending.documents,
                file_mark=(self._digest, pending.mark, finished),
            )
            if self.receipt is None:
                self.receipt = receipt
            else:
                self.receipt.add(receipt)
        self._pending.clear()

    def finish(self, owner: UUID) -> None:
        """Receives the rest. A file that held nothing still leaves its mark and a receipt of zeros."""
        if not self._pending and self.receipt is None and owner.int:
            self._pending[owner] = _Pending()
        self.keep(finished=True)


def file_digest(name: str, path: Path) -> str:
    """What identifies a file or folder: format, names, sizes and a hash of the beginnings; cheap for gigabytes."""
    found = sha256(name.encode())
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    for one in files:
        found.update(f"{one.relative_to(path.parent)}:{one.stat().st_size}:".encode())
        with one.open("rb") as stream:
            found.update(stream.read(65_536))
    return found.hexdigest()


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Reads the next batches in a thread while the caller stores the last: parsing and the database overlap."""
    waiting: queue.Queue[Batch | BaseException | None] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(thing: Batch | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put(thing, timeout=0.2)
            except queue.Full:
                continue
            return

    def read() -> None:
        # Closed here and not wherever it is forgotten: a database is closed by the thread that opened it.
        with closing(batches) if isinstance(batches, Generator) else nullcontext():
            try:
                for batch in batches:
                    put(batch)
                    if stop.is_set():
                        return
                put(None)
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                put(error)

    reader = threading.Thread(target=read, name="import-reader", daemon=True)
    reader.start()
    try:
        while (thing := waiting.get()) is not None:
            if isinstance(thing, BaseException):
                raise thing
            yield thing
    finally:
        stop.set()
        reader.join()


def _parsed(bodies: Sequence[bytes], unfit: Counter[str]) -> list[dict[str, Any]]:
    """The documents that are JSON; one that is not is counted and does not cost the rest of the file."""
    found = []
    for body in bodies:
        try:
            found.append(parse(body))
        except Invalid as problem:
            unfit[problem.field] += 1
    return found
