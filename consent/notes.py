"""Notes that a reader takes about a FHIR Consent: what cannot be read, and what this service does not know."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

_NAME: Final = re.compile(r"_?[A-Za-z]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark with its place. An error makes the consent a deny; a warning makes one rule narrower."""

    field: str
    problem: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


@dataclass(slots=True)
class Notes:
    """The remarks of one reading, in the order of the document."""

    problems: list[Problem] = field(default_factory=list)

    def error(self, where: str, problem: str) -> None:
        """Notes what makes the whole consent unreadable."""
        self.problems.append(Problem(where, problem))

    def unknown(self, where: str) -> None:
        """Notes an element or a value that this service does not know."""
        self.problems.append(Problem(where, "is not known here: a permit with it does not match", "warning"))

    @property
    def first_error(self) -> Problem | None:
        """The first error, if there is one."""
        return next((each for each in self.problems if each.severity == "error"), None)

    def mapping(self, value: object, where: str) -> dict[str, Any] | None:
        """The value when it is a JSON object that says something."""
        if isinstance(value, dict) and value:
            return value
        self.error(where, "must be an object that is not empty")
        return None

    def array(self, value: object, where: str, limit: int) -> list[Any] | None:
        """The value when it is a JSON array of a bearable length; FHIR has no empty arrays."""
        if not isinstance(value, list) or not value:
            self.error(where, "must be a list that is not empty")
            return None
        if len(value) > limit:
            self.error(where, f"must have at most {limit} entries")
            return None
        return value

    def only(self, value: dict[str, Any], known: frozenset[str], where: str) -> bool:
        """Whether the object has no element but the known ones; the others are noted."""
        strange = [key for key in value if key not in known]
        for key in strange:
            # the name of an element comes from outside, so only what looks like a FHIR name is repeated
            self.unknown(f"{where}.{key}" if _NAME.fullmatch(key) else f"{where}.?")
        return not strange
