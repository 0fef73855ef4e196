"""Backups and drills, wired to the database that migrates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from phr.bootstrap.core import Core
from phr.services.keeping import Keeping
from phr.services.keeping_log import KeepingLog
from phr.services.retention import Retaining
from phr.services.trail import Trail
from phr.store.baseline import Baseline
from phr.store.engine import Database, open_engine
from phr.store.migrate import upgrade
from phr.store.retention import Retention
from phr.store.uow import Store


class Kept(Core):
    """What keeps the data from loss."""

    @cached_property
    def keeping(self) -> Keeping:
        """Backups, restores and drills."""
        s = self.settings
        return Keeping(
            lambda: self.store,
            self.clock,
            s.recipient,
            self.database,
            lambda other: upgrade(other, self.sealer),
        )

    @cached_property
    def keeping_log(self) -> KeepingLog:
        """Base backups and the database's log, for the state of any instant."""
        s = self.settings
        return KeepingLog(lambda: self.store, self.clock, s.recipient, self.database, s.home / "wal")

    @cached_property
    def retaining(self) -> Retaining:
        """Deleting samples by their age, when somebody asks for it."""
        s = self.settings
        return Retaining(Retention(self.database.admin, self.sealer), self.clock, s.tz, s.recipient)

    @property
    def backup_recipients(self) -> list[str]:
        """The age public keys that backups are encrypted for."""
        return [one.strip() for one in self.settings.backup_recipients.split(",") if one.strip()]

    def trail_problems(self, database: Database) -> Sequence[str]:
        """What is wrong with the audit trail of another database, such as a restored one; nothing when it holds."""
        engine = open_engine(database.app, 1)
        try:
            trail = Trail(Store(engine, self.sealer), self.clock, self.settings.tz, self.settings.recipient)
            return trail.verify(request="restore-drill").problems
        finally:
            engine.dispose()

    def cut_connections(self, half: int) -> int:
        """Ends about half of the service's connections (0 or 1: which), as a fault that benchmarks and drills make."""
        return Baseline(self.database.admin).cut(half)
