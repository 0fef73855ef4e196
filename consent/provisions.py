"""Reads the provision tree of a FHIR Consent into rules, and says what is wrong or unknown in it."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from consent import categories, purposes
from consent.categories import CATEGORIES
from consent.model import OPEN_END, OPEN_START, Days, Effect, Period, Provision
from consent.moments import days_inside, days_touched, span
from consent.notes import Notes
from consent.purposes import PURPOSES, is_recipient

MAX_DEPTH: Final = 2
MAX_ENTRIES: Final = 256
"""Entries of one list, so that a hostile consent stays small."""
MAX_ROWS: Final = 4096
"""Combinations of recipient, purpose and category in one consent, because each becomes a row of the database."""

_PROVISION: Final = frozenset({"id", "type", "period", "actor", "purpose", "code", "dataPeriod", "provision"})
_PERIOD: Final = frozenset({"id", "start", "end"})
_CODING: Final = frozenset({"id", "system", "code", "display", "userSelected"})
_CONCEPT: Final = frozenset({"id", "coding", "text"})
_ACTOR: Final = frozenset({"id", "role", "reference"})
_REFERENCE: Final = frozenset({"id", "reference", "type", "display"})
_HL7: Final = ("http://terminology.hl7.org/CodeSystem/", "http://hl7.org/fhir/")


@dataclass(frozen=True, slots=True)
class _Values:
    """What a list names: the known values, and whether some entry says nothing that is known here."""

    known: frozenset[str]
    strange: bool

    def set(self, effect: Effect) -> frozenset[str] | None:
        """The values as a rule uses them: an unknown entry can be anything to a deny and nothing to a permit."""
        if not self.known or (effect == "deny" and self.strange):
            return None
        return self.known

    def unknown(self, effect: Effect) -> bool:
        """Whether the rule has to be treated as one with an unknown element."""
        return self.strange if effect == "deny" else not self.known


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one provision tree, taking notes."""

    notes: Notes
    zone: tzinfo

    def provision(self, value: object, where: str, depth: int = 0) -> Provision | None:
        """The rule at that place with its exceptions; None when something in it cannot be read."""
        before = len(self.notes.problems)
        fields = self.notes.mapping(value, where)
        if fields is None:
            return None
        effect = fields.get("type")
        if effect not in ("permit", "deny"):
            self.notes.error(f"{where}.type", "must be permit or deny")
        kind: Effect = "permit" if effect == "permit" else "deny"
        strange = not self.notes.only(fields, _PROVISION, where)
        period, odd_period = self._period(fields, "period", where)
        data, odd_data = self._period(fields, "dataPeriod", where)
        days = days_inside(data, self.zone) if kind == "permit" else days_touched(data, self.zone)
        recipients = self._values(fields, "actor", where, self._actor)
        reasons = self._values(fields, "purpose", where, self._purpose)
        kinds = self._values(fields, "code", where, self._category)
        children = self._children(fields, where, depth)
        if any(each.severity == "error" for each in self.notes.problems[before:]):
            return None
        lists = [each for each in (recipients, reasons, kinds) if each is not None]
        return Provision(
            kind,
            period,
            None if recipients is None else recipients.set(kind),
            None if reasons is None else reasons.set(kind),
            None if kinds is None else kinds.set(kind),
            days or Days(),
            children,
            unknown=strange
            or odd_period
            or odd_data
            or days is None
            or any(each.unknown(kind) for each in lists),
        )

    def _children(self, fields: dict[str, Any], where: str, depth: int) -> tuple[Provision, ...]:
        if "provision" not in fields:
            return ()
        place = f"{where}.provision"
        if depth == MAX_DEPTH:
            self.notes.error(place, f"exceptions are at most {MAX_DEPTH} levels deep")
            return ()
        entries = self.notes.array(fields["provision"], place, MAX_ENTRIES) or []
        read = [self.provision(each, f"{place}[{n}]", depth + 1) for n, each in enumerate(entries)]
        return tuple(each for each in read if each is not None)

    def _period(self, fields: dict[str, Any], name: str, where: str) -> tuple[Period, bool]:
        """The period, and whether it has an element that is not known here."""
        if name not in fields:
            return Period(), False
        place = f"{where}.{name}"
        value = self.notes.mapping(fields[name], place)
        if value is None:
            return Period(), False
        strange = not self.notes.only(value, _PERIOD, place)
        ends = []
        for side, empty in (("start", OPEN_START), ("end", OPEN_END)):
            try:
                ends.append(span(value[side], self.zone)[side == "end"] if side in value else empty)
            except ValueError as problem:
                self.notes.error(f"{place}.{side}", str(problem))
                return Period(), strange
        if ends[0] >= ends[1]:
            self.notes.error(place, "must not end before it starts")
            return Period(), strange
        return Period(*ends), strange

    def _values(
        self, fields: dict[str, Any], name: str, where: str, entry: Callable[[object, str], frozenset[str]]
    ) -> _Values | None:
        """The values of a list; None when the rule has no such list."""
        if name not in fields:
            return None
        place = f"{where}.{name}"
        found = []
        for n, each in enumerate(self.notes.array(fields[name], place, MAX_ENTRIES) or []):
            words = entry(each, f"{place}[{n}]")
            if not words:
                self.notes.unknown(f"{place}[{n}]")
            found.append(words)
        return _Values(frozenset().union(*found), strange=not all(found))

    def _actor(self, value: object, where: str) -> frozenset[str]:
        fields = self.notes.mapping(value, where)
        if fields is None:
            return frozenset()
        plain = self.notes.only(fields, _ACTOR, where)
        role = self._concept(fields.get("role"), f"{where}.role", hl7_code("IRCP"))
        target = self.notes.mapping(fields.get("reference"), f"{where}.reference")
        if target is None:
            return frozenset()
        plain = self.notes.only(target, _REFERENCE, f"{where}.reference") and plain
        reference = target.get("reference")
        known = plain and role and is_recipient(reference)
        return frozenset({str(reference)}) if known else frozenset()

    def _purpose(self, value: object, where: str) -> frozenset[str]:
        return self._coding(value, where, local_code(purposes.SYSTEM, PURPOSES))

    def _category(self, value: object, where: str) -> frozenset[str]:
        return self._concept(value, where, local_code(categories.SYSTEM, CATEGORIES))

    def _concept(self, value: object, where: str, knows: Callable[[object, object], bool]) -> frozenset[str]:
        """The known codes of a concept; its other codings are translations of the same meaning."""
        fields = self.notes.mapping(value, where)
        if fields is None or not self.notes.only(fields, _CONCEPT, where) or "coding" not in fields:
            return frozenset()
        codings = self.notes.array(fields["coding"], f"{where}.coding", MAX_ENTRIES) or []
        read = [self._coding(each, f"{where}.coding[{n}]", knows) for n, each in enumerate(codings)]
        return frozenset().union(*read)

    def _coding(self, value: object, where: str, knows: Callable[[object, object], bool]) -> frozenset[str]:
        fields = self.notes.mapping(value, where)
        if fields is None or not self.notes.only(fields, _CODING, where):
            return frozenset()
        code = fields.get("code")
        return (
            frozenset({code}) if isinstance(code, str) and knows(fields.get("system"), code) else frozenset()
        )


def local_code(system: str, words: Container[object]) -> Callable[[object, object], bool]:
    """Whether a system and a code are a word of one of this service's own tables."""
    return lambda given, code: given == system and code in words


def hl7_code(*words: str) -> Callable[[object, object], bool]:
    """Whether a code is one of these HL7 words; HL7 moved its systems, so any of its own is accepted."""

    def knows(system: object, code: object) -> bool:
        return code in words and (system is None or (isinstance(system, str) and system.startswith(_HL7)))

    return knows


def width(rule: Provision, above: tuple[int, int, int] = (1, 1, 1)) -> int:
    """How many combinations of recipient, purpose and category a rule and its exceptions name at most."""
    own = (rule.recipients, rule.purposes, rule.categories)
    sizes = [many if kind is None else len(kind) for kind, many in zip(own, above, strict=True)]
    here = (sizes[0], sizes[1], sizes[2])
    return here[0] * here[1] * here[2] + sum(width(child, here) for child in rule.children)
