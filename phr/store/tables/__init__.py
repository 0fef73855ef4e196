"""The relational tables as SQLModel classes; seen only in this package and compared with the migrations by a test."""

from phr.store.tables.cards import Card
from phr.store.tables.connections import (
    CloudAttempt,
    CloudBookmark,
    CloudConnection,
    CloudNotice,
    CloudSecret,
)
from phr.store.tables.courses import GuidanceCourse, GuidanceEvent, GuidanceHandover
from phr.store.tables.family import BrushingDay, CheckIn, ClassMember, Guardianship
from phr.store.tables.guidance import (
    Outbox,
    PointsEvent,
    Release,
    ReleaseFile,
    ReleaseMember,
    WorkEvent,
    WorkItem,
)
from phr.store.tables.messages import (
    ContactAddress,
    Letter,
    LetterBatch,
    Message,
    MessageChoice,
    NumberTry,
    RegistrationNumber,
    ScreeningDone,
)
from phr.store.tables.operating import AccountChange, CityFigure
from phr.store.tables.people import Account, ConsentGrant, Person, PersonTrait, Session
from phr.store.tables.programmes import LentDevice, Programme, ProgrammeMember, ProgrammeReport
from phr.store.tables.signin import AccountFactor, AccountIdentity, SignInAttempt, SignInFailure
from phr.store.tables.staffing import NurseDuty, NursePlan, PersonAddress, SampleReview
from phr.store.tables.trail import AuditEvent, AuditHead, AuditRoot, Heartbeat
from phr.store.tables.uploads import Upload
from phr.store.tables.vitals import (
    ImportMark,
    IntakeCount,
    Quarantine,
    Resource,
    ResourceHistory,
    VitalChunk,
    VitalConflict,
    VitalDay,
    VitalSource,
)

__all__ = [
    "Account",
    "AccountChange",
    "AccountFactor",
    "AccountIdentity",
    "AuditEvent",
    "AuditHead",
    "AuditRoot",
    "BrushingDay",
    "Card",
    "CheckIn",
    "CityFigure",
    "ClassMember",
    "CloudAttempt",
    "CloudBookmark",
    "CloudConnection",
    "CloudNotice",
    "CloudSecret",
    "ConsentGrant",
    "ContactAddress",
    "Guardianship",
    "GuidanceCourse",
    "GuidanceEvent",
    "GuidanceHandover",
    "Heartbeat",
    "ImportMark",
    "IntakeCount",
    "LentDevice",
    "Letter",
    "LetterBatch",
    "Message",
    "MessageChoice",
    "NumberTry",
    "NurseDuty",
    "NursePlan",
    "Outbox",
    "Person",
    "PersonAddress",
    "PersonTrait",
    "PointsEvent",
    "Programme",
    "ProgrammeMember",
    "ProgrammeReport",
    "Quarantine",
    "RegistrationNumber",
    "Release",
    "ReleaseFile",
    "ReleaseMember",
    "Resource",
    "ResourceHistory",
    "SampleReview",
    "ScreeningDone",
    "Session",
    "SignInAttempt",
    "SignInFailure",
    "Upload",
    "VitalChunk",
    "VitalConflict",
    "VitalDay",
    "VitalSource",
    "WorkEvent",
    "WorkItem",
]
