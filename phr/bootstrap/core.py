"""What every part of the system stands on: settings, keys, the database, the store, identities and deliveries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property, partial
from weakref import finalize

from phr import tracing
from phr.bootstrap.counted import CountedReceive
from phr.clock import Clock
from phr.config import Settings
from phr.domain.keys import derive
from phr.services.receive import Receive
from phr.services.register import Register
from phr.store.context import Sealer
from phr.store.engine import (
    Database,
    await_answer,
    embedded,
    external,
    open_engine,
    refuse_powerful_role,
)
from phr.store.gauges import pool
from phr.store.replica import ReplicaStore
from phr.store.standby import Behind, behind
from phr.store.together import Together
from phr.store.traced import Traced
from phr.store.uow import Store


@dataclass
class Core:
    """The ground of the system, made on first use."""

    settings: Settings
    clock: Clock
    pool: Callable[[], tuple[int, int]] = field(default=lambda: (0, 0), init=False)
    """Database connections of this process, in use and idle, once there is a store."""

    @cached_property
    def closing(self) -> ExitStack:
        """What holds connections says here how they are given back: by ``close``, or when nobody has the system any more."""
        stack = ExitStack()
        finalize(self, stack.close).atexit = False  # at its end the process gives everything back by itself
        return stack

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

    def await_database(self, seconds: float, waiting: Callable[[], object] = lambda: None) -> None:
        """Waits until the database answers, so long; ``waiting`` is called once when it has to."""
        await_answer(self.database, seconds, waiting)

    @cached_property
    def sealer(self) -> Sealer:
        """Seals contexts."""
        return Sealer(self.secrets)

    @cached_property
    def store(self) -> Together:
        """The store, opened as the service's own role."""
        with closing(self.database.app()) as connection:
            refuse_powerful_role(connection)
        engine = open_engine(self.database.app, self.settings.pool_size)
        self.pool = partial(pool, engine)
        store = (Traced if tracing.is_on() else Together)(engine, self.sealer)
        self.closing.callback(store.close)
        return store

    @cached_property
    def long_reads(self) -> Store:
        """Where exports read: at the standby that settings name, if it is up to date, else as everybody."""
        url = self.settings.replica_url
        if not url:
            return self.store
        standby = external(url, "", self.secrets[-1])
        made = ReplicaStore(self.store, open_engine(standby.app, self.settings.pool_size), self.sealer)
        self.closing.callback(made.close)
        return made

    def standby_behind(self) -> Behind | None:
        """How far the standby that settings name is behind; None where it does not follow."""
        standby = external(self.settings.replica_url, "", self.secrets[-1], patience=2)
        return behind(self.database.app, standby.app)

    @cached_property
    def register(self) -> Register:
        """Identities."""
        return Register(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def receive(self) -> Receive:
        """Deliveries."""
        return CountedReceive(self.store, self.clock, self.settings.tz, self.settings.recipient)

    def lasting_key(self, use: str) -> bytes:
        """A key for one use that survives rotation: derived from the oldest secret, which must stay in the list."""
        return derive(self.secrets[-1], use)

    def key(self, use: str) -> bytes:
        """A key for one use, derived from the newest secret."""
        return derive(self.secrets[0], use)
