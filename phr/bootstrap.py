"""The one place where parts are chosen and joined."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from phr.clock import Clock, SystemClock
from phr.config import Settings
from phr.domain.keys import derive
from phr.services.accounts import Accounts
from phr.services.consents import Consents
from phr.services.receive import Receive
from phr.services.register import Register
from phr.store.context import Sealer
from phr.store.engine import Database, embedded, external, open_engine, refuse_powerful_role
from phr.store.migrate import upgrade
from phr.store.uow import Store


@dataclass
class System:
    """Everything that this process runs, made on first use."""

    settings: Settings
    clock: Clock

    @cached_property
    def secrets(self) -> list[bytes]:
        """The installation's secrets, newest first."""
        return self.settings.secrets()

    @cached_property
    def database(self) -> Database:
        """How to reach the database."""
        s = self.settings
        if s.database_url:
            return external(s.database_url, s.database_admin_url, self.secrets[-1])
        return embedded(s.home, self.secrets[-1])

    @cached_property
    def sealer(self) -> Sealer:
        """Seals contexts."""
        return Sealer(self.secrets)

    @cached_property
    def store(self) -> Store:
        """The store, opened as the service's own role."""
        connection = self.database.app()
        refuse_powerful_role(connection)
        connection.close()
        return Store(open_engine(self.database.app, self.settings.pool_size), self.sealer)

    @cached_property
    def register(self) -> Register:
        """Identities."""
        return Register(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def consents(self) -> Consents:
        """Consents."""
        return Consents(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def receive(self) -> Receive:
        """Deliveries."""
        return Receive(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def accounts(self) -> Accounts:
        """Sign-in."""
        return Accounts(self.store, self.clock, self.settings.session_minutes)

    def migrate(self) -> None:
        """Brings the database to this version."""
        upgrade(self.database, self.sealer)

    def key(self, use: str) -> bytes:
        """A key for one use, derived from the newest secret."""
        return derive(self.secrets[0], use)


def start(settings: Settings | None = None, clock: Clock | None = None) -> System:
    """The system as settings say."""
    return System(settings or Settings(), clock or SystemClock())
