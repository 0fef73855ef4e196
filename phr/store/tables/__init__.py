"""The relational tables as SQLModel classes; seen only in this package and compared with the migrations by a test."""

from phr.store.tables.access import AccessReview, BreakGlass, UnusualAccess, WatchedPerson
from phr.store.tables.cards import Card
from phr.store.tables.connections import (
    CloudAttempt,
    CloudBookmark,
    CloudConnection,
    CloudNotice,
    CloudSecret,
)
from phr.store.tables.consents import ConsentEffect, ConsentText, ReleaseTombstone
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
from phr.store.tables.keeping import Keeping
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
from phr.store.tables.rights import (
    Incident,
    IncidentPerson,
    PersonKey,
    Provision,
    Retained,
    RightsRequest,
    ServiceEnd,
    TakeOut,
    Tombstone,
)
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
    "AccessReview",
    "Account",
    "AccountChange",
    "AccountFactor",
    "AccountIdentity",
    "AuditEvent",
    "AuditHead",
    "AuditRoot",
    "BreakGlass",
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
    "ConsentEffect",
    "ConsentGrant",
    "ConsentText",
    "ContactAddress",
    "Guardianship",
    "GuidanceCourse",
    "GuidanceEvent",
    "GuidanceHandover",
    "Heartbeat",
    "ImportMark",
    "Incident",
    "IncidentPerson",
    "IntakeCount",
    "Keeping",
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
    "PersonKey",
    "PersonTrait",
    "PointsEvent",
    "Programme",
    "ProgrammeMember",
    "ProgrammeReport",
    "Provision",
    "Quarantine",
    "RegistrationNumber",
    "Release",
    "ReleaseFile",
    "ReleaseMember",
    "ReleaseTombstone",
    "Resource",
    "ResourceHistory",
    "Retained",
    "RightsRequest",
    "SampleReview",
    "ScreeningDone",
    "ServiceEnd",
    "Session",
    "SignInAttempt",
    "SignInFailure",
    "TakeOut",
    "Tombstone",
    "UnusualAccess",
    "Upload",
    "VitalChunk",
    "VitalConflict",
    "VitalDay",
    "VitalSource",
    "WatchedPerson",
    "WorkEvent",
    "WorkItem",
]
