"""Errors of the risk rules, named for what the caller must do.

RiskError
├── BadInput    a value of a check-up or a reading cannot be used; names the field (and row), never the value
└── BadLimits   a data file of limits is not acceptable; names the file and the key
"""

from __future__ import annotations


class RiskError(Exception):
    """Base of the errors of this package."""


class BadInput(RiskError):
    """A value cannot be used. Carries the field and the row (counted from 0), never the value.

    >>> str(BadInput("is not a number", field="sbp", row=3))
    'row 3, sbp: is not a number'
    """

    def __init__(self, problem: str, *, field: str, row: int | None = None) -> None:
        where = field if row is None else f"row {row}, {field}"
        super().__init__(f"{where}: {problem}")
        self.problem = problem
        self.field = field
        self.row = row


class BadLimits(RiskError):
    """A file of limits was refused as a whole: half a set of limits is worse than none.

    >>> str(BadLimits("has no source", file="limits.toml", key="referral.ldl"))
    'limits.toml: referral.ldl: has no source'
    """

    def __init__(self, problem: str, *, file: str, key: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.problem = problem
        self.file = file
        self.key = key
