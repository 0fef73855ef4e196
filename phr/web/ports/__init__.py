"""What the pages need from the service: the session, and one method for each thing that a page shows or does.

Errors are those of phr.errors. Invalid names the field of a form; NotFound and NotAllowed become the pages that say
so; Conflict means that somebody was quicker. Everything else is the error page.
"""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.acting import ActingPages
from phr.web.ports.apps import AppPages
from phr.web.ports.break_glass import BreakGlassPages
from phr.web.ports.counter import CounterPages
from phr.web.ports.documents import DocumentPages, RightsStaffPages
from phr.web.ports.earning import EarningPages, PointList
from phr.web.ports.emergency import EmergencyPages
from phr.web.ports.evaluation import EvaluationPages
from phr.web.ports.family import FamilyPages
from phr.web.ports.files import CardPages, Coming, ConnectPages, Piece, UploadPages
from phr.web.ports.guidance import GuidancePages
from phr.web.ports.health import HealthPages
from phr.web.ports.imports import ImportPages
from phr.web.ports.ledger import LedgerPages
from phr.web.ports.messages import MessagePages
from phr.web.ports.nutrition import NutritionPages
from phr.web.ports.open_data import OpenPages
from phr.web.ports.operate import OperatorPages
from phr.web.ports.paper import PaperPages
from phr.web.ports.research import Download, ResearchPages, ResearchRequest
from phr.web.ports.resident import BloodPressureEntry, ResidentPages, Saved
from phr.web.ports.rewards import RewardPages
from phr.web.ports.running import RunningPages
from phr.web.ports.session import AccountPages, Browser, Role, Session, SignedIn, SignInPages, ToTie
from phr.web.ports.staff import Contact, StaffPages
from phr.web.ports.team import Away, TeamPages
from phr.web.ports.visits import VisitPages

__all__ = [
    "AccountPages",
    "ActingPages",
    "AppPages",
    "Away",
    "BloodPressureEntry",
    "BreakGlassPages",
    "Browser",
    "CardPages",
    "Coming",
    "ConnectPages",
    "Contact",
    "CounterPages",
    "DocumentPages",
    "Download",
    "EarningPages",
    "EmergencyPages",
    "EvaluationPages",
    "FamilyPages",
    "GuidancePages",
    "HealthPages",
    "ImportPages",
    "LedgerPages",
    "MessagePages",
    "NutritionPages",
    "OpenPages",
    "OperatorPages",
    "PaperPages",
    "Piece",
    "PointList",
    "ResearchPages",
    "ResearchRequest",
    "ResidentPages",
    "RewardPages",
    "RightsStaffPages",
    "Role",
    "RunningPages",
    "Saved",
    "Services",
    "Session",
    "SignInPages",
    "SignedIn",
    "StaffPages",
    "TeamPages",
    "ToTie",
    "UploadPages",
    "VisitPages",
]


class Services(
    SignInPages,
    AccountPages,
    ActingPages,
    ResidentPages,
    ConnectPages,
    AppPages,
    UploadPages,
    CardPages,
    CounterPages,
    StaffPages,
    TeamPages,
    ResearchPages,
    OpenPages,
    OperatorPages,
    RunningPages,
    LedgerPages,
    HealthPages,
    GuidancePages,
    EvaluationPages,
    MessagePages,
    FamilyPages,
    NutritionPages,
    PaperPages,
    EarningPages,
    ImportPages,
    EmergencyPages,
    BreakGlassPages,
    VisitPages,
    DocumentPages,
    RightsStaffPages,
    RewardPages,
    Protocol,
):
    """Everything that the pages need, as ``app.state.services``."""
