"""Forms on paper: sheets with the code of the counter's page, and what staff copy from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid5

from consent.build import Choice, build
from consent.categories import CATEGORIES
from consent.fhir import write
from consent.purposes import PURPOSES
from consent.texts import TEXTS
from phr.domain.agreeing import shares
from phr.domain.paper_forms import DAYS, Entry, Pressure, Weight, address_of
from phr.domain.points_rules import RulesError
from phr.errors import Conflict, Invalid, NotFound
from phr.ids import person_id
from phr.services.paper import Copied
from phr.services.points import Happened
from phr.web.languages import translations
from phr.web.ports import Session
from phr.web.ports.paper import Decision
from phr.web.sessions import WebSession, held, organisation_name
from phr.web.views.paper import Copying, CopyingConsent, PaperList, Sheet
from phr.web.wired import paper_sheets
from phr.web.wired.decisions import CONSENTS, without
from phr.web.wired.parts import Area, together
from phr.web.words import N_, WORDS
from risk.questionnaires.definition import NAMES, form

_DIARIES: Final = {"diary": "/record/blood-pressure", "food": "/nutrition"}
_PURPOSES: Final = ("collect", "guidance", "risk", "points", "research-deidentified")
_LANGUAGES: Final = frozenset({"ja", "en"})


class PaperArea(Area):
    """Forms on paper."""

    @together
    def paper_list(self, session: Session) -> PaperList:
        """Every form, with the sheets of a resident's own, or blank ones for staff."""
        staff = session.role != "resident"
        top = "/staff/paper" if staff else "/paper"
        answers = "/staff/questionnaires" if staff else "/questionnaires"
        sheets = [
            Sheet(name, f"{top}/{name}.pdf", f"{top}/{name}" if staff else page)
            for name, page in _DIARIES.items()
        ]
        for name in NAMES:
            known = form(name)
            title = {"ja": known.ja, "en": known.en}
            place = f"{answers}/{name}"
            sheets.append(Sheet("questionnaire", f"{place}/paper.pdf", place, title))
        for purpose in _PURPOSES:
            page = f"{top}/consent/{purpose}"
            sheets.append(Sheet("consent", f"{page}.pdf", page if staff else "/sharing", purpose=purpose))
        if session.role in {"resident", "registrar"}:
            sheets.append(Sheet("rights", f"{top}/rights.pdf", "/staff/rights" if staff else "/documents"))
        sheets.append(
            Sheet("emergency", f"{top}/emergency.pdf", f"{top}/emergency" if staff else "/emergency/edit")
        )
        if not staff:
            sheets.append(Sheet("emergency-card", "/emergency/card-a4.pdf", "/emergency"))
        return PaperList(tuple(sheets), staff=staff)

    def paper_sheet(self, session: Session, name: str, language: str) -> bytes:
        """The sheet of a diary, of a request about the records or of the emergency card, as PDF."""
        if name not in {*_DIARIES, "rights", "emergency"}:
            raise NotFound("form")
        language = language if language in _LANGUAGES else "ja"
        title = paper_sheets.title_of(name, language)
        path = "/staff/rights" if name == "rights" else f"/staff/paper/{name}"
        sheet = self._paper_frame(held(session), language, title, path)
        if name == "diary":
            return paper_sheets.printed(paper_sheets.diary(sheet, DAYS), self._parts.now())
        makers = {
            "food": paper_sheets.food,
            "rights": paper_sheets.rights,
            "emergency": paper_sheets.emergency,
        }
        return paper_sheets.printed(makers[name](sheet), self._parts.now())

    def consent_sheet(self, session: Session, purpose: str, language: str) -> bytes:
        """The sheet of a decision about one purpose as PDF, with the text that the screen shows today."""
        if purpose not in _PURPOSES:
            raise NotFound("purpose")
        language = language if language in _LANGUAGES else "ja"
        say = translations(language).gettext
        shown = TEXTS.on(self._parts.today())
        statement = shown.statements[purpose]
        kinds = PURPOSES[purpose].kinds or tuple(CATEGORIES)
        name = say(WORDS["purpose"][purpose])
        mark = "：" if language == "ja" else ": "
        comma = "、" if language == "ja" else ", "
        facts = [
            (say("だれに"), comma.join(self._paper_named(to) for to in self._paper_to(purpose))),
            (say("何を"), comma.join(say(WORDS["category"][kind]) for kind in kinds)),
            (say("なんのため"), say(WORDS["why"][purpose])),
            (say(N_("どう使うか")), statement.use[language]),
            (say("いつまで"), statement.keep[language]),
            (
                say("置き場所"),
                comma.join(say(WORDS["country"].get(each, each)) for each in statement.countries),
            ),
        ]
        sheet = self._paper_frame(
            held(session),
            language,
            say(N_("共有の申込み")) + mark + name,
            f"/staff/paper/consent/{purpose}",
            text=shown.version,
        )
        choices = (say(N_("共有を始めます")), say(N_("共有を止めます")))
        note = say("説明文 %(text)s") % {"text": shown.version}
        made = paper_sheets.consent(sheet, facts, choices, say("書いた日"), note)
        return paper_sheets.printed(made, self._parts.now())

    def _paper_frame(
        self, one: WebSession, language: str, title: str, path: str, **more: str
    ) -> dict[str, Any]:
        """What every sheet has; a resident's own carries the number of the record, a blank one has no code."""
        settings = self._parts.settings
        patient = address = ""
        if one.role == "resident":
            patient = self._system.register.known(one.whom, one.access()).patient_id
            address = address_of(settings.base_url, path, patient, **more)
        return paper_sheets.frame(language, title, address, patient, settings.city, settings.telephone)

    def _paper_to(self, purpose: str) -> tuple[str, ...]:
        if purpose == "research-deidentified":
            return PURPOSES[purpose].to
        return (self._parts.settings.recipient,)

    def _paper_named(self, reference: str) -> str:
        settings = self._parts.settings
        if reference == settings.recipient:
            return f"{settings.city} {organisation_name(reference)}"
        return organisation_name(reference)

    @together
    def copying(self, session: Session, name: str) -> Copying:
        """The empty form for a sheet."""
        del session
        if name not in _DIARIES:
            raise NotFound("form")
        rows = range(DAYS) if name == "diary" else range(paper_sheets.FOOD_LINES)
        return Copying(name, self._parts.today(), tuple(rows))

    def copy_sheet(
        self, session: Session, name: str, patient: str, born: date, entries: Sequence[Entry]
    ) -> Copied:
        """Store a sheet; what the person would have earned on the screen is earned on paper too."""
        if name not in _DIARIES:
            raise NotFound("form")
        one = held(session)
        copied = self._parts.paper.copy(patient, born, entries, one.access())
        self._paper_earn(copied.person, entries, one.request)
        return copied

    def _paper_earn(self, person: UUID, entries: Sequence[Entry], request: str) -> None:
        days = {
            (one.day, "blood-pressure" if isinstance(one, Pressure) else "body")
            for one in entries
            if isinstance(one, Pressure | Weight)
        }
        things = [
            Happened(
                "bp_or_weight_entry",
                day,
                "staff",
                f"paper:{kind}:{day.isoformat()}",
                kind,
                variant="b" if kind == "blood-pressure" else "w",
            )
            for day, kind in sorted(days)
        ]
        try:
            self._system.points.earn(person, things, request=request)
        except RulesError:
            return  # a year without rules earns nothing; the values are stored all the same

    @together
    def copying_consent(self, session: Session, purpose: str) -> CopyingConsent:
        """The empty form for a decision on paper."""
        del session
        if purpose not in _PURPOSES:
            raise NotFound("purpose")
        today = self._parts.today()
        versions = tuple(each.version for each in TEXTS.editions[::-1] if each.valid_from <= today)
        return CopyingConsent(purpose, today, versions[0] if versions else "", versions)

    def copy_consent(self, session: Session, purpose: str, decision: Decision) -> None:
        """Record a decision on paper: it counts from now, and says that it was made on paper."""
        one, signed = held(session), decision.signed
        if purpose not in _PURPOSES:
            raise NotFound("purpose")
        if TEXTS.known(decision.text_version) is None:
            raise Invalid("is no version of the text", field="text")
        today = self._parts.today()
        if signed.day > today:
            raise Invalid("is after today", field="day")
        person = self._parts.paper.owner(signed.patient, signed.born, one.access().for_purpose("consent"))
        if decision.on:
            self._paper_begin(one, person, purpose, decision)
        else:
            self._paper_end(one, person, purpose)

    def _paper_begin(self, one: WebSession, person: UUID, purpose: str, decision: Decision) -> None:
        settings = self._parts.settings
        choice = Choice(
            decision.signed.patient,
            list(self._paper_to(purpose)),
            [purpose],
            list(PURPOSES[purpose].kinds or CATEGORIES),
            self._parts.now(),
            settings.recipient,
            decision.text_version,
            "paper",
            scan=decision.scan,
            consent_id=str(uuid5(CONSENTS, f"{person}:{purpose}")),
        )
        self._system.consents.record(
            person_id(decision.signed.patient),
            build(choice, self._parts.zone),
            actor=one.subject,
            role=one.role,
            request=one.request,
            signed=decision.signed.day,
        )

    def _paper_end(self, one: WebSession, person: UUID, purpose: str) -> None:
        live = [
            each
            for each in self._system.consents.all(
                person, actor=one.subject, role=one.role, request=one.request
            )
            if shares(each.consent, purpose)
        ]
        if not live:
            raise Conflict("it is not shared")
        for each in live:
            rest = without(each.consent, purpose)
            if rest is None:
                self._system.consents.withdraw(
                    person,
                    str(each.consent.id),
                    actor=one.subject,
                    role=one.role,
                    request=one.request,
                    expected_version=each.version,
                )
            else:
                self._system.consents.record(
                    person,
                    write(replace(rest, date_time=self._parts.now()), self._parts.zone),
                    actor=one.subject,
                    role=one.role,
                    request=one.request,
                    expected_version=each.version,
                )
