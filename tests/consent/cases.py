"""Builders and random consents for the tests of the consent package."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from consent.model import Request
from consent.purposes import PURPOSES as ALL_PURPOSES
from consent.texts import Texts, digest, load

NOW = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)
DAY = date(2026, 6, 1)
NURSES = "Organization/city-health"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def a_request(**changes: Any) -> Request:
    """The city's nurses ask for p1's blood pressure of one day, for guidance."""
    given = {
        "person": "p1",
        "recipient": NURSES,
        "purpose": "guidance",
        "category": "blood-pressure",
        "day": DAY,
    }
    return Request(**(given | changes))


def a_rule(effect: str = "permit", *children: dict[str, Any], **elements: Any) -> dict[str, Any]:
    """A provision in JSON; recipients, purposes and categories are written out as FHIR wants them."""
    rule: dict[str, Any] = {"type": effect}
    if "recipients" in elements:
        rule["actor"] = [
            {"role": {"coding": [{"system": ROLE, "code": "IRCP"}]}, "reference": {"reference": each}}
            for each in elements.pop("recipients")
        ]
    if "purposes" in elements:
        rule["purpose"] = [{"system": "urn:phr:purpose", "code": each} for each in elements.pop("purposes")]
    if "categories" in elements:
        rule["code"] = [
            {"coding": [{"system": "urn:phr:category", "code": each}]} for each in elements.pop("categories")
        ]
    rule |= elements
    if children:
        rule["provision"] = list(children)
    return rule


def a_consent(rule: Any = None, **changes: Any) -> dict[str, Any]:
    """A Consent in JSON as this service records it; a change to None takes the element away."""
    found = {
        "resourceType": "Consent",
        "id": "c1",
        "meta": {"versionId": "1"},
        "status": "active",
        "scope": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
            ]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p1"},
        "dateTime": "2026-04-01T09:00:00+09:00",
        "performer": [{"reference": "Patient/p1"}],
        "organization": [{"reference": "Organization/city"}],
        "sourceAttachment": {
            "extension": [{"url": "urn:phr:consent-way", "valueCode": "app"}],
            "language": "ja",
            "url": "urn:phr:consent-text:guidance-3",
        },
        "policyRule": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]
        },
        "provision": a_rule("deny", a_rule("permit")) if rule is None else rule,
    }
    return {name: part for name, part in (found | changes).items() if part is not None}


def an_edition(version: str, valid_from: str, asks_again: dict[str, str] | None = None) -> dict[str, Any]:
    """A file of texts as it is parsed; asks_again: purposes whose meaning changed, with the last day of earlier texts."""
    words = {"ja": "説明", "en": "words", "easy": "せつめい"}
    raw: dict[str, Any] = {"version": version, "valid_from": valid_from, "purpose": []}
    for key in ALL_PURPOSES:
        if key != "self":
            again = (asks_again or {}).get(key)
            row = {"key": key, "countries": ["JP"], "use": words, "keep": words}
            raw["purpose"].append(row if again is None else {**row, "asks_again": again})
    return raw | {"sha256": digest(raw)}


# A first version, one that asks again for guidance, and one that asks again for guidance and the risk estimate.
CHANGED: Texts = load(
    [
        an_edition("t1", "2026-01-01"),
        an_edition("t2", "2026-05-01", {"guidance": "2026-06-10"}),
        an_edition("t3", "2026-06-05", {"guidance": "2026-07-10", "risk": "2027-06-30"}),
    ]
)
VERSIONS = ("t1", "t2", "t3", "elsewhere")

# Few values, so that rules and requests meet often.
RECIPIENTS = (NURSES, "Practitioner/n7", "Group/g1", "Patient/p1", "Patient/p2")
PURPOSES = ("guidance", "risk", "self")
CATEGORIES = ("blood-pressure", "sleep", "heart")
DATES = ("2026", "2026-05", "2026-05-31", "2026-06-01", "2026-06-02", "2026-06-10", "2027")
TIMES = (
    *DATES,
    "2026-06-10T12:00:00+09:00",
    "2026-06-10T03:00:00Z",
    "2026-06-10T02:59:59.999Z",
    "2026-06-10T23:00:00-04:00",
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(TIMES + RECIPIENTS),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ("type", "coding", "code", "system", "reference", "role", "start", "end", "extension", "id")
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


@st.composite
def a_period(draw: st.DrawFn, texts: tuple[str, ...], odd: bool) -> dict[str, str]:
    ends = {side: draw(st.sampled_from(texts)) for side in ("start", "end") if draw(st.booleans())}
    if len(ends) == 2 and not (odd and draw(st.integers(0, 9)) == 0):  # mostly the right way round
        ends = dict(zip(("start", "end"), sorted(ends.values()), strict=True))
    return ends or {"start": texts[0]}


def some(words: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=2)


def make_odd(draw: st.DrawFn, rule: dict[str, Any]) -> None:
    """Now and then adds something unknown or unreadable."""
    strange = draw(st.integers(0, 11))
    if strange == 0:
        rule["action"] = [{"coding": [{"code": "disclose"}]}]
    elif strange == 1:
        rule.setdefault("purpose", []).append({"system": "urn:other", "code": "guidance"})
    elif strange == 2:
        rule.setdefault("code", []).append({"text": "something"})
    elif strange == 3:
        rule.setdefault("actor", []).append(
            {"role": {"coding": [{"code": "CST"}]}, "reference": {"reference": NURSES}}
        )
    elif strange == 4 and not draw(st.integers(0, 4)):
        rule[
            draw(st.sampled_from(("type", "period", "actor", "purpose", "code", "dataPeriod", "provision")))
        ] = draw(JSON)


@st.composite
def rules(draw: st.DrawFn, depth: int = 0, odd: bool = True) -> dict[str, Any]:
    """Random provisions; ``odd`` ones have unknown and unreadable elements now and then."""
    elements: dict[str, Any] = {}
    narrow = st.integers(0, 2).map(lambda n: n == 0)
    for name, words in (("recipients", RECIPIENTS), ("purposes", PURPOSES), ("categories", CATEGORIES)):
        if draw(narrow):
            elements[name] = draw(some(words))
    if draw(narrow):
        elements["period"] = draw(a_period(TIMES, odd))
    if draw(narrow):
        elements["dataPeriod"] = draw(a_period(TIMES if odd else DATES, odd))
    children = draw(st.lists(rules(depth + 1, odd), max_size=3)) if depth < 2 else []
    rule = a_rule(draw(st.sampled_from(("permit", "deny"))), *children, **elements)
    if not odd:
        return rule
    make_odd(draw, rule)
    return rule


@st.composite
def consents(draw: st.DrawFn, identity: str = "c1", odd: bool = True) -> dict[str, Any]:
    """Random consents, mostly about p1 and in force."""
    changes: dict[str, Any] = {"id": identity}
    often = st.integers(0, 7).map(lambda n: n > 0)
    if not draw(often):
        changes["status"] = draw(st.sampled_from(("inactive", "draft", "entered-in-error")))
    if not draw(often):
        changes["dateTime"] = draw(
            st.sampled_from(("2026-06-10T12:00:00+09:00", "2026-06-10T12:00:01+09:00", "2026-06-10", "2030"))
        )
    if not draw(often):
        changes["patient"] = {"reference": "Patient/p2"}
    if odd and not draw(often):
        changes[
            draw(st.sampled_from(("status", "dateTime", "patient", "provision", "scope", "policyRule")))
        ] = draw(JSON)
    changes["sourceAttachment"] = {
        "extension": [{"url": "urn:phr:consent-way", "valueCode": "app"}],
        "language": "ja",
        "url": f"urn:phr:consent-text:{draw(st.sampled_from(VERSIONS))}",
    }
    found = a_consent(draw(rules(odd=odd)))
    return found | changes


@st.composite
def many_consents(draw: st.DrawFn, odd: bool = True) -> list[dict[str, Any]]:
    return [draw(consents(f"c{n}", odd)) for n in range(draw(st.integers(0, 3)))]


requests = st.builds(
    Request,
    person=st.just("p1"),
    recipient=st.sampled_from((*RECIPIENTS * 3, "Organization/other", "*", "")),
    purpose=st.sampled_from((*PURPOSES * 3, "insurer", "marketing", "*")),
    category=st.sampled_from((*CATEGORIES * 3, "checkup", "tarot", "*")),
    day=st.sampled_from(
        [date(2025, 12, 31), *(DAY + timedelta(days=n) for n in (-2, -1, 0, 1, 2, 9)), date(2028, 1, 1)]
    ),
)
moments = st.sampled_from(
    [NOW + timedelta(microseconds=n) for n in (-1, 0, 1, 999_999, 1_000_000)]
) | st.integers(0, 4 * 365 * 24 * 3600).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=n))
