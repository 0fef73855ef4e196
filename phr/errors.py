"""Errors of the service, named for what the caller must do; phr.api.problems turns them into HTTP once.

PhrError
├── Invalid          mend the request; names the field
├── NotAllowed       ask for consent or for another role (answered like NotFound where existence would leak)
│   └── OutOfScope   ask the person for a scope that holds this
├── NotFound         it does not exist, or not for you
├── Gone             leave it: it was deleted; the person may read its earlier versions
├── Conflict         read it again; somebody was quicker
├── Unmet            read it again; the condition that you set does not hold
├── Busy             the same call may go through later
├── Refused          a rule of the service says no (a job that would break k, a wrong setting)
│   └── TooCostly    search for less: one person, or a shorter time
└── Unsafe           the installation itself is wrong (weak secret, too powerful database role)
"""

from __future__ import annotations


class PhrError(Exception):
    """Base of the service's errors."""


class Invalid(PhrError):
    """What was sent is not what it claims to be. Carries the field, never a value."""

    def __init__(self, problem: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.problem = problem
        self.field = field


class NotAllowed(PhrError):
    """No live consent, or the role may not."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutOfScope(NotAllowed):
    """The token's scopes do not hold this."""


class NotFound(PhrError):
    """Unknown, or not this caller's."""


class Gone(NotFound):
    """It was there, and was deleted."""


class Conflict(PhrError):
    """Somebody else changed it meanwhile."""


class Unmet(Conflict):
    """A condition of the request does not hold: another version is the present one, or more than one fits."""


class Busy(PhrError):
    """Try again later."""

    def __init__(self, problem: str, *, after_seconds: int = 5) -> None:
        super().__init__(problem)
        self.after_seconds = after_seconds


class Refused(PhrError):
    """A rule of the service says no; the text says what would help."""


class TooCostly(Refused):
    """A search that would go through too much; the text says what to name."""


class Unsafe(PhrError):
    """The installation is not safe to run."""
