"""A resource against a profile: each rule says what is missing and where, and never what is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from phr.domain.profiles.base import Issue
from phr.domain.profiles.table import PROFILES, Profile, Rule

_UCUM: Final = "http://unitsofmeasure.org"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CHOICE: Final = re.compile(r"value[A-Z]")


def profile_issues(resource: Mapping[str, Any], url: str) -> list[Issue]:
    """What is wrong with a resource as one of a profile; a profile that is not known here is said to be unchecked."""
    kind = str(resource.get("resourceType"))
    profile = PROFILES.get(url.partition("|")[0])
    if profile is None:
        return [
            Issue(
                "information", "not-supported", "a profile that is not checked here", f"{kind}.meta.profile"
            )
        ]
    if profile.type != kind:
        return [Issue("error", "value", f"{profile.title} is of another type", f"{kind}.meta.profile")]
    return [issue for rule in profile.rules for issue in _RULES[rule.name](resource, rule, profile)]


def _issue(profile: Profile, rule: Rule, text: str, place: str, code: str = "required") -> Issue:
    return Issue(rule.severity, code, f"{profile.title}: {text}", f"{profile.type}.{place}")


def _listed(value: object) -> list[Mapping[str, Any]]:
    """The objects of an element that may repeat, whatever a client wrote."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping)]


def _has(concepts: object, system: str, codes: tuple[str, ...]) -> bool:
    return any(
        coding.get("system") == system and (not codes or coding.get("code") in codes)
        for concept in _listed(concepts)
        for coding in _listed(concept.get("coding"))
    )


def _coding(resource: Mapping[str, Any], rule: Rule, profile: Profile) -> Iterator[Issue]:
    if not _has(resource.get(rule.at), rule.system, rule.codes):
        wanted = f"{rule.system}|{' or '.join(rule.codes)}" if rule.codes else f"a code of {rule.system}"
        yield _issue(profile, rule, f"lacks {wanted}", rule.at, "code-invalid")


def _present(resource: Mapping[str, Any], rule: Rule, profile: Profile) -> Iterator[Issue]:
    if not any(name in resource for name in rule.any):
        yield _issue(profile, rule, f"lacks {' or '.join(rule.any)}", rule.any[0])


def _absent(resource: Mapping[str, Any], rule: Rule, profile: Profile) -> Iterator[Issue]:
    for name in rule.any:
        if name in resource:
            yield _issue(profile, rule, "must not be there", name, "structure")


def _unit(value: object, codes: tuple[str, ...]) -> bool:
    return (
        isinstance(value, Mapping)
        and "value" in value
        and value.get("system") == _UCUM
        and value.get("code") in codes
    )


def _quantity(resource: Mapping[str, Any], rule: Rule, profile: Profile) -> Iterator[Issue]:
    given = resource.get("valueQuantity")
    if given is not None and not _unit(given, rule.codes):
        text = f"is a number in UCUM {' or '.join(rule.codes)}"
        yield _issue(profile, rule, text, "valueQuantity", "value")


def _component(resource: Mapping[str, Any], rule: Rule, profile: Profile) -> Iterator[Issue]:
    listed = resource.get("component")
    for at, one in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(one, Mapping) and _has(one.get("code"), rule.system, (rule.code,)):
            if "dataAbsentReason" not in one and not _unit(one.get("valueQuantity"), rule.codes):
                text = f"is a number in UCUM {' or '.join(rule.codes)}, or has a reason"
                yield _issue(profile, rule, text, f"component[{at}].valueQuantity", "value")
            return
    yield _issue(profile, rule, f"lacks a component {rule.system}|{rule.code}", "component")


def _reasoned(resource: Mapping[str, Any], rule: Rule, profile: Profile) -> Iterator[Issue]:
    if not _said(resource) and "component" not in resource and "hasMember" not in resource:
        yield _issue(profile, rule, "lacks a value or dataAbsentReason (vs-2)", "value", "invariant")
    for at, one in enumerate(_listed(resource.get("component", []))):
        if not _said(one):
            text = "lacks a value or dataAbsentReason (vs-3)"
            yield _issue(profile, rule, text, f"component[{at}]", "invariant")


def _said(part: Mapping[str, Any]) -> bool:
    return "dataAbsentReason" in part or any(_CHOICE.match(name) for name in part)


def _to_the_day(resource: Mapping[str, Any], rule: Rule, profile: Profile) -> Iterator[Issue]:
    given = resource.get("effectiveDateTime")
    if given is not None and _DAY.match(str(given)) is None:
        yield _issue(profile, rule, "names no day (vs-1)", "effectiveDateTime", "invariant")


_RULES: Final[Mapping[str, Callable[[Mapping[str, Any], Rule, Profile], Iterator[Issue]]]] = {
    "coding": _coding,
    "present": _present,
    "absent": _absent,
    "quantity": _quantity,
    "component": _component,
    "reasoned": _reasoned,
    "to-the-day": _to_the_day,
}
