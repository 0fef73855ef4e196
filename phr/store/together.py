"""Several reads in one transaction: what a page shows costs one way to the database, and each read keeps its own reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, Final, cast
from uuid import UUID

from phr.domain.access import Access
from phr.store.audit import Audit
from phr.store.uow import Store, UnitOfWork

_JOINT: Final[ContextVar[_Joint | None]] = ContextVar("joint", default=None)


class _Part:
    """A unit of work within the joint one: its commit keeps its audit rows for the end, and nothing else is its own."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._written: list[tuple[Access, Audit]] = []
        self.kept: list[tuple[Access, Audit]] = []
        uow.audit = uow.audit.another()

    def __getattr__(self, name: str) -> Any:
        """Repositories, context and audit are those of the joint unit of work."""
        return getattr(self._uow, name)

    def switch(self, access: Access) -> None:
        """Goes on for another reason or about another person; the rows so far belong to the reason so far."""
        self._end()
        self._uow.switch(access)

    def commit(self) -> None:
        """What was read counts: its rows are appended with those of all other parts."""
        self._end()
        self.kept += self._written
        self._written = []

    def drop(self) -> None:
        """Nothing of it stays: what it changed in memory is not written by another part."""
        if session := vars(self._uow).get("_session"):
            session.expunge_all()

    def _end(self) -> None:
        self._written.append((self._uow.access, self._uow.audit))
        self._uow.audit = self._uow.audit.another()


class _Joint:
    """One transaction that is opened for the first part, and serves the others one after another."""

    def __init__(self, store: Together) -> None:
        self.store = store
        self._opened = ExitStack()
        self._uow: UnitOfWork | None = None
        self._kept: dict[Access, list[Audit]] = {}
        self.busy = False

    @contextmanager
    def part(self, access: Access) -> Iterator[UnitOfWork]:
        """One unit of work. An error undoes the transaction, as it would undo one of its own; earlier rows stay kept."""
        self.busy = True
        try:
            part = _Part(self._at(access))
            yield cast("UnitOfWork", part)
        except BaseException as error:
            self._uow = None
            self._opened.__exit__(type(error), error, error.__traceback__)
            raise
        finally:
            self.busy = False
        for reason, audit in part.kept:
            self._kept.setdefault(reason, []).append(audit)
        if not part.kept:
            part.drop()

    def _at(self, access: Access) -> UnitOfWork:
        if self._uow is None:
            self._uow = self._opened.enter_context(self.store.alone(access))
        elif self._uow.access != access:
            self._uow.switch(access)
        return self._uow

    def finish(self) -> None:
        """Appends the rows of every part under its own reason, last as ever, so that no chain is locked while pages are read."""
        with self._opened:
            if self._kept:
                self._at(next(iter(self._kept)) if self._uow is None else self._uow.access)
            if self._uow is not None:
                self._uow.audit = self._uow.audit.another()
                self._uow.commit_with(self._kept)


class Together(Store):
    """A store where a page may say that its reads belong together."""

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything that is read inside, one after another, is read in one transaction, and counts when it ends.

        Only for what reads: a part that fails takes back what parts before it wrote. No call to another service belongs
        inside, because the transaction would wait for its answer.
        """
        if _JOINT.get() is not None:
            yield
            return
        joint = _Joint(self)
        mark = _JOINT.set(joint)
        try:
            yield
        finally:
            _JOINT.reset(mark)
            joint.finish()

    @contextmanager
    def begin(self, access: Access, *, locked: UUID | None = None) -> Iterator[UnitOfWork]:
        """A unit of work: a part of what is read together, or, within another and outside of pages, one of its own.

        What writes measurements is always one of its own: its lock must not wait for the rest of a page.
        """
        joint = _JOINT.get()
        if joint is None or joint.busy or joint.store is not self or locked is not None:
            with self.alone(access, locked=locked) as uow:
                yield uow
        else:
            with joint.part(access) as uow:
                yield uow

    @contextmanager
    def alone(self, access: Access, *, locked: UUID | None = None) -> Iterator[UnitOfWork]:
        """A transaction of its own."""
        with super().begin(access, locked=locked) as uow:
            yield uow

    def record(self, access: Access, entries: Sequence[tuple[str, str, str, str]]) -> None:
        """Audit rows of refusals, which stay whatever becomes of the page."""
        mark = _JOINT.set(None)
        try:
            super().record(access, entries)
        finally:
            _JOINT.reset(mark)
