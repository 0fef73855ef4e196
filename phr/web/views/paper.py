"""What the pages of paper forms receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Texts = Mapping[str, str]
"""A text by language."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form: its sheet as PDF, the page that does the same, and for staff the page that copies it.

    ``kind``: diary, food, questionnaire, consent, rights, emergency (to write on), emergency-card (to carry); ``title`` by language, empty where the kind says it all.
    """

    kind: str
    pdf: str
    page: str
    title: Texts = field(default_factory=dict)
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class PaperList:
    """Every form on paper. ``notice`` and the counts tell staff what became of the sheet they just copied."""

    sheets: tuple[Sheet, ...]
    staff: bool = False
    notice: str = ""
    stored: int = 0
    repeated: int = 0
    apart: int = 0
    refused: int = 0
    red: bool = False


@dataclass(frozen=True, slots=True)
class Copying:
    """The form for one sheet. ``typed`` keeps what was typed; ``problems``: field -> sentence of entry-problem."""

    kind: str
    today: date
    rows: tuple[int, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CopyingConsent:
    """The form for a decision on paper. ``version``: of the text on the sheet; ``versions``: those that there are."""

    purpose: str
    today: date
    version: str
    versions: tuple[str, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CopyingCard:
    """The form for an emergency card on paper. ``longest``: field -> longest text; ``blood``: the choices."""

    today: date
    longest: Mapping[str, int]
    blood: tuple[str, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] | None = None

    @property
    def fields(self) -> Mapping[str, str]:
        """What was typed, as the form of the resident reads it."""
        return self.typed
