"""What the researcher's pages receive; counts below k never reach a view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the catalogue. ``people`` is None when fewer than k could be in it.

    ``names`` are the Japanese and the English one where the vocabulary has no item of the pages.
    """

    key: str
    item: str
    unit: str
    people: int | None
    first: date | None = None
    names: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class VariableGroup:
    """The variables of one consent category."""

    category: str
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One of the own requests. ``state``: draft, submitted, approved-once, approved, released, refused (words.REQUEST_STATES)."""

    number: str
    title: str
    state: str
    day: date


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is, never in counts below ``k``; and the own requests."""

    k: int
    people: int | None
    groups: tuple[VariableGroup, ...]
    requests: tuple[RequestLine, ...]


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The request form, again with what was typed when something is wrong (field -> words.REQUEST_PROBLEMS)."""

    k: int
    groups: tuple[VariableGroup, ...]
    typed: Mapping[str, str]
    chosen: frozenset[str]
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The release against an earlier one; a number below k is None."""

    release: str
    people: int | None
    smallest: int | None
    ok: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """The privacy certificate: what this release satisfies. Texts of ``generalised`` are item, before, after.

    closeness: t, none where nothing was measured; consents: how many it rests on, and the hash over their versions;
    not_promised: by language; public_key: what the signature is checked with.
    """

    number: str
    issued: datetime
    k: int
    k_needed: int
    diversity: int
    diversity_needed: int
    rows: int
    rows_before: int
    suppressed: int
    suppressed_limit_percent: float
    generalised: tuple[tuple[str, str, str], ...]
    comparisons: tuple[Comparison, ...]
    consents_at: datetime
    signature: str
    closeness: float | None = None
    consents: int = 0
    consents_hash: str = ""
    public_key: str = ""
    profile: str = ""
    not_promised: Mapping[str, str] | None = None

    @property
    def suppressed_percent(self) -> float:
        """Suppressed rows of all rows before suppression."""
        return 100 * self.suppressed / self.rows_before if self.rows_before else 0.0


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A file to take. ``kind``: words.FILES."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there are no files, and what would help: (words.HELPS, smallest group then; 0 when not known).

    ``why``: empty when the smallest group is too small, too-few when not even that is known, withdrawn when somebody
    in the release has withdrawn since.
    """

    smallest: int
    needed: int
    helps: tuple[tuple[str, int], ...]
    why: Literal["", "too-few", "withdrawn"] = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, as it was filed; names: of the variables, by language; resolution: sentences "resolution"."""

    protocol: str
    responsible: str
    purpose: str
    names: tuple[tuple[str, str], ...]
    first: date
    last: date
    resolution: str = "finest"
    longitudinal: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """One release: the certificate and files, or why it was refused, or that it waits for approval.

    over: the committee's approval has ended, so that no file leaves any more. gone: numbers of people who withdrew, to
    delete from every copy (pseudonymised releases).
    """

    number: str
    title: str
    state: Literal["submitted", "approved-once", "approved", "released", "refused"]
    organisation: str
    committee: str
    until: date | None
    approvals: tuple[str, ...]
    certificate: Certificate | None
    files: tuple[ReleaseFile, ...]
    refusal: Refusal | None
    asked: Asked | None = None
    over: bool = False
    gone: tuple[str, ...] = ()
