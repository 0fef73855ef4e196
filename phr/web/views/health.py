"""What the pages of scores and questionnaires receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from phr.domain.questionnaires import Area
from phr.domain.risk_picture import Picture
from phr.web.views.resident import ConsentCard

Texts = Mapping[str, str]
"""A text by language."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A score as it is cited: the same for everybody. ``outcome`` by language."""

    name: str
    version: str
    years: int
    age: tuple[int, int]
    outcome: Texts
    citation: str


@dataclass(frozen=True, slots=True)
class RiskPage:
    """The published score. ``state``: off (not asked for), no-check-up, told (with a number, or why there is none).

    ``day`` and ``source`` are of the check-up; ``excluded`` are the words of what the score is not made for;
    ``answers`` is what was answered just now and is kept nowhere.
    """

    card: ConsentCard
    state: Literal["off", "no-check-up", "told"]
    about: Stated
    day: date | None = None
    source: str = ""
    picture: Picture | None = None
    excluded: tuple[Texts, ...] = ()
    answers: Mapping[str, bool] = field(default_factory=dict)
    done: Literal["", "on", "off"] = ""

    @property
    def open(self) -> bool:
        """Whether a question stands between the person and an answer."""
        picture = self.picture
        return picture is not None and not picture.excluded and bool(set(picture.ask) - self.answers.keys())


@dataclass(frozen=True, slots=True)
class Named:
    """A questionnaire: its name by language, for whom it is, and when it was last answered."""

    name: str
    title: Texts
    age: tuple[int, int]
    items: int
    last: date | None = None


@dataclass(frozen=True, slots=True)
class QuestionnaireList:
    """Every questionnaire."""

    forms: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its answers: (code, words by language); ``body`` asks for height and weight."""

    number: int
    domain: str
    text: Texts
    options: tuple[tuple[str, Texts], ...]
    body: bool


@dataclass(frozen=True, slots=True)
class Filling:
    """The form of a questionnaire. ``typed`` keeps the draft; ``problems``: field -> sentence of entry-problem.

    ``staff``: copied from paper, with the number of the record, birth date and day of the paper.
    """

    form: Named
    citation: str
    questions: tuple[Question, ...]
    staff: bool = False
    today: date | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] | None = None

    @property
    def open(self) -> int:
        """How many questions have no answer in the draft; 0 before anything was sent."""
        return sum(1 for name in self.problems or {} if name.startswith("q"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with the answer given, by language; None where there is none. ``point``: whether it counts (staff)."""

    number: int
    text: Texts
    answer: Texts | None
    point: int | None


@dataclass(frozen=True, slots=True)
class Met:
    """One criterion for staff. ``met`` None: the missing answers could still change it."""

    title: Texts
    points: int
    items: int
    least: int
    met: bool | None
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """One filled questionnaire. ``areas`` for residents; ``criteria``, ``target`` and ``lines`` for staff.

    ``target``: whether any official criterion is met. ``lines``: what else the answers tell, by language.
    """

    id: str
    day: date
    channel: str
    areas: tuple[Area, ...]
    answers: tuple[Answer, ...]
    criteria: tuple[Met, ...] = ()
    target: bool | None = None
    total: int = 0
    lines: tuple[Texts, ...] = ()

    @property
    def talk(self) -> bool:
        """Whether any area may be worth a talk."""
        return any(area.talk for area in self.areas)

    @property
    def missing(self) -> int:
        """Questions without an answer."""
        return sum(1 for answer in self.answers if answer.answer is None)


@dataclass(frozen=True, slots=True)
class QuestionnaireResult:
    """What the answers say, and when it was answered before. ``shown`` None: never answered, or not shared (staff)."""

    form: Named
    citation: str
    shown: Filled | None
    history: tuple[tuple[str, date, str], ...]
    saved: bool = False
    name: str = ""
    patient: str = ""
    permitted: bool = True
