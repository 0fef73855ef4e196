"""Faults of the wire on demand: which request is hit depends only on how many the person made before."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final

from synthetic_data.errors import BadOptionError
from synthetic_data.google_health.problems import (
    Refusal,
    broken,
    exhausted,
    insufficient_scope,
    not_linked,
    unauthenticated,
)


def _read() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("faults.toml").read_text("utf-8"))


_TABLE: Final = _read()
TRAITS: Final = frozenset(_TABLE["traits"]["names"])
NAMES: Final = (*_TABLE["wire"], *_TABLE["traits"]["names"])
SMALL_PAGE: Final = int(_TABLE["odd"]["small_page"])


@dataclass(slots=True)
class Fault:
    """One fault; ``number`` and ``kind`` limit it to a person or a data type."""

    action: str
    code: int = 0
    skip: int = 0
    times: int = 0
    every: int = 1
    seconds: float = 0.0
    retry_after: int | None = None
    number: int | None = None
    kind: str | None = None
    seen: dict[int, int] = field(default_factory=dict)

    def hits(self, number: int, kind: str) -> bool:
        """Counts one request and says whether it is hit."""
        if self.number not in {None, number} or self.kind not in {None, kind}:
            return False
        count = self.seen[number] = self.seen.get(number, 0) + 1
        nth, rest = divmod(count - self.skip, self.every)
        return count > self.skip and rest == 0 and (self.times == 0 or nth <= self.times)


@dataclass(slots=True)
class Faults:
    """The faults in force."""

    found: list[Fault] = field(default_factory=list)

    def add(self, name: str, **changes: Any) -> Fault:
        """A fault by its name; an option says otherwise than its usual figures, and then it hits each request."""
        row = _TABLE["wire"].get(name)
        if row is None:
            raise BadOptionError(f"--faults: {name} is not one of {', '.join(NAMES)}")
        usual = dict(row) if not changes else {**row, "every": 1}
        fault = Fault(**{**usual, **changes})
        self.found.append(fault)
        return fault

    def hit(self, number: int, kind: str) -> list[Fault]:
        """The faults that hit this request of a person."""
        return [fault for fault in self.found if fault.hits(number, kind)]


def refusal(fault: Fault) -> Refusal:
    """The answer of a fault that is a status."""
    if fault.code == 429:
        return exhausted(fault.retry_after)
    plain = {400: not_linked, 401: unauthenticated, 403: insufficient_scope}
    return plain[fault.code]() if fault.code in plain else broken(fault.code)
