"""What a resident sees of scores, trends and questionnaires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from phr.domain.home_target import Target, proposed
from phr.domain.paper_forms import address_of
from phr.domain.questionnaires import Answers, areas, criteria_of_frailty
from phr.errors import NotFound
from phr.ids import person_id
from phr.services.questionnaires import Answered
from phr.web.ports import Session
from phr.web.ports.health import PaperForm
from phr.web.sessions import held
from phr.web.views.health import (
    Answer,
    Filled,
    Filling,
    Met,
    Named,
    Question,
    QuestionnaireList,
    QuestionnaireResult,
    RiskPage,
    Stated,
    Texts,
)
from phr.web.views.home import Mean, TargetPage
from phr.web.views.resident import ConsentCard
from phr.web.wired import home_results, paper_forms
from phr.web.wired.goals import age_on
from phr.web.wired.parts import Area, together
from phr.web.wired.sharing import SharingPages
from phr.web.wired.staff_words import case_id, guidance
from phr.web.wired.vitals import BLOOD_PRESSURE
from risk.questionnaires.definition import BMI, NAMES, Form, Item, form
from risk.scores.model import Score
from risk.scores.words import label

_PURPOSE: Final = "risk"
_BODY: Final[Texts] = {"ja": "身長と体重（BMI）", "en": "Height and weight (BMI)"}
_LANGUAGES: Final = frozenset({"ja", "en"})


class TargetPages(Area):
    """The nurse's page of one person's home blood pressure."""

    def patient_of(self, session: Session, case: str) -> str:
        """The number of the record that a case is about."""
        opened = self._system.worklist.open(case_id(case), guidance(held(session)))
        return opened.person.patient_id

    @together
    def home_target(self, session: Session, patient: str) -> TargetPage:
        """A person's week of home blood pressure and goal."""
        one, today = held(session), self._parts.today()
        access = one.access().about(person_id(patient))
        person = self._system.register.known(person_id(patient), access)
        chunks = self._parts.charts.samples(
            person.person_id, [BLOOD_PRESSURE], today - timedelta(days=7), today, access
        )
        target = self._system.home_targets.of(person.person_id, access)
        found = home_results.judged_week(chunks, today, self._parts.zone, target)
        age = age_on(person.birth_date, today)
        return TargetPage(
            patient=patient,
            name=person.name or person.patient_id,
            age=age,
            target=target,
            proposed=proposed(age),
            week=home_results.home_week(found, target),
            averages=tuple(
                Mean(each.slot, each.days, each.needed, each.values) for each in home_results.averages(found)
            ),
            permitted=self._parts.permissions.of(person.person_id, access)["guidance"].permitted,
        )

    def set_home_target(self, session: Session, patient: str, target: Target | None) -> None:
        """Set the goal, or end it."""
        self._system.home_targets.put(person_id(patient), target, held(session).access())


class HealthArea(TargetPages):
    """What a resident sees of scores, trends and questionnaires."""

    @together
    def risk(self, session: Session, answers: Mapping[str, bool]) -> RiskPage:
        """The published score; before the person asked for it nothing is read."""
        one = held(session)
        card = self._risk_card(session)
        about = _stated(self._system.risk_display.score)
        if not card.on:
            return RiskPage(card, "off", about)
        found = self._system.risk_display.of(one.person, answers, request=one.request)
        if found is None:
            return RiskPage(card, "no-check-up", about)
        low, high = found.picture.score.age
        ages: Texts = {"ja": f"{low}〜{high}歳ではないこと", "en": f"an age outside {low} to {high}"}
        return RiskPage(
            card,
            "told",
            about,
            found.day,
            found.source,
            found.picture,
            tuple(ages if key == "age" else _both(*label(key)) for key in found.picture.excluded),
            answers,
        )

    def _risk_card(self, session: Session) -> ConsentCard:
        cards = SharingPages(self._parts).sharing(session, "").cards
        return next(card for card in cards if card.purpose == _PURPOSE)

    @together
    def questionnaires(self, session: Session) -> QuestionnaireList:
        """Every questionnaire, and when it was last answered."""
        one = held(session)
        found = []
        for name in NAMES:
            answered = self._system.questionnaires.of(one.whom, form(name), one.access())
            found.append(_named(form(name), answered))
        return QuestionnaireList(tuple(found))

    @together
    def questionnaire(self, session: Session, name: str) -> Filling:
        """The empty form."""
        one, known = held(session), _form(name)
        return Filling(
            form=_named(known),
            citation=known.citation,
            questions=tuple(_question(item) for item in known.items),
            staff=one.role != "resident",
            today=self._parts.today(),
        )

    def answer(self, session: Session, name: str, answers: Answers) -> str:
        """Store the answers."""
        one = held(session)
        patient = self._system.register.known(one.whom, one.access()).patient_id
        proxy = "" if one.acting is None else one.access().recipient
        return self._system.questionnaires.answer(
            _form(name), answers, patient, proxy=proxy, actor=one.subject, request=one.request
        )

    @together
    def answered(self, session: Session, name: str, ident: str) -> QuestionnaireResult:
        """The own answers: those of that id, else the newest."""
        one, known = held(session), _form(name)
        found = self._system.questionnaires.of(one.whom, known, one.access())
        chosen = _chosen(found, ident)
        return QuestionnaireResult(
            _named(known, found),
            known.citation,
            None if chosen is None else _filled(known, chosen),
            _history(found),
        )

    def paper(self, session: Session, name: str, language: str) -> bytes:
        """The form as a PDF; a resident's own carries the number of the record."""
        one, known, settings = held(session), _form(name), self._parts.settings
        patient = code = ""
        if one.role == "resident":
            patient = self._system.register.known(one.whom, one.access()).patient_id
            code = address_of(settings.base_url, f"/staff/questionnaires/{name}", patient, v=known.version)
        language = language if language in _LANGUAGES else "ja"
        data = paper_forms.sheet(known, language, code, patient, settings.city, settings.telephone)
        return paper_forms.printed(data, self._parts.now())

    def copy_paper(self, session: Session, name: str, form: PaperForm) -> str:
        """Store a paper form."""
        one = held(session)
        return self._system.questionnaires.copy_paper(
            _form(name), form.answers, form.patient, born=form.born, day=form.day, access=one.access()
        )

    @together
    def answered_by(self, session: Session, name: str, patient: str, ident: str) -> QuestionnaireResult:
        """A person's answers with their points, for staff who may see them."""
        one, known = held(session), _form(name)
        access = one.access().about(person_id(patient))
        person = self._system.register.known(person_id(patient), access)
        allowed = self._parts.permissions.of(person.person_id, access)["questionnaire"].permitted
        found = self._system.questionnaires.of(person.person_id, known, access) if allowed else []
        chosen = _chosen(found, ident)
        sex = {"male": "M", "female": "F"}.get(person.sex, "")
        return QuestionnaireResult(
            _named(known, found),
            known.citation,
            None if chosen is None else _filled(known, chosen, sex=sex, staff=True),
            _history(found),
            name=person.name or person.patient_id,
            patient=patient,
            permitted=allowed,
        )


def _stated(score: Score) -> Stated:
    return Stated(
        score.name, score.version, score.horizon_years, score.age, score.outcome, str(score.citation)
    )


def _both(ja: str, en: str) -> Texts:
    return {"ja": ja, "en": en}


def _form(name: str) -> Form:
    if name not in NAMES:
        raise NotFound("questionnaire")
    return form(name)


def _named(known: Form, found: Sequence[Answered] = ()) -> Named:
    last = found[0].day if found else None
    return Named(known.key, _both(known.ja, known.en), known.age, len(known.items), last)


def _question(item: Item) -> Question:
    options = tuple((each.code, _both(each.ja, each.en)) for each in item.options)
    return Question(item.number, item.domain, _both(item.ja, item.en), options, item.kind == BMI)


def _chosen(found: Sequence[Answered], ident: str) -> Answered | None:
    """The one of that id; without an id the newest. An id of somebody else's is none."""
    if ident:
        chosen = next((each for each in found if each.id == ident), None)
        if chosen is None:
            raise NotFound("questionnaire answers")
        return chosen
    return found[0] if found else None


def _history(found: Sequence[Answered]) -> tuple[tuple[str, date, str], ...]:
    return tuple((each.id, each.day, each.channel) for each in found)


def _filled(known: Form, found: Answered, *, sex: str = "", staff: bool = False) -> Filled:
    result = found.result
    answers = tuple(
        Answer(
            item.number,
            _BODY if item.kind == BMI else _both(item.ja, item.en),
            _said(item, found),
            result.points[item.number] if staff else None,
        )
        for item in known.items
    )
    if not staff:
        return Filled(found.id, found.day, found.channel, areas(result), answers)
    lines: list[Texts] = []
    frail = criteria_of_frailty(known.key, found.answers, sex)
    if frail is not None:
        lines.append(_both(frail.reason.ja, frail.reason.en))
    return Filled(
        found.id,
        found.day,
        found.channel,
        areas(result),
        answers,
        tuple(
            Met(
                _both(each.criterion.ja, each.criterion.en),
                each.points,
                len(each.criterion.items),
                each.criterion.least,
                each.met,
                each.missing,
            )
            for each in result.criteria
        ),
        result.target,
        result.total,
        tuple(lines),
    )


def _said(item: Item, found: Answered) -> Texts | None:
    answer = found.answers.get(item.number)
    if answer is None:
        return None
    if item.kind == BMI:
        return _both(f"BMI {float(answer):.1f}", f"BMI {float(answer):.1f}")
    option = next(each for each in item.options if each.code == answer)
    return _both(option.ja, option.en)
