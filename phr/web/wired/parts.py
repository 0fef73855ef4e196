"""What the pages are wired to: the services of the system, and the small ones that only pages need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar
from zoneinfo import ZoneInfo

from phr.clients.ledger import LedgerClient
from phr.clock import Clock
from phr.config import Settings
from phr.domain.days import day_at
from phr.domain.messages.channel import Channel
from phr.services.accounts import Accounts, CommonId, Factors, Managing, Passkeys
from phr.services.balance import Balance
from phr.services.break_glass import BreakGlass
from phr.services.budgets import Budgets
from phr.services.cards import Cards
from phr.services.catalogue import Catalogue
from phr.services.charts import Charts
from phr.services.checkup_results import CheckupResults
from phr.services.confirmations import Confirmations
from phr.services.connections import Connecting
from phr.services.consents import Consents
from phr.services.differences import Differences
from phr.services.directory import Directory
from phr.services.emergency import Emergency
from phr.services.evaluation.programmes import Programmes
from phr.services.export import Export
from phr.services.family import Brushing, CheckIns, Children, Guardians
from phr.services.figures import Figures
from phr.services.guidance import Courses
from phr.services.home_targets import HomeTargets
from phr.services.identities import Identities
from phr.services.ledger_desk import LedgerDesk
from phr.services.ledger_files import LedgerFiles
from phr.services.letters import Letters
from phr.services.messages import Addressing, Inbox
from phr.services.nutrition import Diary
from phr.services.open_data import OpenData
from phr.services.operate import Operate
from phr.services.paper import PaperForms
from phr.services.permissions import Permissions
from phr.services.points import Lists, Points
from phr.services.points import Reviews as PointReviews
from phr.services.proofs import Proofs
from phr.services.questionnaires import Questionnaires
from phr.services.receive import Receive
from phr.services.received import ReceivedData
from phr.services.reconciled import ReconciledDays
from phr.services.register import Register
from phr.services.reminders import PostcardNumbers, Reminders
from phr.services.requests import Requests
from phr.services.reviews import Reviews
from phr.services.rights.copying import TakeOuts
from phr.services.rights.correcting import Correcting
from phr.services.rights.ending import Ending, Provisions
from phr.services.rights.erasing import Erasing
from phr.services.rights.incidents import Incidents
from phr.services.rights.requests import Requests as RightsRequests
from phr.services.rights.stopping import Stopping
from phr.services.risk_display import RiskDisplay
from phr.services.set_apart import SetApart
from phr.services.smart import Apps, Asking, Clients
from phr.services.trail import Trail
from phr.services.uploads import Uploads
from phr.services.visits import Visits
from phr.services.worklist import Finding, Numbers, Planning, Worklist

if TYPE_CHECKING:
    from phr.services.evaluation.reports import Reports


class System(Protocol):
    """The part of the system that the pages use."""

    @property
    def settings(self) -> Settings: ...  # noqa: D102 - the names say it, here and below
    @property
    def clock(self) -> Clock: ...  # noqa: D102
    @property
    def store(self) -> Any: ...  # noqa: D102
    @property
    def accounts(self) -> Accounts: ...  # noqa: D102
    @property
    def factors(self) -> Factors: ...  # noqa: D102
    @property
    def passkeys(self) -> Passkeys: ...  # noqa: D102
    @property
    def common_id(self) -> CommonId: ...  # noqa: D102
    @property
    def consents(self) -> Consents: ...  # noqa: D102
    @property
    def connections(self) -> Connecting: ...  # noqa: D102
    @property
    def smart_asking(self) -> Asking: ...  # noqa: D102
    @property
    def smart_apps(self) -> Apps: ...  # noqa: D102
    @property
    def smart_clients(self) -> Clients: ...  # noqa: D102
    @property
    def uploads(self) -> Uploads: ...  # noqa: D102
    @property
    def cards(self) -> Cards: ...  # noqa: D102
    @property
    def receive(self) -> Receive: ...  # noqa: D102
    @property
    def register(self) -> Register: ...  # noqa: D102
    @property
    def identities(self) -> Identities: ...  # noqa: D102
    @property
    def points(self) -> Points: ...  # noqa: D102
    @property
    def points_reviews(self) -> PointReviews: ...  # noqa: D102
    @property
    def points_lists(self) -> Lists: ...  # noqa: D102
    @property
    def budgets(self) -> Budgets: ...  # noqa: D102
    @property
    def ledger_desk(self) -> LedgerDesk: ...  # noqa: D102
    @property
    def ledger_files(self) -> LedgerFiles: ...  # noqa: D102
    @property
    def points_by_file(self) -> bool: ...  # noqa: D102
    @property
    def worklist(self) -> Worklist: ...  # noqa: D102
    @property
    def planning(self) -> Planning: ...  # noqa: D102
    @property
    def finding(self) -> Finding: ...  # noqa: D102
    @property
    def numbers(self) -> Numbers: ...  # noqa: D102
    @property
    def confirmations(self) -> Confirmations: ...  # noqa: D102
    @property
    def set_apart(self) -> SetApart: ...  # noqa: D102
    @property
    def courses(self) -> Courses: ...  # noqa: D102
    @property
    def export(self) -> Export: ...  # noqa: D102
    @property
    def open_data(self) -> OpenData: ...  # noqa: D102
    @property
    def trail(self) -> Trail: ...  # noqa: D102
    @property
    def break_glass(self) -> BreakGlass: ...  # noqa: D102
    @property
    def operate(self) -> Operate: ...  # noqa: D102
    @property
    def managing(self) -> Managing: ...  # noqa: D102
    @property
    def figures(self) -> Figures: ...  # noqa: D102
    @property
    def incidents(self) -> Incidents: ...  # noqa: D102
    @property
    def programmes(self) -> Programmes: ...  # noqa: D102
    @property
    def programme_reports(self) -> Reports: ...  # noqa: D102
    @property
    def addressing(self) -> Addressing: ...  # noqa: D102
    @property
    def inbox(self) -> Inbox: ...  # noqa: D102
    @property
    def reminders(self) -> Reminders: ...  # noqa: D102
    @property
    def letters(self) -> Letters: ...  # noqa: D102
    @property
    def channels(self) -> Mapping[str, Channel]: ...  # noqa: D102
    @property
    def push_key(self) -> str: ...  # noqa: D102
    def postcards(self, numbers: PostcardNumbers) -> bytes: ...  # noqa: D102
    def ledger(self) -> LedgerClient: ...  # noqa: D102
    @property
    def diary(self) -> Diary: ...  # noqa: D102
    @property
    def differences(self) -> Differences: ...  # noqa: D102
    @property
    def guardians(self) -> Guardians: ...  # noqa: D102
    @property
    def children(self) -> Children: ...  # noqa: D102
    @property
    def brushing(self) -> Brushing: ...  # noqa: D102
    @property
    def check_ins(self) -> CheckIns: ...  # noqa: D102
    @property
    def risk_display(self) -> RiskDisplay: ...  # noqa: D102
    @property
    def questionnaires(self) -> Questionnaires: ...  # noqa: D102
    @property
    def home_targets(self) -> HomeTargets: ...  # noqa: D102
    @property
    def emergency(self) -> Emergency: ...  # noqa: D102
    @property
    def visits(self) -> Visits: ...  # noqa: D102
    @property
    def take_outs(self) -> TakeOuts: ...  # noqa: D102
    @property
    def correcting(self) -> Correcting: ...  # noqa: D102
    @property
    def stop_of_use(self) -> Stopping: ...  # noqa: D102
    @property
    def erasing(self) -> Erasing: ...  # noqa: D102
    @property
    def rights_requests(self) -> RightsRequests: ...  # noqa: D102
    @property
    def provisions(self) -> Provisions: ...  # noqa: D102
    @property
    def ending(self) -> Ending: ...  # noqa: D102


class Parts:
    """The system with what only the pages need."""

    def __init__(self, system: System) -> None:
        settings, store, clock = system.settings, system.store, system.clock
        self.system = system
        self.settings = settings
        self.zone: ZoneInfo = settings.tz
        self.charts = Charts(store)
        self.reconciled = ReconciledDays(store, self.zone)
        self.checkups = CheckupResults(store, clock, self.zone, settings.check_glucose_rule)
        self.permissions = Permissions(store, clock, self.zone)
        self.directory = Directory(store)
        self.received = ReceivedData(store)
        self.balance = Balance(store, clock, self.zone, system.ledger, system.points.pseudonym)
        self.catalogue = Catalogue(store, clock, self.zone, settings.export_k)
        self.requests = Requests(store, clock, self.zone)
        self.reviews = Reviews(store, settings.recipient, clock, self.zone)
        self.paper = PaperForms(store, clock, self.zone, system.receive)
        self.proofs = Proofs(store, clock, settings.recipient)

    def now(self) -> datetime:
        """The present instant."""
        return self.system.clock.now()

    def today(self) -> date:
        """The civil day of the city."""
        return day_at(self.now(), self.zone)


_P = ParamSpec("_P")
_R = TypeVar("_R")


def together(read: Callable[Concatenate[Any, _P], _R]) -> Callable[Concatenate[Any, _P], _R]:
    """A page that only reads, in one transaction.

    What it reads is committed, with its audit rows, before anything is rendered.
    """

    def reading(self: Any, /, *given: _P.args, **named: _P.kwargs) -> _R:
        with self._system.store.together():
            return read(self, *given, **named)

    update_wrapper(reading, read)
    return reading


class Area:
    """One area of pages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._system = parts.system
