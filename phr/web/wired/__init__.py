"""Joins the pages to the services: one class per area of pages, put together as ``ports.Services``."""

from __future__ import annotations

from phr.web.ports import Services
from phr.web.wired.account import AccountArea
from phr.web.wired.acting import ActingArea
from phr.web.wired.apps import AppArea
from phr.web.wired.break_glass import BreakGlassArea
from phr.web.wired.cards import Carding
from phr.web.wired.connect import Connections
from phr.web.wired.counter import CounterArea
from phr.web.wired.documents import DocumentArea
from phr.web.wired.earning import EarningArea
from phr.web.wired.emergency import EmergencyArea
from phr.web.wired.evaluation import EvaluationArea
from phr.web.wired.family import FamilyArea
from phr.web.wired.guidance import GuidanceArea
from phr.web.wired.health import HealthArea
from phr.web.wired.imports import ImportArea
from phr.web.wired.ledger import LedgerArea
from phr.web.wired.messages import MessageArea
from phr.web.wired.nutrition import NutritionArea
from phr.web.wired.open_data import OpenArea
from phr.web.wired.paper import PaperArea
from phr.web.wired.parts import Parts, System
from phr.web.wired.record import Records
from phr.web.wired.research import Researching
from phr.web.wired.resident import Own
from phr.web.wired.rewards import RewardArea
from phr.web.wired.rights_staff import RightsStaff
from phr.web.wired.running import RunningArea
from phr.web.wired.sharing import SharingPages
from phr.web.wired.signin import SigningIn
from phr.web.wired.staff import Staff
from phr.web.wired.staff_moves import StaffMoves
from phr.web.wired.team import TeamArea
from phr.web.wired.uploads import Uploading
from phr.web.wired.visits import VisitArea

__all__ = ["wire"]


class Wired(
    SigningIn,
    AccountArea,
    ActingArea,
    Own,
    Connections,
    AppArea,
    Uploading,
    Carding,
    CounterArea,
    Records,
    SharingPages,
    VisitArea,
    Staff,
    StaffMoves,
    TeamArea,
    Researching,
    RunningArea,
    LedgerArea,
    HealthArea,
    GuidanceArea,
    EvaluationArea,
    MessageArea,
    FamilyArea,
    NutritionArea,
    OpenArea,
    PaperArea,
    EarningArea,
    ImportArea,
    EmergencyArea,
    BreakGlassArea,
    DocumentArea,
    RightsStaff,
    RewardArea,
):
    """Everything that the pages need."""


def wire(system: System) -> Services:
    """The services of one system, for ``app.state.services``."""
    return Wired(Parts(system))
