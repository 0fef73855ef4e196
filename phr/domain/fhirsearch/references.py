"""References: what a resource refers to, and how a searched reference fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from phr.domain.fhirsearch.escapes import plain
from phr.errors import Invalid

_LOCAL: Final = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def local(text: Any, base: str = "") -> tuple[str, str] | None:
    """Type and id of a reference to this server, relative or by its own address; None for any other."""
    if not isinstance(text, str):
        return None
    match = _LOCAL.fullmatch(text.removeprefix(f"{base}/") if base else text)
    return None if match is None else (match.group(1), match.group(2))


def address(stored: Any) -> Any:
    """The text of a Reference, or of a canonical, which is a text itself."""
    return stored.get("reference") if isinstance(stored, dict) else stored


@dataclass(frozen=True, slots=True)
class Searched:
    """A searched reference: type and id (type "" for any), or an address elsewhere."""

    kind: str
    id: str
    url: str
    targets: tuple[str, ...]
    base: str

    def holds(self, stored: Any) -> bool:
        """Whether a stored reference fits."""
        text = address(stored)
        if self.url:
            return isinstance(text, str) and self.url in (text, text.partition("|")[0])
        found = local(text, self.base)
        if found is None or found[1] != self.id:
            return False
        return self.kind in ("", found[0]) and (not self.targets or found[0] in self.targets)


def searched(text: str, kind: str, targets: tuple[str, ...], base: str, field: str) -> Searched:
    """``id``, ``Type/id`` or an address; kind: the type that a modifier names. Raises Invalid."""
    given = plain(text)
    found = local(given, base)
    if found is not None:
        if found[0] not in ((kind,) if kind else targets or (found[0],)):
            raise Invalid("cannot refer to this type", field=field)
        return Searched(found[0], found[1], "", targets, base)
    if _ID.fullmatch(given):
        return Searched(kind, given, "", targets, base)
    if ":" in given:
        return Searched("", "", given, targets, base)
    raise Invalid("expected an id, Type/id or an address", field=field)
