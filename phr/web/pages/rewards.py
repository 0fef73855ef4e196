"""The pages of points that are used: exchange, gifts, the statement, goals and groups, and the counter's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Busy, Conflict, Invalid, NotFound, Refused
from phr.web.answer import Registrar, Resident, Service, html, locale_of, see, table
from phr.web.forms import checked_form
from phr.web.headers import PAGE_HEADERS
from phr.web.ports import Services, Session
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router()
_FORM: Final = [Depends(checked_form)]
_Text = Annotated[str, Form(max_length=80)]
_EXCHANGE: Final = "/points/exchange"
_GIVE: Final = "/points/give"
_TOGETHER: Final = "/points/together"
_COUNTER: Final = "/counter/exchange"
_WORDS: Final = {"amount": "amount", "to": "choose", "team": "team", "wallet": "wallet", "proof": "choose"}
_HEAD: Final = {"ja": ("日", "内容", "点", "状態"), "en": ("day", "what", "points", "state")}


def _known(notice: str) -> str:
    return notice if notice in SENTENCES["reward-notice"] else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


@router.get(_EXCHANGE)
def exchange_page(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """What can be exchanged, and what is under way."""
    view = services.exchange_page(session)
    return html(request, "points_exchange", replace(view, notice=_known(notice)))


@router.post(_EXCHANGE, dependencies=_FORM)
def exchange(request: Request, session: Resident, services: Service, amount: _Text = "") -> Response:
    """Ask for an exchange."""
    try:
        services.exchange(session, _number(amount))
    except Invalid:
        view = replace(services.exchange_page(session), problems={"amount": "amount"})
        return html(request, "points_exchange", view, status=422)
    except Conflict:
        return see(f"{_EXCHANGE}?notice=open")
    except Refused:
        return see(f"{_EXCHANGE}?notice=not-now")
    except Busy:
        return see(f"{_EXCHANGE}?notice=ledger")
    return see(f"{_EXCHANGE}?notice=asked")


@router.post(f"{_EXCHANGE}/cancel", dependencies=_FORM)
def cancel(session: Resident, services: Service) -> Response:
    """Take a request back."""
    try:
        services.cancel_exchange(session)
    except (Conflict, NotFound):
        return see(f"{_EXCHANGE}?notice=too-late")
    return see(f"{_EXCHANGE}?notice=cancelled")


@router.get(_GIVE)
def give_page(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """To whom points can be given."""
    return html(request, "points_give", replace(services.give_page(session), notice=_known(notice)))


@router.post(_GIVE, dependencies=_FORM)
def give(
    request: Request,
    session: Resident,
    services: Service,
    to: _Text = "",
    amount: _Text = "",
    sure: _Text = "",
) -> Response:
    """Give points: first the page asks once more, then it is done."""
    view, count = services.give_page(session), _number(amount)
    names = dict(view.to).get(to)
    problems = {} if names else {"to": "choose"}
    problems |= {} if count in view.amounts else {"amount": "amount"}
    if problems or names is None:
        typed = {"to": to, "amount": amount}
        return html(request, "points_give", replace(view, problems=problems, typed=typed), status=422)
    if sure != "1":
        return html(request, "points_give", replace(view, asked=(to, names, count)))
    try:
        services.give(session, to, count)
    except (Conflict, Invalid):
        return see(f"{_GIVE}?notice=open")
    except Busy:
        return see(f"{_GIVE}?notice=ledger")
    return see(f"{_GIVE}?notice=given")


@router.get("/points/statement")
def statement(request: Request, session: Resident, services: Service, year: int | None = None) -> Response:
    """A fiscal year."""
    return html(request, "points_statement", services.statement_page(session, year))


@router.get("/points/statement.csv")
def statement_csv(
    request: Request, session: Resident, services: Service, year: int | None = None
) -> Response:
    """The same as a table to keep."""
    view, locale = services.statement_page(session, year), locale_of(request)
    rows = [
        (
            day,
            _named(names, locale) if kind == "rule" else f"{kind} {_named(names, locale)}".strip(),
            n,
            state,
        )
        for day, kind, n, state, names in view.rows
    ]
    return table(f"points-{view.year}", _HEAD["en" if locale == "en" else "ja"], rows)


@router.get("/points/statement.pdf")
def statement_pdf(session: Resident, services: Service, year: int | None = None) -> Response:
    """The same on paper."""
    headers = {**PAGE_HEADERS, "Content-Disposition": 'attachment; filename="points.pdf"'}
    return Response(services.statement_pdf(session, year), media_type="application/pdf", headers=headers)


@router.get(_TOGETHER)
def together(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """Goal, streak and groups."""
    return html(request, "points_together", replace(services.together_page(session), notice=_known(notice)))


@router.post(f"{_TOGETHER}/goal", dependencies=_FORM)
def goal(session: Resident, services: Service, goal: _Text = "") -> Response:
    """Take the proposed goal, take none, or ask for one again."""
    if goal == "again":
        services.wish_goal(session)
        return see(_TOGETHER)
    try:
        services.choose_goal(session, None if goal == "none" else _number(goal))
    except Invalid:
        return see(f"{_TOGETHER}?notice=goal-range")
    return see(f"{_TOGETHER}?notice={'goal-none' if goal == 'none' else 'goal-taken'}")


@router.post(f"{_TOGETHER}/join", dependencies=_FORM)
def join(
    request: Request, session: Resident, services: Service, team: _Text = "", district: _Text = ""
) -> Response:
    """Join a team or the own district."""
    try:
        services.join_group(session, team, district=district == "1")
    except Invalid:
        view = replace(services.together_page(session), problems={"team": "team"}, typed={"team": team})
        return html(request, "points_together", view, status=422)
    except Refused:
        return see(f"{_TOGETHER}?notice=one-group")
    return see(f"{_TOGETHER}?notice=joined")


@router.post(f"{_TOGETHER}/leave", dependencies=_FORM)
def leave(session: Resident, services: Service, group: _Text = "") -> Response:
    """Leave at once."""
    services.leave_group(session, group)
    return see(f"{_TOGETHER}?notice=left")


@router.get(_COUNTER)
def counter(request: Request, session: Registrar, services: Service, notice: str = "") -> Response:
    """What waits for an answer."""
    return html(
        request, "counter_exchange", replace(services.counter_exchanges(session), notice=_known(notice))
    )


@router.post(f"{_COUNTER}/answer", dependencies=_FORM)
def answer(session: Registrar, services: Service, move: _Text = "", event: _Text = "") -> Response:
    """Handed over, or refused."""
    try:
        done = services.counter_answer(session, move, event)
    except Invalid:
        done = "unknown"
    return see(f"{_COUNTER}?notice=answer-{done}")


@router.get(f"{_COUNTER}/{{patient}}")
def counter_person(
    request: Request, session: Registrar, services: Service, patient: str, notice: str = ""
) -> Response:
    """One person at the counter."""
    view = services.counter_exchange(session, patient)
    return html(request, "counter_exchange", replace(view, notice=_known(notice)))


@router.post(f"{_COUNTER}/{{patient}}/wallet", dependencies=_FORM)
def wallet(
    request: Request,
    session: Registrar,
    services: Service,
    patient: str,
    number: _Text = "",
    proof: _Text = "",
    end: _Text = "",
) -> Response:
    """Note the person's wallet, or forget it."""
    try:
        if end == "1":
            services.end_wallet(session, patient)
        else:
            services.note_wallet(session, patient, number, proof)
    except Invalid as error:
        return _again(request, session, services, patient, error, {"wallet": number, "proof": proof})
    except Conflict:
        return _there(patient, "wallet-taken")
    except Refused:
        return _there(patient, "open")
    return _there(patient, "wallet-ended" if end == "1" else "wallet-noted")


@router.post(f"{_COUNTER}/{{patient}}/ask", dependencies=_FORM)
def ask(
    request: Request, session: Registrar, services: Service, patient: str, to: _Text = "", amount: _Text = ""
) -> Response:
    """Enter what was written on paper."""
    try:
        services.counter_ask(session, patient, to, _number(amount))
    except Invalid as error:
        return _again(request, session, services, patient, error, {"to": to, "amount": amount})
    except Conflict:
        return _there(patient, "open")
    except Refused:
        return _there(patient, "not-now")
    except Busy:
        return _there(patient, "ledger")
    return _there(patient, "given" if to else "asked")


def _named(names: Mapping[str, str], locale: str) -> str:
    return names.get(locale) or names.get("ja", "")


def _there(patient: str, notice: str) -> Response:
    return see(f"{_COUNTER}/{quote(patient, safe='')}?notice={notice}")


def _again(
    request: Request,
    session: Session,
    services: Services,
    patient: str,
    error: Invalid,
    typed: dict[str, str],
) -> Response:
    problems = {error.field: _WORDS.get(error.field, "amount")}
    view = replace(services.counter_exchange(session, patient), problems=problems, typed=typed)
    return html(request, "counter_exchange", view, status=422)
