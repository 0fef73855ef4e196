"""Backups, drills and what is noted of them: a drill restores beside the service and compares every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access
from phr.errors import PhrError
from phr.ids import new_id
from phr.store import backup
from phr.store.engine import Database, beside
from phr.store.migrate import create_database, drop_database, roles
from phr.store.operations import Kept
from phr.store.uow import Store

_NOT_COMPARED: Final = frozenset({"phr.alembic_version", *backup.LEFT_OUT})
"""A restored database is brought to today's version, and gets new keys."""

Upgrade = Callable[[Database], None]
"""Brings a database to this version, and gives it today's keys."""
Check = Callable[[Database], Sequence[str]]
"""Verifies the audit trail of a restored database: what is wrong, nothing when it holds."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What a drill found. ``problems`` name tables and chains; empty means that every row came back."""

    manifest: Mapping[str, Any]
    rows: int
    seconds: float
    problems: Sequence[str]


class Keeping:
    """Keeps one installation's data safe from loss."""

    def __init__(
        self, store: Callable[[], Store], clock: Clock, recipient: str, database: Database, upgrade: Upgrade
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._database = database
        self._upgrade = upgrade

    def back_up(self, target: Path, recipients: Sequence[str], *, request: str) -> Mapping[str, Any]:
        """Writes one encrypted backup. Raises BackupError and Unsafe; a failure is noted too."""
        began = self._clock.now()
        try:
            with self._database.admin() as admin:
                admin.autocommit = True
                manifest = backup.make(admin, target, recipients, began)
        except PhrError:
            self._note("backup", {"file": target.name}, request, ok=False)
            raise
        rows = sum(count for count, _digest in manifest["tables"].values())
        detail = {
            "file": target.name,
            "bytes": target.stat().st_size,
            "rows": rows,
            "audit": manifest["audit"],
        }
        self._note("backup", detail, request)
        return manifest

    def drill(self, source: Path, identity: str, check: Check, *, request: str) -> Drilled:
        """Restores into a database of its own, compares it with what was counted, and drops it again."""
        began = self._clock.now()
        name = f"phr_drill_{new_id().hex[:12]}"
        target = beside(self._database, name)
        create_database(self._database, name)
        try:
            manifest = self._filled(target, source, identity)
            with target.admin() as admin:
                now, ends = backup.fingerprint(admin), backup.audit_ends(admin)
            problems = [*_differences(manifest, now, ends), *check(target)]
        finally:
            drop_database(self._database, name)
        rows = sum(count for count, _digest in manifest["tables"].values())
        seconds = (self._clock.now() - began).total_seconds()
        detail = {"file": source.name, "rows": rows, "seconds": seconds, "problems": problems[:20]}
        self._note("restore-drill", detail, request, ok=not problems)
        return Drilled(manifest, rows, seconds, problems)

    def restore(self, source: Path, identity: str, *, request: str) -> Mapping[str, Any]:
        """Fills this installation's empty database. Raises Refused when it is not empty, BackupError as ``drill``."""
        roles(self._database)
        with self._database.admin() as admin:
            manifest = backup.restore(admin, source, identity)
        self._upgrade(self._database)
        self._note("restore", {"file": source.name, "made": manifest["at"]}, request)
        return manifest

    def _filled(self, target: Database, source: Path, identity: str) -> Mapping[str, Any]:
        roles(target)
        with target.admin() as admin:
            manifest = backup.restore(admin, source, identity)
        self._upgrade(target)
        return manifest

    def _note(self, kind: str, detail: Mapping[str, Any], request: str, *, ok: bool = True) -> None:
        access = Access("system", "keeping", self._recipient, "operate", request)
        ident: UUID = new_id()
        with self._store().begin(access) as uow:
            uow.operations.keep(ident, Kept(kind, self._clock.now(), ok, detail))
            uow.commit()

    def newest(self, limit: int = 20, *, request: str) -> list[Kept]:
        """The newest backups and drills, newest first."""
        with self._store().begin(Access("operator", "keeping", self._recipient, "operate", request)) as uow:
            found = uow.operations.kept(limit)
            uow.commit()
        return found


def _differences(
    manifest: Mapping[str, Any], now: Mapping[str, list[Any]], ends: Mapping[str, str]
) -> list[str]:
    """Tables and ends of chains that are not what was counted when the backup was made."""
    counted: Mapping[str, list[Any]] = manifest["tables"]
    wrong = [
        f"{table}: the rows are not those of the backup"
        for table, was in counted.items()
        if table not in _NOT_COMPARED and list(now.get(table, [])) != list(was)
    ]
    if dict(ends) != dict(manifest["audit"]):
        wrong.append("the ends of the audit chains are not those of the backup")
    return wrong
