"""Together: a goal that adapts, a streak that forgives, and what teams and districts did, without anybody's values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.build import Choice, build
from phr.clock import Clock
from phr.domain import challenges, goals_game
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.expiry import rules_for
from phr.domain.goals_game import Goal
from phr.domain.points import step_goal
from phr.errors import Invalid, Refused
from phr.store.tables import PointsMember, PointsWeek
from phr.store.uow import Store

Record = Callable[[UUID, dict[str, Any], str, str], str]
"""Records a consent of the person's own: person, resource, actor, request -> its id."""
Withdraw = Callable[[UUID, str, str, str], None]
STEPS: Final = "55423-8"
TEXT_VERSION: Final = "together-2026-11"


@dataclass(frozen=True, slots=True)
class Group:
    """A team or the district: its code, and the mean of the last week that is over; None while too few."""

    code: str
    week: date
    steps: int | None


@dataclass(frozen=True, slots=True)
class Game:
    """What the page shows. goal: None when the person wants none; proposed: what this week could be."""

    wanted: bool
    goal: int | None
    proposed: Goal
    streak: int
    groups: Sequence[Group]
    district: str
    plateau: int


class Together:
    """Goals and groups of one city's people."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        record: Record,
        withdraw: Withdraw,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._record = record
        self._withdraw = withdraw

    def game(self, person: UUID, access: Access) -> Game:
        """A person's own goal and streak, and their groups."""
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            first = today - timedelta(weeks=goals_game.WEEKS)
            steps = uow.rewards.steps([person], STEPS, first, today).get(person, {})
            row = uow.rewards.goal(person)
            groups = [one.group_code for one in uow.rewards.groups(person)]
            uow.audit.add("read", "goal", person, categories="activity", count=len(steps))
            uow.commit()
        plateau = _plateau(None if known is None else known.birth_date, today)
        held = None if row is None or row.goal is None else min(row.goal, plateau)
        need = plateau if held is None else held
        return Game(
            row is None or row.wanted,
            held,
            goals_game.propose(steps, today, plateau, held),
            goals_game.streak([day for day, n in steps.items() if n >= need], today),
            [self._week(code, today, access.request) for code in groups],
            "" if known is None else challenges.district_code(known.district),
            plateau,
        )

    def choose(self, person: UUID, goal: int | None, access: Access) -> None:
        """Takes a goal, never above the plateau; None: no goal, and none is proposed until asked for again."""
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            plateau = _plateau(None if known is None else known.birth_date, today)
            if goal is not None and not goals_game.LOWEST <= goal <= plateau:
                raise Invalid("is out of range", field="goal")
            uow.rewards.put_goal(person, goal, self._clock.now(), wanted=goal is not None)
            uow.audit.add("goal", "chosen" if goal is not None else "refused", person)
            uow.commit()

    def wish(self, person: UUID, access: Access) -> None:
        """Wants goals again; the next page proposes one."""
        with self._store.begin(access.about(person)) as uow:
            uow.rewards.put_goal(person, None, self._clock.now(), wanted=True)
            uow.commit()

    def join(self, person: UUID, code: str, access: Access) -> None:
        """Lets a person's steps count in a group, by a consent that names the group and nothing else."""
        rules = challenges.rules_of()
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            held = [one.group_code for one in uow.rewards.groups(person)]
            uow.commit()
        if known is None or (
            code.startswith("district-") and code != challenges.district_code(known.district)
        ):
            raise Invalid("is not your district", field="team")
        if code in held:
            return
        if (
            any(one.partition("-")[0] == code.partition("-")[0] for one in held)
            or len(held) >= rules.most_groups
        ):
            raise Refused("leave the other group first")
        now = self._clock.now()
        until = today + timedelta(days=30 * rules.months)
        choice = Choice(
            known.patient_id,
            [f"Group/{code}"],
            ["points"],
            ["activity"],
            now,
            self._recipient,
            TEXT_VERSION,
            "app",
            until=until,
        )
        consent = self._record(person, build(choice, self._zone), access.actor, access.request)
        with self._store.begin(self._recording(person, access)) as uow:
            uow.rewards.join(
                PointsMember(person_id=person, group_code=code, consent_id=consent, joined_at=now)
            )
            uow.audit.add("group", f"Group/{code}", person, count=1)
            uow.commit()

    def leave(self, person: UUID, code: str, access: Access) -> None:
        """Leaves at once: the consent ends, so that nothing of the person is read for the group from now on."""
        with self._store.begin(access.about(person)) as uow:
            row = next((one for one in uow.rewards.groups(person) if one.group_code == code), None)
            uow.commit()
        if row is None:
            return
        self._withdraw(person, row.consent_id, access.actor, access.request)
        with self._store.begin(self._recording(person, access)) as uow:
            uow.rewards.leave(person, code, self._clock.now())
            uow.audit.add("group", f"left Group/{code}", person, count=1)
            uow.commit()

    def _week(self, code: str, today: date, request: str) -> Group:
        """The last week that is over, counted once: who comes or goes later changes no figure of it."""
        monday = challenges.week_over(today)
        plateau = rules_for(today).steps.goal
        with self._store.begin(machine(f"Group/{code}", "points", request, part="group")) as uow:
            row = uow.rewards.week(code, monday)
            if row is None:
                members = uow.rewards.members(code)
                days = uow.rewards.steps(members, STEPS, monday, monday + timedelta(days=6))
                steps = {str(one): list(found.values()) for one, found in days.items()}
                mean = challenges.weeks_mean(steps, len(members), plateau, challenges.rules_of())
                now = self._clock.now()
                row = PointsWeek(group_code=code, week=monday, steps=mean, counted_at=now)
                if mean is not None:  # a group that is too small may grow within the week
                    uow.rewards.put_week(row)
                uow.audit.add("count", f"Group/{code}", categories="activity", count=len(members))
            found = Group(code, monday, row.steps)
            uow.commit()
        return found

    def _recording(self, person: UUID, access: Access) -> Access:
        return Access("resident", access.actor, self._recipient, "consent", access.request, person)


def _plateau(born: date | None, today: date) -> int:
    """Where more steps are no better for the game; without an age the lower of the two."""
    rules = rules_for(today)
    if born is None:
        return min(rules.steps.goal, rules.steps.senior_goal)
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return step_goal(rules, age)
