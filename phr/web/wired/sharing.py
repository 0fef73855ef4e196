"""Sharing: one card per purpose, each decision a new version of a FHIR Consent, the receipt, and what cannot be recalled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import uuid5

from consent.build import BadChoice, Choice, Exclusion, build
from consent.categories import CATEGORIES
from consent.fhir import write
from consent.model import OPEN_END, Days, Provision
from consent.purposes import PURPOSES
from consent.texts import TEXTS
from ingest.codes import VITALS
from phr.domain.agreeing import permits, purposes_of
from phr.domain.days import day_at
from phr.errors import Conflict, Invalid, NotFound
from phr.services.consents import Held
from phr.web.ports import Session
from phr.web.ports.resident import Terms
from phr.web.sessions import WebSession, held, organisation_name
from phr.web.views.resident import ConsentCard, ConsentChange, LeftOut, Received, Sharing
from phr.web.wired.decisions import CONSENTS, without
from phr.web.wired.parts import together
from phr.web.wired.receipts import RESEARCH, Receipts, live

_OFFERED: Final = (
    "collect",
    "guidance",
    "risk",
    "points",
    "insurer",
    "family",
    "research-deidentified",
    "research-identifiable",
)
_ELSEWHERE: Final = frozenset({"family"})
"""Begun where the relative is chosen: at the counter, with a proof."""
_WAYS: Final = {"app": "web", "counter": "counter", "paper": "paper", "phone": "counter"}


@dataclass(frozen=True, slots=True)
class _Given:
    """The permits for one purpose that are in force, and the newest consent that spoke of it."""

    permits: tuple[Provision, ...]
    consents: tuple[Held, ...]
    version: int
    text_version: str


class SharingPages(Receipts):
    """Every purpose with its decision."""

    @together
    def sharing(self, session: Session, receipt: str) -> Sharing:
        """All purposes; with the receipt of that number when it is the person's own."""
        one = held(session)
        consents = self._consents(one)
        received = self._received(one)
        others = sorted(
            {purpose for each in consents for purpose in purposes_of(each.consent)} - set(_OFFERED) - {"self"}
        )
        cards = tuple(self._card(one, purpose, consents, received) for purpose in (*_OFFERED, *others))
        histories = {str(each.consent.id): self._history(one, each) for each in consents}
        changes = [change for versions in histories.values() for change in _changes(versions)]
        return Sharing(
            cards,
            self.receipt_of_version(one, receipt, histories.get(receipt.rpartition(".")[0], []), received),
            tuple(sorted(changes, key=lambda change: change.at, reverse=True)),
        )

    def share(
        self, session: Session, purpose: str, *, on: bool, version: int, terms: Terms | None = None
    ) -> str:
        """Record the decision and return the receipt's number."""
        one = held(session)
        if purpose not in PURPOSES or purpose == "self" or (on and purpose in _ELSEWHERE):
            raise NotFound("no such purpose")
        consents = self._consents(one)
        given = _given(consents, purpose)
        if given.version != version:
            raise Conflict("the decision was changed meanwhile")
        if on:
            return self._start(one, purpose, consents, terms or Terms())
        number = ""
        for each in given.consents:
            number = self._stop(one, each, purpose)
        if not number:
            raise Conflict("it is not shared")
        return number

    def _consents(self, one: WebSession) -> list[Held]:
        return self._system.consents.all(one.person, actor=one.subject, role="resident", request=one.request)

    def _history(self, one: WebSession, each: Held) -> list[Held]:
        """Every version, oldest first."""
        found = self._system.consents.history(
            one.person, str(each.consent.id), actor=one.subject, role="resident", request=one.request
        )
        return found[::-1]

    def _received(self, one: WebSession) -> list[tuple[str, Received]]:
        """Who got a release with this person in it: recipient, and what the page says."""
        rows = self._parts.received.by_others(one.person, actor=one.subject, request=one.request)
        return [
            (row.recipient, Received(self._name(row.recipient), row.at, _categories(row.variables)))
            for row in rows
        ]

    def _card(
        self, one: WebSession, purpose: str, consents: Sequence[Held], received: list[tuple[str, Received]]
    ) -> ConsentCard:
        given = _given(consents, purpose)
        recipients = _named(given.permits, "recipients") or self._recipients(one, purpose)
        categories = _named(given.permits, "categories") if given.permits else _kinds(purpose)
        ends = [permit.period.end for permit in given.permits]
        until = max(ends) if ends else OPEN_END
        today = self._parts.today()
        stated = TEXTS.on(today).statements[purpose]
        again = {TEXTS.end(each.consent.text_version, purpose, self._parts.zone) for each in given.consents}
        asked = [end for end in again if end is not None and TEXTS.asks(given.text_version, purpose, today)]
        return ConsentCard(
            purpose=purpose,
            on=bool(given.permits),
            recipients=tuple(self._shown(purpose, reference) for reference in recipients),
            categories=tuple(sorted(categories or CATEGORIES, key=list(CATEGORIES).index)),
            until=None if until >= OPEN_END else day_at(until, self._parts.zone),
            countries=("-".join(stated.countries),),
            version=given.version,
            text_version=given.text_version or TEXTS.on(today).version,
            use=stated.use,
            keep=stated.keep,
            left_out=tuple(_left_out(given.permits)),
            asks_again=day_at(min(asked) - timedelta(microseconds=1), self._parts.zone) if asked else None,
            editable=purpose not in _ELSEWHERE,
            received=tuple(found for to, found in received if purpose in RESEARCH and to in recipients),
        )

    def _recipients(self, one: WebSession, purpose: str) -> tuple[str, ...]:
        """Whom the page proposes: the city's own organisation, or the institutes that have an account."""
        if purpose in RESEARCH:
            institutes = self._parts.directory.organisations("researcher", request=one.request)
            return institutes or PURPOSES[purpose].to
        if purpose in {"collect", "guidance", "risk", "points"}:
            return (self._parts.settings.recipient,)
        return PURPOSES[purpose].to

    def _shown(self, purpose: str, reference: str) -> str:
        """Nurses advise; what the city's computers do is done by the city."""
        ours = reference == self._parts.settings.recipient and purpose != "guidance"
        return self._parts.settings.city if ours else self._name(reference)

    def _name(self, reference: str) -> str:
        if reference == self._parts.settings.recipient:
            return f"{self._parts.settings.city} {organisation_name(reference)}"
        return organisation_name(reference)

    def _start(self, one: WebSession, purpose: str, consents: Sequence[Held], terms: Terms) -> str:
        patient = self._system.register.known(one.person, one.access()).patient_id
        identity = str(uuid5(CONSENTS, f"{one.person}:{purpose}"))
        before = next((each.version for each in consents if each.consent.id == identity), 0)
        choice = Choice(
            patient,
            list(self._recipients(one, purpose)),
            [purpose],
            list(_kinds(purpose)),
            self._parts.now(),
            self._parts.settings.recipient,
            TEXTS.on(self._parts.today()).version,
            "app",
            until=terms.until,
            consent_id=identity,
            leaving_out=_exclusions(terms),
        )
        try:
            resource = build(choice, self._parts.zone)
        except BadChoice as error:
            raise Invalid("cannot be left out so", field="terms") from error
        recorded = self._system.consents.record(
            one.person,
            resource,
            actor=one.subject,
            role="resident",
            request=one.request,
            expected_version=before,
        )
        return f"{recorded.consent_id}.{recorded.version}"

    def _stop(self, one: WebSession, each: Held, purpose: str) -> str:
        """Withdraws the consent, or records it without this purpose when it speaks of others too."""
        rest = without(each.consent, purpose)
        if rest is None:
            recorded = self._system.consents.withdraw(
                one.person,
                str(each.consent.id),
                actor=one.subject,
                role="resident",
                request=one.request,
                expected_version=each.version,
            )
        else:
            source = None if rest.source is None else replace(rest.source, way="app", scan="")
            changed = replace(rest, date_time=self._parts.now(), source=source)
            recorded = self._system.consents.record(
                one.person,
                write(changed, self._parts.zone),
                actor=one.subject,
                role="resident",
                request=one.request,
                expected_version=each.version,
            )
        return f"{recorded.consent_id}.{recorded.version}"


def _exclusions(terms: Terms) -> list[Exclusion]:
    """What the form leaves out: the kinds on any day, and the days of any kind."""
    found = [Exclusion(categories=terms.without)] if terms.without else []
    if terms.first is not None or terms.last is not None:
        found.append(Exclusion(data_from=terms.first, data_to=terms.last))
    return found


def _left_out(permits: tuple[Provision, ...]) -> Iterator[LeftOut]:
    """What the permits leave out, each once."""
    known = set()
    for rule in (child for permit in permits for child in permit.children if child.type == "deny"):
        days = rule.data_period
        first = None if days.first == Days().first else days.first
        last = None if days.last == Days().last else days.last
        one = LeftOut(tuple(sorted(rule.categories or ())), first, last)
        if one not in known:
            known.add(one)
            yield one


def _kinds(purpose: str) -> tuple[str, ...]:
    return PURPOSES[purpose].kinds or tuple(CATEGORIES)


def _given(consents: Sequence[Held], purpose: str) -> _Given:
    speaking = [each for each in consents if permits(each.consent, purpose)]
    live = [each for each in speaking if each.consent.status == "active"]
    newest = max(live or speaking, key=lambda each: each.recorded_at, default=None)
    source = None if newest is None else newest.consent.source
    return _Given(
        tuple(permit for each in live for permit in permits(each.consent, purpose)),
        tuple(live),
        0 if newest is None else newest.version,
        "" if source is None else source.text_version,
    )


def _named(permits: tuple[Provision, ...], what: str) -> tuple[str, ...]:
    """The recipients or categories that permits name; empty stands for any."""
    sets = [getattr(permit, what) for permit in permits]
    if any(one is None for one in sets):
        return ()
    return tuple(sorted({word for one in sets for word in one}))


def _changes(versions: list[Held]) -> list[ConsentChange]:
    """What each version began and ended, against the one before."""
    found = []
    before: frozenset[str] = frozenset()
    for each in versions:
        after = live(each.consent)
        way = _WAYS.get(each.consent.source.way if each.consent.source else "", "api")
        found += [
            ConsentChange(
                each.recorded_at,
                purpose,
                purpose in after,
                each.version,
                way,
                f"{each.consent.id}.{each.version}",
            )
            for purpose in sorted(before ^ after)
            if purpose != "self"
        ]
        before = after
    return found


def _categories(variables: Sequence[str]) -> tuple[str, ...]:
    """The consent categories of a release's variables."""
    by_code = {
        coding.code: vital.consent_category
        for vital in VITALS.values()
        for coding in (*vital.codings, *(coding for channel in vital.channels for coding in channel.codings))
        if not vital.split
    }
    by_code |= {key: vital.consent_category for key, vital in VITALS.items()}
    found = {by_code.get(code) or by_code.get(code.split(".")[0]) for code in variables}
    return tuple(sorted(one for one in found if one))
