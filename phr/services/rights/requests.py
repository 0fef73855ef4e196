"""The register of requests: who asked for what, until when it must be answered, by whom it is handled, and the decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import MAY, Access, machine
from phr.domain.days import day_at
from phr.domain.rights_rules import Tone, due_on, extended, represents, rules, tone
from phr.errors import Conflict, Invalid, NotAllowed, NotFound
from phr.ids import new_id
from phr.store.tables import RightsRequest
from phr.store.uow import Store, UnitOfWork

DECISIONS: Final = ("done", "refused")
_LONGEST: Final = 2000

CarryOut = Callable[[RightsRequest, Access], None]
"""What a granted request makes happen, before the decision is recorded."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for, and as whom."""

    kind: str
    detail: dict[str, Any] = field(default_factory=dict)
    as_whom: str = "self"
    proof: str = ""
    proof_day: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A request with its clock: its last day, how it stands, and how many days are left."""

    row: RightsRequest
    due: date
    tone: Tone
    left: int


class Requests:
    """The requests of one city."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, days: int, carry_out: CarryOut
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._days = days
        self._carry_out = carry_out

    def ask(self, person: UUID, asked: Asked, access: Access) -> UUID:
        """Records a request: the clock runs from now. ``access`` is the person's own, or that of the counter."""
        now = self._clock.now()
        if asked.kind not in rules().request.kinds:
            raise Invalid("must be one of the known kinds", field="kind")
        if any(len(str(value)) > _LONGEST for value in asked.detail.values()):
            raise Invalid("is too long", field="detail")
        represents(asked.as_whom, asked.proof, asked.proof_day, day_at(now, self._zone))
        row = RightsRequest(
            person_id=person,
            request_id=new_id(),
            kind=asked.kind,
            state="open",
            asked_at=now,
            asked_by=access.actor,
            as_whom=asked.as_whom,
            proof=asked.proof.strip(),
            proof_day=asked.proof_day,
            due_on=due_on(now, self._days, self._zone),
            detail=asked.detail,
            updated_at=now,
        )
        with self._store.begin(self._about(access, person)) as uow:
            if access.role != "resident" and uow.people.get(person) is None:
                raise NotFound("no such person")
            uow.rights.put(row)
            uow.audit.add("request", asked.kind, person, count=1)
            uow.commit()
        return row.request_id

    def of_person(self, person: UUID, access: Access) -> list[Standing]:
        """A person's requests, newest first."""
        with self._store.begin(self._about(access, person)) as uow:
            rows = uow.rights.of_person(person)
            uow.commit()
        return [self._standing(row) for row in rows]

    def work(self, access: Access) -> tuple[list[Standing], list[Standing]]:
        """What must be answered, most urgent first, and what was answered last; for the staff."""
        with self._store.begin(_staff(access)) as uow:
            undecided, decided = uow.rights.undecided(), uow.rights.decided()
            for person in {row.person_id for row in undecided}:
                uow.audit.add("read", "request", person, count=1)
            uow.commit()
        open_now = sorted(map(self._standing, undecided), key=lambda one: one.due)
        return open_now, [self._standing(row) for row in decided]

    def one(self, request: UUID, access: Access) -> Standing:
        """One request, for the staff."""
        with self._store.begin(_staff(access)) as uow:
            row = uow.rights.find(request)
            if row is not None:
                uow.audit.add("read", "request", row.person_id, count=1)
            uow.commit()
        if row is None:
            raise NotFound("no such request")
        return self._standing(row)

    def take(self, request: UUID, access: Access) -> None:
        """Somebody of the staff handles it."""

        def change(row: RightsRequest) -> None:
            row.handler = access.actor

        self._change(request, access, "taken", change)

    def extend(self, request: UUID, until: date, reason: str, access: Access) -> None:
        """Moves the last day once, for a reason that the person reads."""
        today = day_at(self._clock.now(), self._zone)

        def change(row: RightsRequest) -> None:
            if row.extended_to is not None:
                raise Conflict("it was extended already")
            row.extended_to = extended(row.due_on, until, reason, today)
            row.extension_reason, row.state = reason.strip(), "extended"

        self._change(request, access, "extended", change, tell="rights.extended")

    def decide(self, request: UUID, outcome: str, decision: str, access: Access) -> None:
        """Decides, carries out what is granted, and tells the person."""
        if outcome not in DECISIONS:
            raise Invalid("must be one of the known decisions", field="outcome")
        if not decision.strip() or len(decision) > _LONGEST:
            raise Invalid("say what was decided and why", field="decision")
        row = self.one(request, access).row
        if row.decided_at is not None:
            raise Conflict("it was decided already")
        if outcome == "done":
            self._carry_out(row, access)

        def change(row: RightsRequest) -> None:
            row.decided_at, row.state, row.decision = self._clock.now(), outcome, decision.strip()
            row.handler = row.handler or access.actor

        self._change(request, access, outcome, change, tell="rights.decided")

    def cancel(self, person: UUID, request: UUID, access: Access) -> RightsRequest:
        """The person takes a request back."""
        with self._store.begin(access) as uow:
            row = uow.rights.get(person, request, lock=True)
            if row is None:
                raise NotFound("no such request")
            if row.decided_at is not None:
                raise Conflict("it was decided already")
            row.state, row.decided_at = "cancelled", self._clock.now()
            row.updated_at = row.decided_at
            uow.rights.put(row)
            uow.audit.add("request", "cancelled", person)
            uow.commit()
        return row

    def due(self, *, request: str = "status") -> dict[str, int]:
        """How many requests are in time, soon and late."""
        with self._store.begin(machine(self._recipient, "rights", request, None, "requests")) as uow:
            rows = uow.rights.undecided()
            uow.commit()
        counts = {"in-time": 0, "soon": 0, "late": 0}
        for row in rows:
            counts[self._standing(row).tone] += 1
        return counts

    def warn(self, *, request: str) -> int:
        """Notes once for each request that its last day comes near; gives how many were noted now."""
        with self._store.begin(machine(self._recipient, "rights", request, None, "requests")) as uow:
            rows = [row for row in uow.rights.undecided() if row.warned_at is None]
            uow.commit()
        soon = [row for row in rows if self._standing(row).tone in {"soon", "late"}]
        for row in soon:
            with self._store.begin(
                machine(self._recipient, "rights", request, row.person_id, "requests")
            ) as uow:
                held = uow.rights.get(row.person_id, row.request_id, lock=True)
                if held is not None:
                    held.warned_at = self._clock.now()
                    uow.rights.put(held)
                    uow.audit.add("request", "due-soon", row.person_id)
                uow.commit()
        return len(soon)

    def _change(
        self,
        request: UUID,
        access: Access,
        word: str,
        change: Callable[[RightsRequest], None],
        *,
        tell: str = "",
    ) -> None:
        person = self.one(request, access).row.person_id
        with self._store.begin(self._about(access, person)) as uow:
            row = uow.rights.get(person, request, lock=True)
            if row is None:
                raise NotFound("no such request")
            if row.decided_at is not None:
                raise Conflict("it was decided already")
            change(row)
            row.updated_at = self._clock.now()
            uow.rights.put(row)
            uow.audit.add("request", word, person)
            if tell:
                self._tell(uow, person, f"{tell}:{request}", tell)
            uow.commit()

    def _tell(self, uow: UnitOfWork, person: UUID, key: str, template: str) -> None:
        payload: dict[str, Any] = {"template": template, "params": {}}
        uow.outbox.post(person, new_id(), "message", key, payload, self._clock.now())

    def _standing(self, row: RightsRequest) -> Standing:
        due = row.extended_to or row.due_on
        today = day_at(self._clock.now(), self._zone)
        return Standing(row, due, tone(due, today, decided=row.decided_at is not None), (due - today).days)

    def _about(self, access: Access, person: UUID) -> Access:
        """A resident acts in their own context, staff in that of requests."""
        return access if access.role == "resident" else _staff(access).about(person)


def _staff(access: Access) -> Access:
    """The reason of those who answer requests. Raises NotAllowed for roles that do not."""
    if "rights" not in MAY.get(access.role, ()):
        raise NotAllowed("role")
    return access.for_purpose("rights")
