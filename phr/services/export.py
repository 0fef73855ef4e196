"""Export: a de-identified release of day summaries, with a certificate; consent is asked at reading, publishing and download."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd

from ingest.codes import VITALS
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.deid import BadFrame, ReleaseRefused, profile_named
from phr.domain.differencing import Earlier
from phr.domain.pseudonym import ReleaseKey
from phr.domain.release import Release as Built
from phr.domain.release import build, signed
from phr.domain.release_text import Variable
from phr.errors import NotFound, Refused
from phr.ids import new_id
from phr.store.tables import Release
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import DayRow

_PEOPLE: Final = 200  # in one short statement, so that a withdrawal counts for the next
_TRIES: Final = 3
_TOLD: Final = "pseudonymised"
_OUT: Final = ("published", "withdrawn")


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a committee approved: who receives which variables of which days, for what, and until when.

    resolution: day or week; empty is the finest of the profile. project: names a study whose releases may be joined
    over time; empty for releases that share nothing. until: the last day on which the files may be fetched.
    """

    title: str
    committee: str
    recipient: str
    variables: tuple[str, ...]
    first: date
    last: date
    profile: str = "anonymised"
    resolution: str = ""
    project: str = ""
    until: date | None = None
    responsible: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """Secrets of releases: for one release's numbers, for those of projects over years, and for signing."""

    secret: bytes = field(repr=False)
    lasting: bytes = field(repr=False)
    signing: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Published:
    """A release as it was published."""

    release_id: str
    certificate: Mapping[str, Any]
    rows: int
    persons: int
    suppressed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Read:
    days: pd.DataFrame
    people: pd.DataFrame
    snapshot: dict[UUID, list[tuple[str, int]]]


def variables() -> dict[str, Variable]:
    """Every variable that may be asked for, by its code: the vitals, and the components of panels."""
    found: dict[str, Variable] = {}
    for key, vital in VITALS.items():
        if vital.split:
            continue
        for channel in vital.channels:
            several = len(vital.channels) > 1
            coding = channel.codings[0] if several else vital.codings[0]
            name_ja = f"{vital.name_ja} {channel.name_ja}" if several else vital.name_ja
            name_en = f"{vital.name_en} {channel.name}" if several else vital.name_en
            code = f"{key}.{channel.name}" if several and coding.code in VITALS else coding.code
            found[code] = Variable(code, name_ja, name_en, channel.ucum, coding.system, vital.fhir_category)
    return found


def _code_of(row: DayRow) -> str:
    vital = VITALS[row.code]
    if len(vital.channels) == 1:
        return vital.codings[0].code
    coding = vital.channel(row.channel).codings[0].code
    return f"{row.code}.{row.channel}" if coding in VITALS else coding


class Export:
    """Makes and hands out the releases of one city."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, keys: Keys, k: int, reads: Store
    ) -> None:
        self._store = store
        self._reads = reads
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._keys = keys
        self._k = k

    def publish(self, protocol: Protocol, *, actor: str, request: str) -> Published:
        """Makes a release and publishes it. Raises Refused with what would help when k cannot be kept."""
        access = Access("researcher", actor, protocol.recipient, "research-deidentified", request)
        known = variables()
        unknown = [code for code in protocol.variables if code not in known]
        if unknown:
            raise Refused(f"variables: {unknown[0]} is not in the catalogue")
        for _ in range(_TRIES):
            release_id = f"rel-{new_id()}"
            read = self._read(protocol, access)
            earlier = self._earlier(protocol, access)
            key = self._project_key(protocol, access)
            wanted = [known[code] for code in protocol.variables]
            built = self._build(protocol, release_id, read, wanted, earlier, key)
            if self._publish(protocol, release_id, built, read.snapshot, earlier, access):
                return Published(
                    release_id, built.certificate, built.rows, len(built.persons), built.suppressed
                )
        raise Refused("consents or other releases change faster than the release is made; try again")

    def _earlier(self, protocol: Protocol, access: Access) -> list[Earlier]:
        """The releases that this one must not differ from by a few people: who was in them, by class."""
        with self._store.begin(self._comparing(access)) as uow:
            found = [
                Earlier(
                    release,
                    {str(person): name for person, name in uow.releases.classes(release).items()},
                    told=_TOLD == profile == protocol.profile,
                )
                for release, profile in uow.releases.comparable(protocol.recipient)
            ]
            uow.commit()
        return found

    def _comparing(self, access: Access) -> Access:
        """The service's own context, which sees who is in a release and nothing that was measured."""
        return machine(self._recipient, "operate", access.request, part="export")

    def _project_key(self, protocol: Protocol, access: Access) -> ReleaseKey | None:
        if not protocol.project:
            return None
        with self._store.begin(access) as uow:
            fresh = secrets.token_bytes(32)
            seed = uow.releases.seed(protocol.recipient, protocol.project, fresh, self._clock.now())
            uow.commit()
        return ReleaseKey.of_project(
            self._keys.lasting, f"{protocol.recipient} {protocol.project}", seed=seed
        )

    def _read(self, protocol: Protocol, access: Access) -> _Read:
        """Summaries and people, a few people in each short transaction."""
        codes = [key for key, vital in VITALS.items() if not vital.split]
        wanted = set(protocol.variables)
        rows: list[dict[str, Any]] = []
        people: list[dict[str, Any]] = []
        snapshot: dict[UUID, list[tuple[str, int]]] = {}
        after = UUID(int=0)
        while True:
            with self._reads.begin(access) as uow:
                days = uow.vitals.release_days(codes, protocol.first, protocol.last, after, _PEOPLE)
                seen = sorted({row.person_id for row in days})
                people.extend(_people(uow, seen))
                snapshot.update(uow.consents.versions(seen))
                for person in seen:
                    uow.audit.add(
                        "export", "day-summaries", person, count=sum(1 for d in days if d.person_id == person)
                    )
                uow.commit()
            if not seen:
                return _Read(_frame(rows), pd.DataFrame(people, columns=list(_PERSON)), snapshot)
            rows.extend(_row(row) for row in _one_source(days) if _code_of(row) in wanted)
            after = seen[-1]

    def _build(
        self,
        protocol: Protocol,
        release_id: str,
        read: _Read,
        wanted: Sequence[Variable],
        earlier: Sequence[Earlier],
        key: ReleaseKey | None,
    ) -> Built:
        snapshot = [
            (str(person), consent, version)
            for person, held in read.snapshot.items()
            for consent, version in held
        ]
        try:
            built = build(
                read.days,
                read.people,
                profile_named(protocol.profile),
                k=self._k,
                secret=self._keys.secret,
                release_id=release_id,
                created=self._clock.now().astimezone(self._zone),
                consent_snapshot=snapshot,
                variables=wanted,
                resolution=protocol.resolution,
                project=key,
                earlier=earlier,
            )
        except (ReleaseRefused, BadFrame) as error:
            raise Refused(str(error)) from error
        return signed(built, self._keys.signing)

    def _publish(
        self,
        protocol: Protocol,
        release_id: str,
        built: Built,
        snapshot: Mapping[UUID, list[tuple[str, int]]],
        earlier: Sequence[Earlier],
        access: Access,
    ) -> bool:
        """Publishes when consents and earlier releases are still those that were read; tells whether it did."""
        members = {UUID(person): snapshot[UUID(person)] for person in built.persons}
        classes = {UUID(person): name for person, name in built.classes.items()}
        now = self._clock.now()
        with self._store.begin(self._comparing(access)) as uow:
            uow.releases.lock()
            compared = [release for release, _ in uow.releases.comparable(protocol.recipient)]
            if compared != [each.release_id for each in earlier]:
                return False
            uow.switch(access)
            if uow.consents.versions(sorted(members)) != dict(sorted(members.items())):
                return False
            uow.releases.put(
                Release(
                    release_id=release_id,
                    recipient=protocol.recipient,
                    state="published",
                    protocol={
                        "title": protocol.title,
                        "committee": protocol.committee,
                        "variables": list(protocol.variables),
                        "first": protocol.first.isoformat(),
                        "last": protocol.last.isoformat(),
                        "profile": protocol.profile,
                        "resolution": built.certificate["resolution"],
                        "project": protocol.project,
                        "until": "" if protocol.until is None else protocol.until.isoformat(),
                        "responsible": protocol.responsible,
                    },
                    certificate=dict(built.certificate),
                    created_at=now,
                    published_at=now,
                )
            )
            uow.releases.put_files(release_id, built.files)
            uow.releases.put_members(release_id, protocol.recipient, members, classes, now)
            numbers = {UUID(person): number for number, person in (built.table or {}).items()}
            uow.releases.put_vault(release_id, protocol.recipient, numbers)
            for person in members:
                uow.audit.add("release", release_id, person, count=1)
            uow.commit()
        return True

    def reader(self, recipient: str, actor: str, request: str) -> Access:
        """A recipient's reason to fetch a release."""
        return Access("researcher", actor, recipient, "research-deidentified", request)

    def file(self, release_id: str, name: str, access: Access) -> bytes:
        """A file of a release, while every member's consent stands; otherwise the files are destroyed.

        Raises NotFound for what is not there or not this recipient's, and Refused once somebody has withdrawn.
        """
        with self._store.begin(access) as uow:
            release = uow.releases.get(release_id)
            if release is None or release.recipient != access.recipient or release.state not in _OUT:
                raise NotFound("no such release")
            if self._ended(release):
                uow.audit.add("download", release_id, outcome="refused")
                uow.commit()
                raise Refused("the approved period has ended")
            stale = release.state != "published" or self._stale(uow, release_id)
            body = None if stale else uow.releases.file(release_id, name)
            if stale:
                release.state = "withdrawn"
                uow.releases.destroy_files(release_id)
            uow.audit.add(
                "download", release_id, count=0 if body is None else 1, outcome="refused" if stale else "ok"
            )
            uow.commit()
        if stale:
            raise Refused("a person in this release has withdrawn; ask for a new one")
        if body is None:
            raise NotFound("no such file")
        return body

    def _ended(self, release: Release) -> bool:
        """Whether the last day of the approval is over: links end with it."""
        until = release.protocol.get("until", "")
        return bool(until) and day_at(self._clock.now(), self._zone) > date.fromisoformat(until)

    def gone(self, release_id: str, access: Access) -> list[tuple[str, datetime]]:
        """The numbers of a pseudonymised release that its recipient must delete, and since when (R8-35)."""
        with self._store.begin(access) as uow:
            found = uow.releases.gone(release_id)
            uow.audit.add("numbers-to-delete", release_id, count=len(found))
            uow.commit()
        return found

    def _stale(self, uow: UnitOfWork, release_id: str) -> bool:
        members = uow.releases.members(release_id)
        now = uow.consents.versions(sorted(members))
        return any(now.get(person, []) != held for person, held in members.items())

    def listed(self, access: Access) -> list[Release]:
        """A recipient's releases, newest first."""
        with self._store.begin(access) as uow:
            found = list(uow.releases.listed(access.recipient))
            uow.commit()
        return found

    def one(self, release_id: str, access: Access) -> Release:
        """One release of this recipient."""
        for release in self.listed(access):
            if release.release_id == release_id:
                return release
        raise NotFound("no such release")


_PERSON: Final = ("person", "birth_date", "sex", "district")
_DAY: Final = ("person", "code", "day", "n", "min", "max", "mean", "sum", "worn_minutes")


def _people(uow: UnitOfWork, seen: Sequence[UUID]) -> list[dict[str, Any]]:
    return [
        {
            "person": str(one.person_id),
            "birth_date": one.birth_date,
            "sex": one.sex,
            "district": one.district or "unknown",
        }
        for one in uow.people.traits(seen)
    ]


def _one_source(days: Sequence[DayRow]) -> list[DayRow]:
    """One source for each person, code, channel and day: the one with the most values. Sources are never added up."""
    best: dict[tuple[UUID, str, str, date], DayRow] = {}
    for row in days:
        place = (row.person_id, row.code, row.channel, row.day)
        known = best.get(place)
        if known is None or (row.summary.n, str(row.source_id)) > (known.summary.n, str(known.source_id)):
            best[place] = row
    return list(best.values())


def _row(row: DayRow) -> dict[str, Any]:
    s = row.summary
    return dict(
        zip(
            _DAY,
            (
                str(row.person_id),
                _code_of(row),
                row.day,
                s.n,
                s.minimum,
                s.maximum,
                s.mean,
                s.total,
                s.worn_minutes,
            ),
            strict=True,
        )
    )


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(_DAY))
