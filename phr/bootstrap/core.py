"""What every part of the system stands on: settings, keys, the database, the store, identities and deliveries."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

from phr.clock import Clock
from phr.config import Settings
from phr.domain.keys import derive
from phr.services.receive import Receive
from phr.services.register import Register
from phr.store.context import Sealer
from phr.store.engine import Database, embedded, external, open_engine, refuse_powerful_role
from phr.store.uow import Store


@dataclass
class Core:
    """The ground of the system, made on first use."""

    settings: Settings
    clock: Clock

    @cached_property
    def closing(self) -> ExitStack:
        """What holds connections says here how they are given back."""
        return ExitStack()

    def close(self) -> None:
        """Gives every connection back; the system is of no use afterwards."""
        self.closing.close()

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
        store = Store(open_engine(self.database.app, self.settings.pool_size), self.sealer)
        self.closing.callback(store.close)
        return store

    @cached_property
    def register(self) -> Register:
        """Identities."""
        return Register(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def receive(self) -> Receive:
        """Deliveries."""
        return Receive(self.store, self.clock, self.settings.tz, self.settings.recipient)

    def lasting_key(self, use: str) -> bytes:
        """A key for one use that survives rotation: derived from the oldest secret, which must stay in the list."""
        return derive(self.secrets[-1], use)

    def key(self, use: str) -> bytes:
        """A key for one use, derived from the newest secret."""
        return derive(self.secrets[0], use)
