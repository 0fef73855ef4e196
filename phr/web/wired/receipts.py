"""Receipts: what one version of a consent began or ended, for the page, on paper and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from consent.model import Consent
from consent.receipt import Commit
from consent.receipt import receipt as receipt_of
from phr.domain.agreeing import by_others, permits, purposes_of
from phr.domain.withdrawal import STOPPED
from phr.errors import NotFound
from phr.services.consents import CalledBack, Effect, Held
from phr.typeset import Press
from phr.web.ports import Session
from phr.web.sessions import WebSession, held, organisation_name
from phr.web.views.resident import Receipt, Received
from phr.web.wired.parts import Area
from phr.web.words import WORDS

RESEARCH: Final = frozenset({"research-deidentified", "research-identifiable"})
_STOPPED: Final = {
    "collect": ("collect",),
    "guidance": ("reads", "subscriptions"),
    "risk": ("risk",),
    "points": ("points",),
    "research-deidentified": ("exports", "links"),
    "research-identifiable": ("reads", "exports", "links"),
}


class Receipts(Area):
    """Receipts of the person who is signed in."""

    @cached_property
    def _receipt_press(self) -> Press:
        return Press()

    def receipt_file(self, session: Session, number: str, *, pdf: bool) -> bytes:
        """The receipt of one version; NotFound when it is not theirs."""
        one = held(session)
        identity, _, version = number.rpartition(".")
        found = self._system.consents.history(
            one.person, identity, actor=one.subject, role="resident", request=one.request
        )
        each = next((each for each in found if str(each.version) == version), None)
        if each is None or each.consent.base is None:
            raise NotFound("no such receipt")
        made = self._made(number, each, *self._effects(one))
        if not pdf:
            return json.dumps(made, ensure_ascii=False, indent=2).encode()
        return self._receipt_press.pdf("consent-receipt", _printed(made, each), self._parts.now())

    def _effects(self, one: WebSession) -> tuple[list[Effect], list[CalledBack]]:
        access = one.access().for_purpose("consent").about(one.person)
        return self._system.consents.effects(one.person, access)

    def _made(
        self, number: str, each: Held, effects: Sequence[Effect], called: Sequence[CalledBack]
    ) -> dict[str, Any]:
        """The receipt as TS 27560 shapes it. It is the same whenever it is asked for, but for who was told meanwhile."""
        settings = self._parts.settings
        own = [one for one in effects if (one.consent_id, one.version) == (each.consent.id, each.version)]
        kept = {one.kind: one for one in own}
        back = [one for one in called if one.at >= each.recorded_at] if "recipients" in kept else []
        return receipt_of(
            each.consent,
            Commit(
                number,
                kept["committed"].at if "committed" in kept else each.recorded_at,
                settings.recipient,
                settings.city,
                settings.telephone,
                f"{settings.base_url}/sharing",
                recorded_by=each.recorder,
                first_denied=kept["denied"].at if "denied" in kept else None,
                jobs_stopped=sum(one.count for one in own if one.kind in {"sync", "uploads"}),
                files_destroyed=sum(one.count for one in own if one.kind == "files"),
                already_given=tuple(sorted({one.recipient for one in back})),
                stopped=_counts(kept),
            ),
            zone=self._parts.zone,
        )

    def receipt_of_version(
        self, one: WebSession, number: str, versions: Sequence[Held], received: Sequence[tuple[str, Received]]
    ) -> Receipt | None:
        """What the page says of one version; None when it is none of theirs, or says nothing of a purpose."""
        version = number.rpartition(".")[2]
        place = next((i for i, each in enumerate(versions) if str(each.version) == version), None)
        if place is None:
            return None
        each = versions[place]
        before = live(versions[place - 1].consent) if place else frozenset()
        after = live(each.consent)
        stopped = before - after
        purpose = next(iter(sorted(stopped or after - before or after)), "")
        if not purpose:
            return None
        spoke = versions[place - 1 if stopped else place].consent
        recipients = {to for permit in permits(spoke, purpose) for to in permit.recipients or ()}
        got = tuple(found for to, found in received if purpose in RESEARCH and to in recipients)
        effects, called = self._effects(one)
        made = self._made(number, each, effects, called)
        own = {e.kind: e for e in effects if (e.consent_id, e.version) == (each.consent.id, each.version)}
        return Receipt(
            number=number,
            purpose=purpose,
            on=not stopped,
            version=each.version,
            committed_at=own["committed"].at if "committed" in own else each.recorded_at,
            text_version=each.consent.text_version or "",
            check_code=str(made["check_number"]),
            stopped=_STOPPED.get(purpose, ("reads",)) if stopped else (),
            received=got if stopped else (),
            counts=_counts(own),
            denied_at=own["denied"].at if "denied" in own else None,
            by=tuple(organisation_name(who) for who in by_others(each.consent)),
        )


def _counts(own: Mapping[str, Effect]) -> tuple[tuple[str, int], ...]:
    return tuple((kind, own[kind].count) for kind in STOPPED if kind in own and kind in WORDS["effect"])


def live(consent: Consent) -> frozenset[str]:
    """The purposes for which a consent permits anything now."""
    return purposes_of(consent) if consent.status == "active" else frozenset()


def _printed(made: Mapping[str, Any], each: Held) -> dict[str, Any]:
    """The receipt as the sheet has it: rows of a label and a text, in Japanese."""
    processing, event = made["pii_processing"], made["events"][0]
    given_up = made.get("withdrawal")
    rows = [
        ("番号", made["receipt_id"]),
        ("確認番号", made["check_number"]),
        ("決めた日時", event["event_time"]),
        ("記録した日時", event["recorded_time"]),
        ("決めた人", "、".join(event["entity_id"])),
        ("記録した人", event["recorded_by"] or "—"),
        ("方法", {"app": "画面", "counter": "窓口", "paper": "紙", "phone": "電話"}.get(processing["collection_method"], "—")),
        ("説明文の版", f"{processing['privacy_notice']}　{processing['privacy_notice_sha256'] or ''}"),
        ("止め方", processing["withdrawal_method"]),
    ]  # fmt: skip
    if processing["scan_sha256"]:
        rows.append(("用紙のSHA-256", processing["scan_sha256"]))
    return {
        "title": "同意の控え",
        "state": {"given": "共有しています", "withdrawn": "止めました"}.get(
            event["event_state"], event["event_state"]
        ),
        "city": made["party_identification"][0]["party_name"],
        "contact": made["party_identification"][0]["party_contact"],
        "version": each.version,
        "rows": rows,
        "rules": [_rule(rule) for rule in processing["purposes"]],
        "stopped": [
            (str(WORDS["effect"][kind]), count) for kind, count in (given_up or {}).get("stopped", {}).items()
        ],
        "denied": (given_up or {}).get("first_denied_time") or "",
        "given": (given_up or {}).get("not_recalled_from", []),
        "withdrawn": given_up is not None,
    }


def _rule(rule: Mapping[str, Any]) -> list[str]:
    def named(part: str) -> str:
        found = rule[part]
        return "すべて" if found == "any" else "、".join(one["name"] for one in found)

    days = [rule["data_from"] or "", rule["data_to"] or ""]
    force = [rule["in_force"]["from"] or "", rule["in_force"]["to"] or ""]
    return [
        "見られる" if rule["effect"] == "permit" else "のぞく",
        named("purposes"),
        named("recipients"),
        named("pii_types"),
        "～".join(days) if any(days) else "すべての日",
        "～".join(force) if any(force) else "止めるまで",
    ]
