"""The receipt of a consent that the resident keeps, in the sections of ISO/IEC TS 27560."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from consent.categories import CATEGORIES
from consent.model import OPEN_END, OPEN_START, Consent, Days, Provision, Source
from consent.moments import CITY, end_text, moment_text, start_text
from consent.purposes import PURPOSES, recipient_name
from consent.texts import TEXTS

SCHEMA: Final = "ISO-IEC-TS-27560:2023"
_STATES: Final = {"active": "given", "inactive": "withdrawn", "rejected": "refused"}


@dataclass(frozen=True, slots=True)
class Commit:
    """What the record keeper knows about the moment of recording.

    at: the commit of the database, from which the consent speaks. withdrawal: where the resident can withdraw.
    countries: where the data lie. first_denied: the first refused probe after a withdrawal.
    already_given: recipients who hold data that cannot be called back. stopped: what ended with it, counted by kind.
    """

    receipt_id: str
    at: datetime
    controller: str
    controller_name: str
    contact: str
    withdrawal: str
    countries: tuple[str, ...] = ("JP",)
    recorded_by: str = ""
    first_denied: datetime | None = None
    jobs_stopped: int = 0
    files_destroyed: int = 0
    already_given: tuple[str, ...] = ()
    stopped: tuple[tuple[str, int], ...] = ()


def receipt(consent: Consent, commit: Commit, language: str = "ja", zone: tzinfo = CITY) -> dict[str, Any]:
    """The receipt as plain JSON values; ValueError for a consent that cannot be read."""
    if consent.base is None or consent.patient is None or consent.status is None or consent.date_time is None:
        raise ValueError("consent: an unreadable consent has no receipt")
    source = consent.source
    found: dict[str, Any] = {
        "schema_version": SCHEMA,
        "receipt_id": commit.receipt_id,
        "record_id": f"Consent/{consent.id}/_history/{consent.version}",
        "pii_principal_id": f"Patient/{consent.patient}",
        "pii_processing": {
            "privacy_notice": None if source is None else source.text_version,
            "privacy_notice_sha256": _signed(source),
            "language": language if source is None else source.language,
            "collection_method": None if source is None else source.way,
            "scan_sha256": source.scan if source is not None and source.scan else None,
            "lawful_basis": "consent",
            "jurisdiction": "JP",
            "storage_locations": list(commit.countries),
            "withdrawal_method": commit.withdrawal,
            "purposes": list(_purposes(consent.base, language, zone)),
        },
        "party_identification": _parties(consent, commit),
        "events": [
            {
                "event_type": "explicit",
                "event_state": _STATES.get(consent.status, consent.status),
                "event_time": moment_text(consent.date_time, zone),
                "recorded_time": commit.at.astimezone(UTC).isoformat(),
                "entity_id": [*consent.performers],
                "recorded_by": commit.recorded_by or None,
            }
        ],
    }
    if consent.status == "inactive":
        found["withdrawal"] = {
            "first_denied_time": None
            if commit.first_denied is None
            else commit.first_denied.astimezone(UTC).isoformat(),
            "jobs_stopped": commit.jobs_stopped,
            "files_destroyed": commit.files_destroyed,
            "stopped": dict(commit.stopped),
            "not_recalled_from": list(commit.already_given),
        }
    return found | {"check_number": check_number(found)}


def _signed(source: Source | None) -> str | None:
    """The number of the text that was agreed to, so that anybody can compare it with the published one."""
    edition = None if source is None else TEXTS.known(source.text_version)
    return None if edition is None else edition.sha256


def check_number(found: dict[str, Any]) -> str:
    """Twelve characters that change with anything in the receipt, short enough to read out at a counter."""
    content = {name: part for name, part in found.items() if name != "check_number"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:12].upper()
    return "-".join((digest[:4], digest[4:8], digest[8:]))


def _parties(consent: Consent, commit: Commit) -> list[dict[str, str]]:
    controller = {
        "party_id": commit.controller,
        "party_role": "controller",
        "party_name": commit.controller_name,
        "party_contact": commit.contact,
    }
    principal = {"party_id": f"Patient/{consent.patient}", "party_role": "principal"}
    agents = [each for each in consent.performers if each != principal["party_id"]]
    return [controller, principal, *({"party_id": each, "party_role": "representative"} for each in agents)]


def _purposes(
    rule: Provision, language: str, zone: tzinfo, exception: bool = False
) -> Iterator[dict[str, Any]]:
    """Each permit, and each deny that is an exception, as one entry that a person can read."""
    if rule.type == "permit" or exception:
        yield {
            "effect": rule.type,
            "purposes": _named(rule.purposes, lambda key: PURPOSES[key].name[language]),
            "recipients": _named(rule.recipients, lambda key: recipient_name(key, language)),
            "pii_types": _named(rule.categories, lambda key: CATEGORIES[key].name[language]),
            "in_force": {
                "from": None if rule.period.start == OPEN_START else start_text(rule.period.start, zone),
                "to": None if rule.period.end == OPEN_END else end_text(rule.period.end, zone),
            },
            "data_from": None
            if rule.data_period.first == Days().first
            else rule.data_period.first.isoformat(),
            "data_to": None if rule.data_period.last == Days().last else rule.data_period.last.isoformat(),
        }
    for child in rule.children:
        yield from _purposes(child, language, zone, exception=True)


def _named(keys: frozenset[str] | None, name: Callable[[str], str]) -> list[dict[str, str]] | str:
    return "any" if keys is None else [{"key": key, "name": name(key)} for key in sorted(keys)]
