"""SMART scopes at the FHIR interface: what a token may do with a type, and with one resource of it.

A token without scopes is one of the service's own: its role and purpose decide alone. Scopes only ever narrow; what
the caller may see at all, the database decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from phr.domain.smart import scopes
from phr.domain.smart.constraints import met
from phr.domain.smart.scopes import Scope
from phr.errors import Invalid, OutOfScope
from phr.services.accounts import Caller

_DECISIONS: Final = frozenset({"AuditEvent", "Consent"})
"""What a person decided, and who looked: an app may read the person's own and never write, and for somebody for whom a
person acts not even read.
"""
_READS: Final = frozenset(scopes.READING)


def require(who: Caller, kind: str, action: str) -> None:
    """Refuses what the token's scopes do not hold; action: one of c, r, u, d, s. Raises OutOfScope."""
    if not who.scope:
        return
    closed = kind in _DECISIONS and (action not in _READS or who.purpose == "family")
    if closed or not scopes.allows(_granted(who.scope), kind, action):
        raise OutOfScope(f"the token has no scope for this ({action})")


def admits(who: Caller, kind: str, action: str, resource: Mapping[str, Any]) -> bool:
    """Whether a resource is within the constraints of the token's scopes."""
    return admitted(who.scope, kind, action, resource)


def admitted(scope: str, kind: str, action: str, resource: Mapping[str, Any]) -> bool:
    """The same for the scopes of a token that is not at hand, as a subscription keeps them."""
    return not scope or scopes.admits(_granted(scope), kind, action, resource, met)


@lru_cache(maxsize=1024)
def _granted(scope: str) -> Sequence[Scope]:
    """The scopes for resources; what is broken grants nothing."""
    try:
        return tuple(scopes.split(scope)[0])
    except Invalid:
        return ()
