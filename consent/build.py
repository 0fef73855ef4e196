"""Builds the FHIR Consent that a resident's choice becomes, and the version that withdraws it."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from consent.categories import CATEGORIES
from consent.fhir import write
from consent.model import OPEN_END, OPEN_START, Consent, Days, Period, Provision, Source
from consent.moments import CITY, end_of_day, moment_text
from consent.purposes import PURPOSES, is_recipient

WAYS: Final = ("app", "counter", "paper", "phone")
"""How somebody agreed: on the page, at the counter, on a paper form, by telephone."""

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,63}", re.ASCII)
_SCAN: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REFERENCE: Final = re.compile(r"[A-Z][A-Za-z]{1,30}/[A-Za-z0-9\-.]{1,64}", re.ASCII)


class BadChoice(ValueError):
    """A choice cannot become a consent; names the field."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a consent leaves out: kinds, recipients, days of the data, both inclusive. What is not named is any."""

    categories: Sequence[str] = ()
    recipients: Sequence[str] = ()
    data_from: date | None = None
    data_to: date | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person agrees to, in the words of the tables.

    categories: None is every kind. data_from, data_to: days of the data, both inclusive. leaving_out: exceptions.
    until: the last day on which the consent is in force.
    performer: who agreed; empty means the person. also: who agreed beside them. scan: SHA-256 of a scanned form, in hex.
    """

    patient: str
    recipients: Sequence[str]
    purposes: Sequence[str]
    categories: Sequence[str] | None
    date_time: datetime
    organization: str
    text_version: str
    way: str
    data_from: date | None = None
    data_to: date | None = None
    until: date | None = None
    performer: str = ""
    language: str = "ja"
    scan: str = ""
    consent_id: str | None = None
    leaving_out: Sequence[Exclusion] = ()
    also: Sequence[str] = ()


def build(choice: Choice, zone: tzinfo = CITY) -> dict[str, Any]:
    """A Consent that denies everything but one permit for each recipient and purpose; BadChoice names a bad field."""
    _refuse(choice, zone)
    permits = tuple(
        Provision(
            "permit",
            Period(OPEN_START, OPEN_END if choice.until is None else end_of_day(choice.until, zone)),
            frozenset({recipient}),
            frozenset({purpose}),
            None if choice.categories is None else frozenset(choice.categories),
            Days(choice.data_from or date.min, choice.data_to or date.max),
            tuple(_denied(each) for each in choice.leaving_out),
        )
        for recipient in dict.fromkeys(choice.recipients)
        for purpose in dict.fromkeys(choice.purposes)
    )
    return write(
        Consent(
            choice.consent_id,
            0,
            "active",
            choice.patient,
            choice.date_time,
            Provision("deny", children=permits),
            scope=PURPOSES[choice.purposes[0]].scope,
            performers=(choice.performer or f"Patient/{choice.patient}", *choice.also),
            organizations=(choice.organization,),
            source=Source(choice.text_version, choice.way, choice.language, choice.scan),
        ),
        zone,
    )


def _denied(left_out: Exclusion) -> Provision:
    """An exception of a permit; a deny overrides whatever another consent permits, too."""
    return Provision(
        "deny",
        recipients=frozenset(left_out.recipients) or None,
        categories=frozenset(left_out.categories) or None,
        data_period=Days(left_out.data_from or date.min, left_out.data_to or date.max),
    )


def _sound(left_out: Exclusion) -> bool:
    """Whether an exception names something, and only words of the tables."""
    days = (left_out.data_from or date.min, left_out.data_to or date.max)
    return (
        left_out != Exclusion()
        and all(each in CATEGORIES for each in left_out.categories)
        and all(is_recipient(each) for each in left_out.recipients)
        and days[0] <= days[1]
    )


def _refuse(choice: Choice, zone: tzinfo) -> None:
    """Finds the first field that is no word of the tables; each line is one rule."""
    rules = {
        "patient": is_recipient(f"Patient/{choice.patient}"),
        "recipients": bool(choice.recipients) and all(is_recipient(each) for each in choice.recipients),
        "purposes": bool(choice.purposes) and all(each in PURPOSES for each in choice.purposes),
        "categories": choice.categories is None
        or (bool(choice.categories) and all(each in CATEGORIES for each in choice.categories)),
        "date_time": choice.date_time.utcoffset() is not None,
        "organization": _REFERENCE.fullmatch(choice.organization) is not None,
        "text_version": _WORD.fullmatch(choice.text_version) is not None,
        "way": choice.way in WAYS,
        "performer": not choice.performer or _REFERENCE.fullmatch(choice.performer) is not None,
        "also": all(_REFERENCE.fullmatch(each) for each in choice.also),
        "leaving_out": all(_sound(each) for each in choice.leaving_out),
        "language": _WORD.fullmatch(choice.language) is not None,
        "scan": not choice.scan or _SCAN.fullmatch(choice.scan) is not None,
        "consent_id": choice.consent_id is None or _WORD.fullmatch(choice.consent_id) is not None,
    }
    for field, good in rules.items():
        if not good:
            raise BadChoice(f"{field}: is missing or not in the tables")
    if len({PURPOSES[each].scope for each in choice.purposes}) > 1:
        raise BadChoice("purposes: research needs a consent of its own")
    if choice.data_from and choice.data_to and choice.data_from > choice.data_to:
        raise BadChoice("data_to: must not be before data_from")
    if choice.until and end_of_day(choice.until, zone) <= choice.date_time:
        raise BadChoice("until: must not be before the day of the consent")


def withdraw(consent: dict[str, Any], at: datetime, zone: tzinfo = CITY) -> dict[str, Any]:
    """The next version of a Consent, withdrawn at that moment; what it said is kept, so that it can be shown."""
    withdrawn = copy.deepcopy(consent)
    withdrawn.pop("text", None)  # the narrative still says that it is in force
    withdrawn["status"] = "inactive"
    withdrawn["dateTime"] = moment_text(at, zone)
    return withdrawn
