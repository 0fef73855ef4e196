"""Food diary: entries as labels give them, a week without double counting, the plan, and one notice a day about fat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.series import MANUAL, Series, Source
from phr.clock import Clock, micros
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.documents import dump, parse
from phr.domain.family.acting import TYPED, typed, typed_name
from phr.domain.nutrition_plan import order, plan_id, planned
from phr.errors import Invalid, NotFound
from phr.ids import new_id
from phr.store.documents import Document
from phr.store.tables import Person
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk
from risk.nutrition import OCCASIONS, Eaten, Food, Plan, Week, eaten, fat_above_plan, occasion_of, week
from risk.nutrition_targets import Target, standard

MEAL: Final = "meal"
DRINK: Final = "8999-5"
NOTICE: Final = "nutrition.fat-above-plan"
_NUTRIENTS: Final = ("energy", "protein", "fat", "carbohydrate", "salt", "fibre")
_USUAL: Final[Mapping[str, int]] = {"breakfast": 7, "lunch": 12, "snack": 15, "dinner": 19}
"""The hour that an entry of yesterday gets."""
_SECOND: Final = 1_000_000

ReceiveOne = Callable[..., Any]
"""The receive use case."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One food or meal that was written down or arrived. start: microseconds, which with the source names it."""

    start: int
    occasion: str
    typed: bool
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DiaryDay:
    """One civil day; water in millilitres, None when nothing was written down."""

    day: date
    eaten: Eaten
    water: float | None


@dataclass(frozen=True, slots=True)
class DiaryWeek:
    """Seven days, oldest first, with means, targets and the plan; entries: of the last days, newest first."""

    days: tuple[DiaryDay, ...]
    means: Week
    targets: Mapping[str, Target]
    plan: Plan
    entries: tuple[Entry, ...]
    age: int | None
    fat_above: bool


class Diary:
    """Keeps and reads what people eat and drink."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, receive: ReceiveOne
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._receive = receive

    def note(
        self,
        person: UUID,
        occasion: str,
        values: Mapping[str, float],
        *,
        yesterday: bool = False,
        proxy: bool = False,
        actor: str,
        request: str,
    ) -> bool:
        """Writes down a food; tells whether the day's fat is now spoken of. Raises Invalid, naming the field.

        The same entry sent twice within a second is one entry.
        """
        if occasion not in OCCASIONS or not values:
            raise Invalid("nothing to write down", field="occasion" if values else "energy")
        channels = {name: values.get(name, float("nan")) for name in _NUTRIENTS}
        moment = self._moment(occasion, yesterday=yesterday)
        self._keep(person, MEAL, typed(occasion, proxy=proxy), channels, moment, actor, request)
        return self.speak(person, request=request)

    def drink(
        self, person: UUID, millilitres: float, *, proxy: bool = False, actor: str, request: str
    ) -> None:
        """Writes down a drink. Raises Invalid."""
        now = self._clock.now()
        self._keep(person, DRINK, typed(proxy=proxy), {"value": millilitres}, now, actor, request)

    def _moment(self, occasion: str, *, yesterday: bool) -> datetime:
        now = self._clock.now()
        if not yesterday:
            return now
        there = now.astimezone(self._zone)
        clock = time(_USUAL[occasion], there.minute, there.second)
        return datetime.combine(there.date() - timedelta(days=1), clock, self._zone)

    def _keep(
        self,
        person: UUID,
        code: str,
        source: Source,
        channels: Mapping[str, float],
        moment: datetime,
        actor: str,
        request: str,
    ) -> None:
        offset = moment.astimezone(self._zone).utcoffset() or timedelta()
        series = Series(
            code,
            source,
            np.array([micros(moment) // _SECOND * _SECOND], np.int64),
            {name: np.array([value], np.float64) for name, value in channels.items()},
            np.array([int(offset.total_seconds())], np.int32),
            np.full(1, MANUAL, np.uint8),
            np.zeros(1, np.int64),
        )
        receipt = self._receive(person, [series], request=request, actor=actor, role="resident")
        if receipt.refused:
            raise Invalid("collecting is not consented", field="consent")
        if receipt.quarantined:
            raise Invalid("cannot be true", field="energy" if code == MEAL else "water")

    def speak(self, person: UUID, *, request: str) -> bool:
        """Posts the notice when today's fat is above the plan, once a day; the letter names no number.

        A person who ended every consent meanwhile is not known any more, and hears nothing.
        """
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(machine(self._recipient, "collect", request, person, "nutrition")) as uow:
            if uow.people.get(person) is None:
                return False
            found = self._read(uow, person, today, today)
            if found.fat_above:
                letter = {"template": NOTICE, "severity": "info", "from": self._recipient}
                key = f"nutrition-fat:{person}:{today.isoformat()}"
                uow.outbox.post(person, new_id(), "message", key, letter, self._clock.now())
            uow.commit()
        return found.fat_above

    def week(self, person: UUID, access: Access, until: date | None = None) -> DiaryWeek:
        """The seven days that end with a day. Raises NotFound for a person whom this caller may not know."""
        last = until or day_at(self._clock.now(), self._zone)
        with self._store.begin(access.about(person)) as uow:
            found = self._read(uow, person, last - timedelta(days=6), last)
            uow.commit()
        return found

    def _read(self, uow: UnitOfWork, person: UUID, since: date, until: date) -> DiaryWeek:
        known = uow.people.get(person)
        if known is None:
            raise NotFound("no such person")
        chunks = uow.vitals.chunks(person, [MEAL, DRINK], since, until)
        keys = {one.source_id: one.key for one in uow.vitals.sources(person).values()} if chunks else {}
        document = uow.documents.get("NutritionOrder", plan_id(person))
        uow.audit.add("read", "Observation", person, categories="nutrition", count=len(chunks))
        plan = Plan(**planned(parse(document.body.encode()))) if document is not None else Plan()
        age, sex = _age(known, until), {"male": "M", "female": "F"}.get(known.sex, "")
        targets, rules = standard().of(age, sex), standard()
        noted = _by_day(chunks, keys)
        span = [since + timedelta(days=at) for at in range((until - since).days + 1)]
        days = tuple(DiaryDay(day, eaten(_foods(noted[day])), _water(chunks, day)) for day in span)
        entries = sorted((one for day in span for _, one in noted[day]), key=lambda one: -one.start)
        return DiaryWeek(
            days=days,
            means=week([one.eaten for one in days], rules),
            targets=targets,
            plan=plan,
            entries=tuple(entries),
            age=age,
            fat_above=fat_above_plan(days[-1].eaten, plan, targets, rules),
        )

    def agree(self, person: UUID, plan: Mapping[str, float], access: Access) -> None:
        """Records a plan that nurse and person agreed on; an empty one ends it.

        Raises Invalid naming the item, NotAllowed without the person's consent, NotFound for an unknown person.
        """
        now = self._clock.now()
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            if known is None:
                raise NotFound("no such person")
            resource = order(person, known.patient_id, plan, now, self._recipient)
            version = uow.documents.version(person, "NutritionOrder", resource["id"]) + 1
            uow.documents.put(self._document(person, resource, version, now))
            uow.audit.add("plan", "NutritionOrder", person, categories="nutrition", count=len(plan))
            uow.commit()

    def _document(self, person: UUID, resource: dict[str, Any], version: int, now: datetime) -> Document:
        body = {**resource, "meta": {"versionId": str(version), "lastUpdated": resource["dateTime"]}}
        return Document(
            person_id=person,
            type="NutritionOrder",
            id=resource["id"],
            version=version,
            deleted=False,
            category="nutrition",
            day=day_at(now, self._zone),
            codes=(),
            labels=(),
            status=resource["status"],
            low=now,
            high=None,
            updated_at=now,
            body=dump(body),
        )


def _age(known: Person, day: date) -> int | None:
    born = known.birth_date
    if born is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _by_day(chunks: Sequence[Chunk], keys: Mapping[UUID, str]) -> dict[date, list[tuple[str, Entry]]]:
    """The foods of each day with the source of each. What is typed is one source, whatever the meal."""
    found: dict[date, list[tuple[str, Entry]]] = defaultdict(list)
    for chunk in chunks:
        if chunk.slot.code != MEAL:
            continue
        key = keys.get(chunk.slot.source_id, "")
        named = typed_name(key)
        columns = chunk.columns
        for row, (start, offset) in enumerate(
            zip(columns.start.tolist(), columns.offset.tolist(), strict=True)
        ):
            hour = datetime.fromtimestamp(start // _SECOND + offset, UTC).hour
            values = {
                name: float(column[row])
                for name, column in columns.channels.items()
                if not np.isnan(column[row])
            }
            entry = Entry(start, named or occasion_of(hour), bool(named), values)
            found[chunk.slot.day].append((TYPED if named else key, entry))
    return found


def _foods(noted: Sequence[tuple[str, Entry]]) -> list[Food]:
    return [Food(one.occasion, source, one.values) for source, one in noted]


def _water(chunks: Sequence[Chunk], day: date) -> float | None:
    """Of the source that tells most of the day: two apps repeat each other."""
    found = [
        (len(one.columns), float(np.nansum(one.columns.channels["value"])))
        for one in chunks
        if one.slot.code == DRINK and one.slot.day == day
    ]
    return max(found)[1] if found else None
