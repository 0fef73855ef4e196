"""The resident's pages: today, records, sharing, who looked, check-ups, points."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Final, cast

from fastapi import Depends, Form, Query, Request
from fastapi.responses import Response

from phr.errors import Invalid, NotFound
from phr.web.answer import Resident, Service, html, see, table
from phr.web.columns import FIRST, MOST
from phr.web.forms import checked_form, number_typed
from phr.web.headers import PAGE_HEADERS
from phr.web.ports import BloodPressureEntry, Services, Session
from phr.web.ports.resident import Terms
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES
from phr.web.views.resident import TYPED, Entry, LookedFor, More, Period
from phr.web.words import WORDS

router = page_router()
_PERIODS: Final = ("day", "week", "month", "year")
# Hard limits of plausibility: what no person has is a slip of the finger.
_RANGES: Final = {
    "systolic": (40, 300),
    "diastolic": (20, 200),
    "pulse": (20, 300),
    "weight": (1, 400),
    "temperature": (30, 45),
    "glucose": (10, 1000),
}
_Day = Annotated[str, Query(max_length=10)]
_Code = Annotated[str, Query(max_length=40)]
_SPANS: Final = ("7", "30", "90", "365")
_Text = Annotated[str, Form(max_length=200)]


def day_of(text: str) -> date | None:
    """An ISO day from an address or a form; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _period(text: str) -> Period:
    return cast("Period", text) if text in _PERIODS else "month"


@router.get("/today")
def today(request: Request, session: Resident, services: Service) -> Response:
    """How things are, in one request."""
    return html(request, "today", services.today(session))


@router.get("/record/{vital}")
def record(
    request: Request,
    session: Resident,
    services: Service,
    vital: str,
    period: str = "month",
    last: _Day = "",
    saved: str = "",
) -> Response:
    """One vital over a period, with the form for what is typed by hand."""
    _known(vital)
    view = services.record(session, vital, _period(period), day_of(last))
    return html(request, "record", replace(view, saved=saved == "1", urgent=view.urgent or saved == "urgent"))


@router.get("/record/{vital}/table.csv")
def record_table(
    session: Resident, services: Service, vital: str, period: str = "month", last: _Day = ""
) -> Response:
    """The rows of the chart as a file."""
    _known(vital)
    chart = services.record(session, vital, _period(period), day_of(last)).chart
    lines = [line.key for line in chart.style.lines] if chart else ["value"]
    rows = [(row.at.isoformat(), *row.values, " / ".join(row.sources)) for row in chart.rows] if chart else []
    return table(vital, ["at", *lines, "source"], rows)


@router.get("/record/{vital}/samples.json")
def record_samples(
    session: Resident, services: Service, vital: str, day: _Day = "", every: str = ""
) -> Response:
    """The samples of one day as columns: first as many as a screen is wide, all of them when somebody looks closer."""
    _known(vital)
    asked = day_of(day)
    if asked is None:
        raise NotFound("day")
    found = services.record_samples(session, vital, asked, MOST if every == "1" else FIRST)
    return Response(found.json(), media_type="application/json", headers=dict(PAGE_HEADERS))


def _known(vital: str) -> None:
    if vital not in WORDS["vital"]:
        raise NotFound("vital")


@router.post("/record/blood-pressure", dependencies=[Depends(checked_form)])
def add_blood_pressure(
    request: Request,
    session: Resident,
    services: Service,
    systolic: _Text = "",
    diastolic: _Text = "",
    pulse: _Text = "",
    slot: _Text = "",
    symptom: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Record a blood pressure, or show the form again with what is wrong."""
    typed = {"systolic": systolic, "diastolic": diastolic, "pulse": pulse, "slot": slot}
    upper, lower, beat = (number_typed(typed[name]) for name in ("systolic", "diastolic", "pulse"))
    problems = _problems({name: typed[name] for name in ("systolic", "diastolic")})
    if pulse.strip():
        problems |= _problems({"pulse": pulse})
    if not problems and upper is not None and lower is not None and lower >= upper:
        problems = {"diastolic": "lower-not-below-upper"}
    if problems or upper is None or lower is None:
        return _again(request, session, services, "blood-pressure", Entry(typed, problems))
    entry = BloodPressureEntry(
        upper,
        lower,
        beat,
        "morning" if slot == "morning" else "evening" if slot == "evening" else "",
        frozenset(symptom or ()) & frozenset(SENTENCES["symptom"]),
    )
    try:
        saved = services.add_blood_pressure(session, entry)
    except Invalid as error:
        return _again(request, session, services, "blood-pressure", Entry(typed, _refused(error, "systolic")))
    return see(f"/record/blood-pressure?saved={'urgent' if saved.urgent else '1'}")


async def _typed(request: Request) -> dict[str, str]:
    """Every text of a short form, cut to what a number needs."""
    form = await request.form(max_files=0, max_fields=20)
    return {name: text[:20] for name, text in form.items() if isinstance(text, str)}


@router.post("/record/{vital}", dependencies=[Depends(checked_form)])
def add_value(
    request: Request,
    session: Resident,
    services: Service,
    vital: str,
    form: Annotated[dict[str, str], Depends(_typed)],
) -> Response:
    """Record a weight, a temperature or a glucose, or show the form again with what is wrong."""
    if vital not in TYPED:
        raise NotFound("vital")
    typed = {vital: form.get(vital, "")}
    value, problems = number_typed(typed[vital]), _problems(typed)
    if problems or value is None:
        return _again(request, session, services, vital, Entry(typed, problems))
    try:
        saved = services.add_value(session, vital, value)
    except Invalid as error:
        return _again(request, session, services, vital, Entry(typed, _refused(error, vital)))
    return see(f"/record/{vital}?saved={'urgent' if saved.urgent else '1'}")


def _problems(typed: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in typed.items():
        value = number_typed(text)
        low, high = _RANGES[name]
        if not text.strip():
            found[name] = "empty"
        elif value is None:
            found[name] = "not-a-number"
        elif not low <= value <= high:
            found[name] = "out-of-range"
    return found


def _refused(error: Invalid, otherwise: str) -> dict[str, str]:
    if error.field == "consent":
        return {otherwise: "no-consent"}
    return {error.field if error.field in _RANGES else otherwise: "refused"}


def _again(request: Request, session: Session, services: Services, vital: str, entry: Entry) -> Response:
    view = services.record(session, vital, "month", None)
    return html(request, "record", replace(view, entry=entry, saved=False), status=422)


@router.get("/sharing")
def sharing(
    request: Request, session: Resident, services: Service, receipt: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """Every purpose, and the receipt of the change just made."""
    return html(request, "sharing", services.sharing(session, receipt))


@router.get("/sharing/receipts/{number}.json")
def receipt_json(session: Resident, services: Service, number: str) -> Response:
    """The receipt of one version of a consent, as ISO/IEC TS 27560 shapes it."""
    return _download(services.receipt_file(session, number, pdf=False), "application/json", "json")


@router.get("/sharing/receipts/{number}.pdf")
def receipt_pdf(session: Resident, services: Service, number: str) -> Response:
    """The same on paper."""
    return _download(services.receipt_file(session, number, pdf=True), "application/pdf", "pdf")


def _download(body: bytes, media: str, ending: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="consent-receipt.{ending}"',
        "Cache-Control": "no-store",
    }
    return Response(body, headers=headers, media_type=media)


@router.post("/sharing/{purpose}", dependencies=[Depends(checked_form)])
def share(
    session: Resident,
    services: Service,
    purpose: str,
    on: _Text = "",
    version: _Text = "",
    read: _Text = "",
    without: Annotated[list[str] | None, Form()] = None,
    first: _Text = "",
    last: _Text = "",
    until: _Text = "",
) -> Response:
    """Start or stop sharing for a purpose. Starting needs the tick that the explanation was read; stopping needs nothing."""
    if (
        purpose not in WORDS["purpose"]
        or on not in {"0", "1"}
        or not version.isascii()
        or not version.isdigit()
    ):
        raise Invalid("not a decision of this page", field="purpose")
    if on == "1" and read != "1":
        return see("/sharing")
    days = {
        name: _day_typed(name, text) for name, text in (("first", first), ("last", last), ("until", until))
    }
    kinds = tuple(kind for kind in without or () if kind in WORDS["category"])
    terms = Terms(kinds, days["first"], days["last"], days["until"])
    number = services.share(session, purpose, on=on == "1", version=int(version[:9]), terms=terms)
    return see(f"/sharing?receipt={number}#receipt")


def _looked_for(day: _Day = "", span: str = "", who: _Code = "", purpose: _Code = "") -> LookedFor:
    """What the form of the page asks for; what it does not know asks for nothing."""
    return LookedFor(
        day_of(day),
        int(span) if span in _SPANS else 30,
        who if who in WORDS["role"] else "",
        purpose if purpose in WORDS["purpose"] or purpose in WORDS["own-work"] else "",
    )


_Asked = Annotated[LookedFor, Depends(_looked_for)]


def _day_typed(name: str, text: str) -> date | None:
    """A day of a form; a text that is none is refused, for leaving it out would share more than was meant."""
    day = day_of(text.strip())
    if day is None and text.strip():
        raise Invalid("is not a day", field=name)
    return day


@router.get("/who-looked")
def who_looked(request: Request, session: Resident, services: Service, asked: _Asked) -> Response:
    """Every read of the own record in plain words."""
    return html(request, "who_looked", services.who_looked(session, asked))


@router.get("/who-looked.csv")
def who_looked_table(session: Resident, services: Service, asked: _Asked) -> Response:
    """The same list as a file."""
    view = services.who_looked(session, asked)
    header = ["at", "who", "role", "organisation", "action", "categories", "purpose", "outcome", "reason"]
    rows = [
        (
            r.at.isoformat(),
            r.who,
            r.role,
            r.organisation,
            r.action,
            " ".join(r.categories),
            r.purpose,
            r.outcome,
            r.reason,
        )
        for r in view.lines
    ]
    return table("who-looked", header, rows)


@router.get("/check-up")
def check_up(request: Request, session: Resident, services: Service) -> Response:
    """Results against the limits; what asks for a doctor comes first."""
    return html(request, "check_up", services.check_up(session))


@router.get("/points")
def points(request: Request, session: Resident, services: Service, done: str = "") -> Response:
    """The balance and how it came about."""
    notice = done if done in SENTENCES["point-notice"] else ""
    return html(request, "points", replace(services.points(session), notice=notice))


@router.get("/more")
def more(request: Request, session: Resident) -> Response:
    """Everything that has no tab of its own; it shows no data, only that somebody is signed in."""
    return html(request, "more" if session.acting is None else "acting_more", More())
