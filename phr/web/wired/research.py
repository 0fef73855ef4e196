"""The researcher's pages: the catalogue, requests, releases with their certificates and files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from ingest.codes import VITALS
from phr.domain.access import Access
from phr.domain.deid import profile_named
from phr.domain.research_requests import Asked
from phr.errors import NotFound
from phr.services.export import variables
from phr.services.requests import RELEASED, Filed
from phr.web.ports import Download, ResearchRequest, Session
from phr.web.sessions import WebSession, held
from phr.web.views.research import Asked as AskedFor
from phr.web.views.research import (
    Catalogue,
    Certificate,
    Comparison,
    Refusal,
    Release,
    ReleaseFile,
    RequestLine,
    Variable,
    VariableGroup,
)
from phr.web.wired.parts import Area, together

_PURPOSE: Final = "research-deidentified"
_TEXTS: Final = {
    "dictionary.csv": "dictionary",
    "dictionary.html": "dictionary",
    "publication.txt": "publication",
}
_KINDS: Final = {"csv": "csv", "parquet": "parquet", "ndjson": "ndjson"}
_MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "ndjson": "application/fhir+ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_PIECE: Final = 1 << 16
_FINENESS: Final = {
    "age_band": ("age", "birth-date"),
    "birth_month": ("age", "birth-date"),
    "sex": ("sex", "keep"),
    "city": ("area", "district"),
    "district": ("area", "district"),
}


class Researching(Area):
    """Nothing here shows a person, and no count below k."""

    @together
    def catalogue(self, session: Session) -> Catalogue:
        """The variables with their counts, and the own requests."""
        one = held(session)
        access = _access(one)
        counts = self._parts.catalogue.counts(access)
        groups: dict[str, list[Variable]] = defaultdict(list)
        known = variables()
        for code, (key, channel) in _places().items():
            count = counts.variables.get((key, channel))
            groups[VITALS[key].consent_category].append(
                Variable(
                    code,
                    code,
                    known[code].unit,
                    None if count is None else count.people,
                    None if count is None else count.first,
                    (known[code].ja, known[code].en),
                )
            )
        filed = self._parts.requests.of(access)
        return Catalogue(
            k=self._parts.settings.export_k,
            people=counts.people,
            groups=tuple(VariableGroup(category, tuple(found)) for category, found in groups.items()),
            requests=(*(_line(each) for each in filed), *self._direct(filed, access)),
        )

    def _direct(self, filed: list[Filed], access: Access) -> Iterator[RequestLine]:
        """Releases that no request of this page led to."""
        known = {each.release for each in filed} | {each.number for each in filed}
        for row in self._system.export.listed(access):
            if row.release_id not in known:
                day = row.created_at.astimezone(self._parts.zone).date()
                state = "released" if row.state == "published" else "refused"
                yield RequestLine(row.release_id, str(row.protocol.get("title", "")), state, day)

    def request_data(self, session: Session, request: ResearchRequest) -> str:
        """File the request; two people of the city approve it."""
        asked = Asked(
            request.title,
            request.protocol,
            request.committee,
            request.purpose,
            request.variables,
            request.first,
            request.last,
            responsible=request.responsible,
            since=request.since,
            until=request.until,
            profile=request.profile,
            resolution=request.resolution,
            longitudinal=request.longitudinal,
        )
        return self._parts.requests.file(asked, _access(held(session)))

    @together
    def release(self, session: Session, number: str) -> Release:
        """One request with what became of it, or one release."""
        one = held(session)
        access = _access(one)
        filed = next((each for each in self._parts.requests.of(access) if each.number == number), None)
        if filed is not None and filed.state != RELEASED:
            return self._waiting(one, filed)
        row = self._system.export.one(number if filed is None else filed.release, access)
        withdrawn = row.state != "published"
        names = self._names(() if filed is None else filed.approvals, one)
        over = filed is not None and self._over(filed)
        return Release(
            number=number,
            title=str(row.protocol.get("title", "")),
            state="refused" if withdrawn else "released",
            organisation=one.organisation,
            committee=str(row.protocol.get("committee", "")),
            until=None if filed is None else filed.asked.until,
            approvals=names,
            certificate=None
            if withdrawn
            else self._certificate(row.release_id, row.certificate, row.protocol),
            files=() if withdrawn or over else tuple(_files(row.certificate)),
            refusal=Refusal(0, self._parts.settings.export_k, (), "withdrawn") if withdrawn else None,
            asked=None if filed is None else _asked(filed),
            over=over and not withdrawn,
            gone=tuple(number for number, _ in self._system.export.gone(row.release_id, access)),
        )

    def _over(self, filed: Filed) -> bool:
        """Whether the committee's approval has ended."""
        return filed.asked.until is not None and filed.asked.until < self._parts.today()

    def _waiting(self, one: WebSession, filed: Filed) -> Release:
        refused = filed.state == "refused"
        return Release(
            number=filed.number,
            title=filed.asked.title,
            state="refused"
            if refused
            else "approved-once"
            if filed.state == "approved-once"
            else "approved"
            if filed.state == "approved"
            else "submitted",
            organisation=one.organisation,
            committee=filed.asked.committee,
            until=filed.asked.until,
            approvals=self._names(filed.approvals, one),
            certificate=None,
            files=(),
            refusal=Refusal(0, self._parts.settings.export_k, _HELPS, "too-few") if refused else None,
            asked=_asked(filed),
        )

    def _names(self, subjects: tuple[str, ...], one: WebSession) -> tuple[str, ...]:
        listed = self._parts.directory.named(subjects, request=one.request)
        return tuple(
            listed[subject].display or subject if subject in listed else subject for subject in subjects
        )

    def _certificate(self, number: str, said: Mapping[str, Any], protocol: Mapping[str, Any]) -> Certificate:
        people = int(said["persons"])
        lost = sum(int(said["suppressed"].get(name, 0)) for name in ("unreadable", "no_data", "small_class"))
        issued = datetime.fromisoformat(str(said["created"]))
        signature = said.get("signature", {})
        return Certificate(
            number=number,
            issued=issued,
            k=int(said["k"]["achieved"]),
            k_needed=int(said["k"]["requested"]),
            diversity=int(said["l"]["achieved"]),
            diversity_needed=1,
            rows=people,
            rows_before=people + lost,
            suppressed=lost,
            suppressed_limit_percent=100
            * profile_named(str(protocol.get("profile", "anonymised"))).most_lost,
            generalised=tuple(
                (_FINENESS.get(column, (column, ""))[0], _FINENESS.get(column, ("", column))[1], str(rule))
                for column, rule in said.get("generalised", {}).items()
            ),
            comparisons=tuple(
                _compared(each, int(said["k"]["requested"])) for each in said.get("compared", ())
            ),
            consents_at=issued,
            signature=f"{signature.get('algorithm', '')} {str(signature.get('value', ''))[:20]}".strip(),
            closeness=_number(said.get("t", {}).get("achieved")),
            consents=int(said.get("consents", {}).get("count", 0)),
            consents_hash=str(said.get("consents", {}).get("sha256", ""))[:16],
            public_key=str(signature.get("public_key", "")),
            profile=str(said.get("profile", {}).get("title", "")),
            not_promised=said.get("not_promised"),
        )

    def release_file(self, session: Session, number: str, name: str) -> Download:
        """One file; every member's consent is asked again before it leaves."""
        one = held(session)
        access = _access(one)
        filed = next((each for each in self._parts.requests.of(access) if each.number == number), None)
        if filed is not None and (filed.state != RELEASED or self._over(filed)):
            raise NotFound("file")
        body = self._system.export.file(number if filed is None else filed.release, name, access)
        return Download(_MEDIA.get(name.rpartition(".")[2], "application/octet-stream"), _pieces(body))


_HELPS: Final = (("fewer-variables", 0), ("longer-period", 0))


def _access(one: WebSession) -> Access:
    return one.access(_PURPOSE)


def _places() -> dict[str, tuple[str, str]]:
    """Variable -> the vital and channel that it comes from, in the order of the vocabulary."""
    known = list(variables())
    places = [
        (key, channel.name) for key, vital in VITALS.items() if not vital.split for channel in vital.channels
    ]
    return dict(zip(known, places, strict=True))


def _asked(filed: Filed) -> AskedFor:
    """What was asked for, with the names of the variables."""
    said, known = filed.asked, variables()
    names = tuple(
        (known[code].ja, known[code].en) if code in known else (code, code) for code in said.variables
    )
    return AskedFor(
        said.protocol,
        said.responsible,
        said.purpose,
        names,
        said.first,
        said.last,
        resolution=said.resolution or "finest",
        longitudinal=said.longitudinal,
    )


def _compared(each: Mapping[str, Any], k: int) -> Comparison:
    people, smallest = each.get("people_in_both"), each.get("smallest_difference")
    return Comparison(str(each.get("release", "")), people, smallest, smallest is None or int(smallest) >= k)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _line(each: Filed) -> RequestLine:
    return RequestLine(each.number, each.asked.title, each.state, each.day)


def _files(said: Mapping[str, Any]) -> Iterator[ReleaseFile]:
    for name, found in said.get("files", {}).items():
        kind = _TEXTS.get(name) or _KINDS.get(name.rpartition(".")[2], "csv")
        yield ReleaseFile(name, kind, int(found["bytes"]))
    yield ReleaseFile("certificate.json", "certificate", len(str(said)))


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]
