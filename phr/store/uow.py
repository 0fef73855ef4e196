"""Unit of work: one transaction with a sealed context, its repositories, its audit rows, and one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from phr.domain.access import Access
from phr.errors import Busy
from phr.store.account_changes import AccountChanges
from phr.store.audit import NOBODY
from phr.store.blocks import Blocks
from phr.store.bulk_parts import Bulk
from phr.store.callers import Callers
from phr.store.cards import Cards
from phr.store.case_blocks import CaseBlocks
from phr.store.connections import Connections
from phr.store.consent_effects import ConsentEffects
from phr.store.consents import Consents
from phr.store.context import Sealer
from phr.store.deliveries import Deliveries
from phr.store.documents import Documents
from phr.store.earning import Earning
from phr.store.everything import Everything
from phr.store.family import Family
from phr.store.figures import Figures
from phr.store.findings import Findings
from phr.store.gauges import Gauges
from phr.store.glass import Glass
from phr.store.guidance_courses import GuidanceCourses
from phr.store.incidents import Incidents
from phr.store.intake import Intake
from phr.store.ledger_books import LedgerBooks
from phr.store.ledger_files import LedgerFiles
from phr.store.letters import Letters
from phr.store.messages import Addresses, Messages, Registrations
from phr.store.open_data import OpenData
from phr.store.operations import Operations
from phr.store.outbox import Outbox
from phr.store.people import Accounts, People
from phr.store.points import Points
from phr.store.programmes import Programmes
from phr.store.releases import Releases
from phr.store.reviews import Reviews
from phr.store.rewards import Rewards
from phr.store.rights import Forgetting, Rights
from phr.store.search import Search
from phr.store.sessions import Sessions
from phr.store.signin import SignIn
from phr.store.smart import Smart
from phr.store.staffing import Staffing
from phr.store.subscriptions import Happenings, Subscriptions
from phr.store.tallies import Tallies
from phr.store.transaction import Transaction
from phr.store.translated import translated
from phr.store.uploads import Uploads
from phr.store.vitals import Vitals
from phr.store.worklist import Worklist

_WAITED: Final = (errors.QueryCanceled, errors.DeadlockDetected, errors.LockNotAvailable)
"""The server is well: it waited for a lock in vain."""


class UnitOfWork(Transaction):
    """One transaction. Repositories reach only what its context may; nothing stays unless it is committed."""

    @cached_property
    def vitals(self) -> Vitals:
        """Measurements."""
        return Vitals(self._driver)

    @cached_property
    def blocks(self) -> Blocks:
        """Many people at once."""
        return Blocks(self._driver)

    @cached_property
    def case_blocks(self) -> CaseBlocks:
        """Cases of many people at once."""
        return CaseBlocks(self._session)

    @cached_property
    def search(self) -> Search:
        """Observations, wherever they are kept."""
        return Search(self._driver)

    @cached_property
    def documents(self) -> Documents:
        """FHIR documents."""
        return Documents(self._driver)

    @cached_property
    def consents(self) -> Consents:
        """Grants."""
        return Consents(self._driver)

    @cached_property
    def consent_effects(self) -> ConsentEffects:
        """What a change of consent stopped."""
        return ConsentEffects(self._driver)

    @cached_property
    def connections(self) -> Connections:
        """Connections to data clouds."""
        return Connections(self._driver)

    @cached_property
    def intake(self) -> Intake:
        """Refusals and file marks."""
        return Intake(self._driver)

    @cached_property
    def happenings(self) -> Happenings:
        """What happens, for whoever wants to be told."""
        return Happenings(self._driver)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Who wants to be told of what."""
        return Subscriptions(self._driver, self._session)

    @cached_property
    def ledger_books(self) -> LedgerBooks:
        """What stands between us and the ledger: breaker, budgets, comparisons."""
        return LedgerBooks(self._driver, self._session)

    @cached_property
    def ledger_files(self) -> LedgerFiles:
        """Files for a points platform without an interface."""
        return LedgerFiles(self._driver, self._session)

    @cached_property
    def outbox(self) -> Outbox:
        """Letters for outside."""
        return Outbox(self._driver, self._session)

    @cached_property
    def people(self) -> People:
        """Whom records are about."""
        return People(self._session)

    @cached_property
    def accounts(self) -> Accounts:
        """Who signs in."""
        return Accounts(self._session)

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions and tokens."""
        return Sessions(self._session)

    @cached_property
    def callers(self) -> Callers:
        """Who calls."""
        return Callers(self._driver)

    @cached_property
    def signin(self) -> SignIn:
        """How people prove who they are."""
        return SignIn(self._session)

    @cached_property
    def smart(self) -> Smart:
        """Apps and what was issued to them."""
        return Smart(self._session)

    @cached_property
    def worklist(self) -> Worklist:
        """Cases."""
        return Worklist(self._driver, self._session)

    @cached_property
    def staffing(self) -> Staffing:
        """Duties and plans of nurses."""
        return Staffing(self._session)

    @cached_property
    def reviews(self) -> Reviews:
        """Decisions about single values."""
        return Reviews(self._driver, self._session)

    @cached_property
    def points(self) -> Points:
        """Points events."""
        return Points(self._session)

    @cached_property
    def earning(self) -> Earning:
        """What may earn points, and the awards that a person looks at."""
        return Earning(self._driver, self._session)

    @cached_property
    def rewards(self) -> Rewards:
        """Points that leave their lots, wallets, goals and groups."""
        return Rewards(self._session)

    @cached_property
    def programmes(self) -> Programmes:
        """Programmes and their members."""
        return Programmes(self._driver, self._session)

    @cached_property
    def cards(self) -> Cards:
        """Cards of shared gateway boxes."""
        return Cards(self._session)

    @cached_property
    def messages(self) -> Messages:
        """What people were told."""
        return Messages(self._session)

    @cached_property
    def addresses(self) -> Addresses:
        """Where they are reached, and what they asked for."""
        return Addresses(self._session)

    @cached_property
    def registrations(self) -> Registrations:
        """Numbers of postcards."""
        return Registrations(self._session)

    @cached_property
    def letters(self) -> Letters:
        """Letters on paper."""
        return Letters(self._session)

    @cached_property
    def family(self) -> Family:
        """Guardians, classes, check-ins and brushing days."""
        return Family(self._session)

    @cached_property
    def uploads(self) -> Uploads:
        """Files that people send."""
        return Uploads(self._driver)

    @cached_property
    def courses(self) -> GuidanceCourses:
        """Courses of specific health guidance."""
        return GuidanceCourses(self._session)

    @cached_property
    def open_data(self) -> OpenData:
        """Open statistics."""
        return OpenData(self._driver, self._session)

    @cached_property
    def releases(self) -> Releases:
        """Exports."""
        return Releases(self._driver, self._session)

    @cached_property
    def rights(self) -> Rights:
        """What people asked for about their records, and copies of everything."""
        return Rights(self._session)

    @cached_property
    def deliveries(self) -> Deliveries:
        """What deliveries ask."""
        return Deliveries(self._driver)

    @cached_property
    def everything(self) -> Everything:
        """All that is stored about one person."""
        return Everything(self._driver)

    @cached_property
    def forgetting(self) -> Forgetting:
        """Erasing one person, and what says that it was done."""
        return Forgetting(self._driver, self._session)

    @cached_property
    def incidents(self) -> Incidents:
        """Leaks, provisions, and the end of the service."""
        return Incidents(self._driver, self._session)

    @cached_property
    def account_changes(self) -> AccountChanges:
        """Changes of accounts that wait for a second person."""
        return AccountChanges(self._session)

    @cached_property
    def figures(self) -> Figures:
        """Figures of the city's plan."""
        return Figures(self._driver, self._session)

    @cached_property
    def tallies(self) -> Tallies:
        """How connections, deliveries and sign-ins are, in counts."""
        return Tallies(self._driver)

    @cached_property
    def glass(self) -> Glass:
        """Break-glass."""
        return Glass(self._driver, self._session)

    @cached_property
    def findings(self) -> Findings:
        """Unusual access and reviews."""
        return Findings(self._session)

    @cached_property
    def gauges(self) -> Gauges:
        """What a scrape of the metrics asks."""
        return Gauges(self._driver)

    @cached_property
    def operations(self) -> Operations:
        """Counts for those who run the service."""
        return Operations(self._driver)

    @cached_property
    def bulk(self) -> Bulk:
        """Bulk exports, imports and cohorts."""
        return Bulk(self._driver)


class Store:
    """Opens units of work on one database."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    @contextmanager
    def begin(self, access: Access, *, locked: UUID | None = None) -> Iterator[UnitOfWork]:
        """A unit of work for one caller and reason. Leaving without a commit undoes it.

        locked: whose measurements it writes; it begins when nobody else does.

        Raises NotAllowed where a policy of the database says no, Conflict where somebody was quicker, Busy where
        the database does not answer.
        """
        try:
            connection, uow = self._open(access, locked)
            try:
                yield uow
            finally:
                uow.close()
                if uow.broken:
                    connection.invalidate()
                connection.close()
        except (psycopg.Error, SQLAlchemyError) as error:
            raise translated(error) from None

    def _open(self, access: Access, locked: UUID | None) -> tuple[Connection, UnitOfWork]:
        """A connection whose first statement went through.

        One that the server closed while it lay in the pool is replaced, once and with all others that lie there.
        """
        try:
            return self._attempt(access, locked)
        except _WAITED:
            raise
        except (psycopg.OperationalError, OperationalError):
            self._engine.dispose()
            return self._attempt(access, locked)

    def _attempt(self, access: Access, locked: UUID | None) -> tuple[Connection, UnitOfWork]:
        connection = self._engine.connect()
        try:
            return connection, UnitOfWork(connection, self._sealer, access, locked)
        except BaseException:
            connection.invalidate()
            connection.close()
            raise

    def record(self, access: Access, entries: Sequence[tuple[str, str, str, str]]) -> None:
        """Audit rows in a transaction of their own, for refusals: action, object, outcome, reason."""
        with self.begin(access) as uow:
            for action, what, outcome, reason in entries:
                uow.audit.add(action, what, access.person or NOBODY, outcome=outcome, reason=reason)
            uow.commit()

    @contextmanager
    def plain_connection(self) -> Iterator[psycopg.Connection[TupleRow]]:
        """A connection without a context: it reaches nothing of any person, only the ledger's own schema."""
        try:
            with self._engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                yield driver
                driver.rollback()
        except (psycopg.OperationalError, psycopg.InterfaceError, SQLAlchemyError) as error:
            self._engine.dispose()  # the server was restarted: connections of before are of no use
            raise Busy("the database does not answer") from error

    def close(self) -> None:
        """Gives back the connections."""
        self._engine.dispose()
