"""Filter criteria of a subscription: ``Observation?patient=Patient/x&code=http://loinc.org|8867-4``, read and applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from phr.domain.subscriptions.topics import Topic
from phr.errors import Invalid

FIELD: Final = "Subscription._criteria"
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter criterion: the type it speaks of, and for each parameter the tokens of which one must be there."""

    kind: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]


def read(text: object, topic: Topic) -> tuple[Filter, tuple[str, ...]]:
    """The criterion, and the patients that it names. Raises Invalid."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise Invalid("expected a filter such as Type?name=value", field=FIELD)
    kind, mark, query = text.partition("?")
    if kind not in topic.types or not mark:
        raise Invalid(f"this topic filters {' or '.join(topic.types)}", field=FIELD)
    parts: list[tuple[str, tuple[str, ...]]] = []
    patients: list[str] = []
    for name, value in parse_qsl(query, keep_blank_values=True, separator="&"):
        if name not in topic.filters:
            raise Invalid(f"this topic filters by {', '.join(sorted(topic.filters))}", field=FIELD)
        values = tuple(value.split(","))
        if not all(values):
            raise Invalid("a filter without a value", field=FIELD)
        if name == "patient":
            patients += [one.removeprefix("Patient/") for one in values]
        else:
            parts.append((name, values))
    return Filter(kind, tuple(parts)), tuple(patients)


def fits(wanted: Sequence[Filter], kind: str, codes: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether something of a type, with these codes and categories (``system|code``), is asked for.

    Without any criterion everything of the topic is; with several, one of them must fit.
    """
    has = {"code": codes, "category": labels}
    return not wanted or any(
        one.kind == kind
        and all(any(_is(token, each) for token in tokens for each in has[name]) for name, tokens in one.parts)
        for one in wanted
    )


def _is(token: str, coding: str) -> bool:
    """FHIR's token: code, system|code, |code (no system), system| (any code of it)."""
    system, bar, code = token.rpartition("|")
    has_system, _, has_code = coding.rpartition("|")
    if not bar:
        return token == has_code
    return system == has_system and code in ("", has_code)
