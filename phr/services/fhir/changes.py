"""What is to be changed, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from phr.domain.access import Access

Admits = Callable[[str, dict[str, Any]], bool]
"""Whether the caller's scopes admit a resource: action (c, r, u, d), resource."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write.

    action: create, update, patch or delete; identity: the id in the address, "" for a new or a conditional one;
    condition: If-None-Exist, or the query of a conditional form; person: whose, where neither a body nor a present
    version says it; expected: the version in If-Match; caller: who asks, for staff about nobody yet.
    """

    action: str
    kind: str
    caller: Access
    admits: Admits
    identity: str = ""
    condition: str = ""
    resource: dict[str, Any] | None = None
    operations: Any = None
    person: UUID | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of it.

    status: 201 for new, 200 for changed or there already, 204 for deleted; body: the resource as it now stands, ""
    after a deletion; outcome: an OperationOutcome that the caller must see (alarms), "" for none.
    """

    status: int
    kind: str
    id: str = ""
    version: int = 0
    at: datetime | None = None
    body: str = ""
    outcome: str = ""
