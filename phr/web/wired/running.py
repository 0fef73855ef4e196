"""The pages of those who run the service: its state with what to do, letters tried again, and accounts of staff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from phr.domain import running as rules
from phr.domain.signin import STAFF
from phr.errors import NotFound
from phr.services.accounts import Asked, Member
from phr.services.figures import Figure
from phr.services.operate import Flow
from phr.web.ports import Session
from phr.web.sessions import WebSession, held, organisation_name
from phr.web.views.parts import Proof
from phr.web.views.running import (
    Attention,
    Change,
    Connector,
    DeadLetter,
    FigureLine,
    Queue,
    StaffAccount,
    StaffAccounts,
    Status,
)
from phr.web.wired.keeping import Lag, boxes, told
from phr.web.wired.operate import Operating
from phr.web.wired.parts import together

_CHECKS: Final = ("audit-", "begun-", "job-")
_WEEKS: Final = 6
_UNITS: Final = {"devices": "{devices}", "uptake": "%", "incidents": "1"}
_NOT_ABOUT_PEOPLE: Final = frozenset({"incidents"})
_ORDER: Final = ("residents", "opt-ins", "withdrawals", "devices", "uptake", "incidents")


class RunningArea(Operating):
    """Counts and states, never a person's data."""

    def status(self, session: Session) -> Status:
        """How the service is. The standby is another server: it is asked before anything is held at this one."""
        one = held(session)
        named = bool(self._system.settings.replica_url)
        return self._status(one, self._system.operate.standby() if named else None, named=named)

    @together
    def _status(self, one: WebSession, lag: Lag | None, *, named: bool) -> Status:
        now, today = self._parts.now(), self._parts.today()
        found = self._system.operate.status(actor=one.subject, request=one.request)
        flow = self._system.operate.flow(self._parts.zone, actor=one.subject, request=one.request)
        proof, reviews = self._proof(one), self._open_reviews(one)
        connectors = (*_workers(found.workers, now), *_ways_in(flow, now))
        kept = told(flow, found.workers, lag, now, standby=named)
        queues = tuple(
            Queue(kind, number, int((now - since).total_seconds())) for kind, number, since in flow.waiting
        )
        root = None if flow.root is None else flow.root[0]
        wants = [
            *_of_trail(proof, reviews, late=rules.root_late(root, today)),
            *self._of_incidents(one),
            *_of_flow(flow, connectors, now),
            *boxes(kept),
            *_of_sign_in(flow),
        ]
        weeks = tuple(today - timedelta(days=7 * back) for back in reversed(range(_WEEKS)))
        return Status(
            now=now,
            attention=tuple(wants),
            connectors=connectors,
            queues=queues,
            dead=tuple(
                DeadLetter(str(each.letter), each.kind, each.created, each.attempts, each.error)
                for each in flow.dead
            ),
            quarantine=_most(flow.set_apart),
            refused=_most(flow.turned_away),
            audit=proof,
            root=root,
            emergency_unreviewed=reviews["emergency"],
            locked=flow.locked,
            failed=flow.failed,
            kept=kept,
            k=self._parts.settings.export_k,
            weeks=weeks,
            figures=self._figures(one, weeks),
            requests=self._to_approve(one),
        )

    def _open_reviews(self, one: WebSession) -> Counter[str]:
        """Looks that nobody has reviewed yet, by their kind."""
        found = self._parts.reviews.listed(actor=one.subject, request=one.request)
        return Counter(review.kind for review in found if review.finding is None)

    def _of_incidents(self, one: WebSession) -> list[Attention]:
        due = self._system.incidents.due(actor=one.subject, request=one.request)
        found = []
        if due.get("late"):
            found.append(Attention("incident-late", "alarm", due["late"]))
        if due.get("soon"):
            found.append(Attention("incident-soon", "warn", due["soon"]))
        return found

    def _figures(self, one: WebSession, weeks: Sequence[date]) -> tuple[FigureLine, ...]:
        """For each week the newest figure of the seven days until its day."""
        rows = self._system.figures.since(
            weeks[0] - timedelta(days=6), actor=one.subject, request=one.request
        )
        names = sorted({(row.name, row.part) for row in rows}, key=lambda key: (_place(key[0]), key[1]))
        lines = []
        for name, part in names:
            own = [row for row in rows if (row.name, row.part) == (name, part)]
            picked = [_until(own, day) for day in weeks]
            lines.append(
                FigureLine(
                    name,
                    part,
                    _UNITS.get(name, "{people}"),
                    tuple(None if each is None else _shown(each) for each in picked),
                    tuple(
                        each is not None and each.n is None and each.name not in _NOT_ABOUT_PEOPLE
                        for each in picked
                    ),
                )
            )
        return tuple(lines)

    def retry_letter(self, session: Session, letter: str) -> None:
        """Let a dead letter be tried again."""
        one = held(session)
        self._system.operate.revive(_id(letter), actor=one.subject, request=one.request)

    @together
    def staff_accounts(self, session: Session) -> StaffAccounts:
        """The accounts of staff."""
        one = held(session)
        members = self._system.managing.staff(actor=one.subject, request=one.request)
        names = self._parts.directory.named(
            (each.asked.asked_by for each in members if each.asked is not None), request=one.request
        )
        shown = {subject: listed.display or subject for subject, listed in names.items()}
        return StaffAccounts(
            tuple(_account(each, one.subject, shown) for each in members), tuple(sorted(STAFF))
        )

    def sign_out_account(self, session: Session, account: str) -> None:
        """End every session of an account."""
        one = held(session)
        self._system.managing.sign_out(_id(account), actor=one.subject, request=one.request)

    def disable_account(self, session: Session, account: str) -> None:
        """Let nobody sign in with an account."""
        one = held(session)
        self._system.managing.disable(_id(account), actor=one.subject, request=one.request)

    def ask_role(self, session: Session, account: str, role: str, organisation: str) -> None:
        """Ask for another role or organisation."""
        one = held(session)
        self._system.managing.ask(_id(account), role, organisation, actor=one.subject, request=one.request)

    def decide_role(self, session: Session, change: str, *, approve: bool) -> None:
        """Approve or refuse a change that somebody asked for."""
        one = held(session)
        decide = self._system.managing.approve if approve else self._system.managing.refuse
        decide(_id(change), actor=one.subject, request=one.request)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("nothing of this name") from None


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _until(rows: Sequence[Figure], day: date) -> Figure | None:
    of_week = [row for row in rows if day - timedelta(days=7) < row.day <= day]
    return of_week[-1] if of_week else None


def _shown(row: Figure) -> float | None:
    if row.n is None or row.whole is None:
        return row.n
    return 100 * row.n / row.whole if row.whole else None


def _workers(seen: dict[str, datetime], now: datetime) -> list[Connector]:
    return [
        Connector("worker", name, rules.worker(at, now), at)
        for name, at in sorted(seen.items())
        if not name.startswith(_CHECKS)
    ]


def _ways_in(flow: Flow, now: datetime) -> list[Connector]:
    made = []
    for name in sorted({each.name for each in flow.providers}):
        open_ones = [each for each in flow.providers if each.name == name and each.state == "connected"]
        number, failing = sum(each.number for each in open_ones), sum(each.failing for each in open_ones)
        last = max((each.last_success for each in open_ones if each.last_success is not None), default=None)
        made.append(Connector("cloud", name, rules.cloud(number, failing, last, now), last, number, failing))
    return [*made, *(Connector("box", name, rules.box(at, now), at) for name, at in flow.gateways)]


def _most(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Counts by reason without the vital that it was of, most first."""
    found: dict[str, int] = {}
    for reason, number in counts.items():
        word = reason.rpartition(":")[2]
        found[word] = found.get(word, 0) + number
    return tuple(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _of_trail(proof: Proof | None, reviews: Counter[str], *, late: bool) -> list[Attention]:
    found = []
    if proof is not None and not proof.ok:
        found.append(Attention("audit-broken", "alarm", 1))
    if reviews["emergency"]:
        found.append(Attention("emergency-unreviewed", "alarm", reviews["emergency"]))
    if reviews["unusual"]:
        found.append(Attention("unusual-unreviewed", "warn", reviews["unusual"]))
    if late:
        found.append(Attention("root-late", "warn", 1))
    return found


def _of_flow(flow: Flow, connectors: Sequence[Connector], now: datetime) -> list[Attention]:
    old = [number for _, number, since in flow.waiting if now - since > rules.LETTER_OLD]
    silent = sum(each.kind == "worker" and each.state != "running" for each in connectors)
    failing = sum(each.kind != "worker" and each.state in {"late", "failing"} for each in connectors)
    counted: list[tuple[str, int]] = [
        ("worker-silent", silent or int(not any(each.kind == "worker" for each in connectors))),
        ("outbox-failed", len(flow.dead)),
        ("outbox-late", sum(old)),
        ("connector-failing", failing),
    ]
    return [Attention(what, "warn", number) for what, number in counted if number]


def _of_sign_in(flow: Flow) -> list[Attention]:
    return [Attention("locked-out", "notice", flow.locked)] if flow.locked else []


def _account(one: Member, me: str, names: dict[str, str]) -> StaffAccount:
    return StaffAccount(
        str(one.account),
        one.subject,
        one.display or one.subject,
        one.role,
        one.recipient,
        organisation_name(one.recipient),
        one.disabled,
        one.sessions,
        one.seen,
        one.second_factor,
        one.subject == me,
        None if one.asked is None else _change(one.asked, me, names, own=one.subject == me),
    )


def _change(asked: Asked, me: str, names: dict[str, str], *, own: bool) -> Change:
    return Change(
        str(asked.change),
        asked.role,
        organisation_name(asked.recipient),
        names.get(asked.asked_by, asked.asked_by),
        asked.asked_at,
        asked.asked_by == me,
        own,
    )
