"""Doctor: looks at the installation from the database to the disk, and says what is wrong and what mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Final

from phr.clock import Clock
from phr.config import Settings
from phr.domain import examination as rules
from phr.domain import signs
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.examination import Finding
from phr.domain.examination_log import Slot, log
from phr.domain.examination_rules import point_rules
from phr.domain.examination_server import neighbours, standby
from phr.domain.points_rules import rules_of
from phr.errors import Unsafe
from phr.store.engine import Database
from phr.store.examination import Facts, answers, facts, revisions
from phr.store.operations import Kept
from phr.store.standby import Behind
from phr.store.uow import Store

_CIVIL: Final = timedelta(
    minutes=10
)  # zones differ by quarters of an hour at least; clocks are another check
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class _Records:
    """What the service itself has noted."""

    beats: dict[str, datetime]
    oldest: datetime | None
    dead: int
    kept: list[Kept]
    slot: Slot | None


class Doctor:
    """Every check on its own: one that cannot be made is a finding and stops no other."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Callable[[], Database],
        store: Callable[[], Store],
        seals: Callable[[], list[str]],
        reach: Callable[[str], bool],
        certificate: Callable[[str], datetime | None],
        standby: Callable[[], Behind | None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._database = database
        self._store = store
        self._seals = seals
        self._reach = reach
        self._certificate = certificate
        self._standby = standby

    def __call__(self, *, request: str) -> list[Finding]:
        """All findings, in the order in which they are mended."""
        self._request = request
        return [self._one(name, check) for name, check in self._checks()]

    def _one(self, name: str, check: Callable[[], Finding]) -> Finding:
        try:
            return check()
        except Exception as error:  # noqa: BLE001 - whatever is broken is what is looked for; its text may hold a secret
            return rules.unknown(name, type(error).__name__)

    def _checks(self) -> Iterator[tuple[str, Callable[[], Finding]]]:
        """Names and checks: what the others stand on comes first."""
        s = self._settings
        yield "secrets", self._of_secrets
        yield "disk", self._of_disk
        yield "database", self._of_database
        if not self._answers:
            yield from self._around()
            return
        yield "migrations", lambda: rules.migrations(self._facts.revision, *revisions())
        yield "keys", lambda: rules.keys(self._facts.accepted, self._seals())
        yield "role", lambda: rules.role(self._facts.role, powerful=self._facts.powerful)
        yield "policies", lambda: rules.doors(self._facts.open_tables)
        yield "neighbours", lambda: neighbours(self._facts.strangers)
        yield "clock", lambda: rules.clock(self._skew(self._facts.now))
        yield "zones", self._of_zones
        yield "connections", lambda: rules.connections(self._facts.used, self._facts.limit)
        yield "worker", lambda: rules.worker(self._records.beats.get(signs.WORKER), self._clock.now())
        yield "jobs", self._of_jobs
        yield "rules", self._of_rules
        yield (
            "letters",
            lambda: rules.letters(self._records.oldest, self._records.dead, self._clock.now()),
        )
        yield "backups", lambda: self._of_backups(loopback=s.on_loopback)
        yield "log", self._of_log
        yield "audit", self._of_trail
        if s.replica_url:
            yield "standby", self._of_standby
        yield from self._around()

    def _around(self) -> Iterator[tuple[str, Callable[[], Finding]]]:
        """What settings name besides the database."""
        s = self._settings
        yield (
            "address",
            lambda: rules.address(loopback=s.on_loopback, https=s.base_url.startswith("https://")),
        )
        if not s.on_loopback and s.base_url.startswith("https://"):
            yield "certificate", lambda: rules.certificate(self._certificate(s.base_url), self._clock.now())
        yield "guards", self._of_guards
        mail = f"smtp://{s.smtp_host}:{s.smtp_port}"
        for name, setting, url in (
            ("broker", "PHR_BROKER_URL", s.broker_url),
            ("ledger", "PHR_LEDGER_URL", s.ledger_url),
            ("mail", "PHR_SMTP_HOST", mail if s.smtp_host else ""),
            ("common-id", "PHR_OIDC_ISSUER", s.oidc_issuer),
            ("tracing", "PHR_TRACING_URL", s.tracing_url),
        ):
            yield name, partial(self._of_server, name, setting, url)
        yield "google", self._of_google

    @cached_property
    def _answers(self) -> bool:
        try:
            return answers(self._database(), admin=False)
        except Exception:  # noqa: BLE001 - without secrets, or a server that does not start: the check itself says so
            return False

    @cached_property
    def _facts(self) -> Facts:
        self._asked = self._clock.now()
        found = facts(self._database(), self._settings.zone, self._seals())
        self._told = self._clock.now()
        return found

    def _skew(self, theirs: datetime) -> float:
        """Seconds by which the database's clock differs from ours; nothing of it is what the answer took."""
        return (theirs - min(max(theirs, self._asked), self._told)).total_seconds()

    @cached_property
    def _records(self) -> _Records:
        access = Access("operator", "doctor", self._settings.recipient, "operate", self._request)
        with self._store().begin(access) as uow:
            letters = uow.gauges.letters()
            found = _Records(
                uow.operations.beats(),
                min((since for _kind, state, _n, since in letters if state == "waiting"), default=None),
                sum(number for _kind, state, number, _since in letters if state == "dead"),
                uow.operations.newest_kept(),
                None if (slot := uow.gauges.slot()) is None else Slot(*slot),
            )
            uow.commit()
        return found

    def _of_secrets(self) -> Finding:
        try:
            weak = any(len(one) < 32 for one in self._settings.secrets())
        except Unsafe:
            return rules.secrets(weak=True, readable=False, loopback=False)
        kept = self._settings.home / "secret.key"
        readable = kept.exists() and bool(kept.stat().st_mode & _OTHERS)
        return rules.secrets(weak=weak, readable=readable, loopback=self._settings.on_loopback)

    def _of_disk(self) -> Finding:
        home = self._settings.home.resolve()
        there = next(folder for folder in (home, *home.parents) if folder.exists())
        usage = shutil.disk_usage(there)
        return rules.room(usage.free, usage.total)

    def _of_database(self) -> Finding:
        if not self._answers:
            return rules.unreachable(admin_answers=answers(self._database(), admin=True))
        return rules.server(self._facts.version)

    def _of_zones(self) -> Finding:
        here = self._facts.now.astimezone(self._settings.tz).replace(tzinfo=None)
        return rules.zone(self._settings.zone, agree=abs(here - self._facts.civil) < _CIVIL)

    def _of_jobs(self) -> Finding:
        found = signs.jobs(self._records.beats)
        return rules.jobs([job for job, (_went, failing) in found.items() if failing])

    def _of_rules(self) -> Finding:
        return point_rules(day_at(self._clock.now(), self._settings.tz), rules_of)

    def _of_backups(self, *, loopback: bool) -> Finding:
        good = {one.kind: one.at for one in reversed(self._records.kept) if one.ok}
        return rules.backups(
            good.get("backup"), good.get("restore-drill"), self._clock.now(), loopback=loopback
        )

    def _of_log(self) -> Finding:
        base = max((one.at for one in self._records.kept if one.kind == "base" and one.ok), default=None)
        return log(self._records.beats.get(signs.LOG), self._records.slot, base, self._clock.now())

    def _of_trail(self) -> Finding:
        at, held = signs.checked(self._records.beats) or (None, None)
        return rules.trail(held, at, self._clock.now(), signs.checked_wholly(self._records.beats))

    def _of_standby(self) -> Finding:
        found = self._standby()
        return standby(None if found is None else timedelta(seconds=found.seconds))

    def _of_server(self, name: str, setting: str, url: str) -> Finding:
        return rules.reachable(name, used=bool(url), answers=bool(url) and self._reach(url), setting=setting)

    def _of_guards(self) -> Finding:
        s = self._settings
        return rules.guards(
            loopback=s.on_loopback,
            second_factor=s.two_factors,
            rates=s.limits_rates,
            token=s.metrics_token.get_secret_value(),
        )

    def _of_google(self) -> Finding:
        s = self._settings
        given = {
            "PHR_GOOGLE_CLIENT_ID": bool(s.google_client_id),
            "PHR_GOOGLE_CLIENT_SECRET": bool(s.google_client_secret.get_secret_value()),
            "PHR_GOOGLE_WEBHOOK_SECRET": bool(s.webhook_secrets()),
        }
        return rules.together("google", given, "Google Health")
