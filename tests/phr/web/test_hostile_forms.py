"""Every form of the pages of residents and nurses with hostile values: one clear answer, nothing echoed raw, no fault."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from html.parser import HTMLParser
from uuid import uuid4

import pytest

from phr.asgi import create_app
from tests.build import agree

pytestmark = [pytest.mark.db, pytest.mark.slow]
MARK = "<script>alert(4711)</script>"
NUL = "a\0b"
PAYLOADS = (
    "'; DROP TABLE phr.person; --",
    "９９９９９９９９９９９９９９",
    "-1",
    "NaN",
    "1e309",
    "0001-01-01",
    "9" * 5000,
    "../../etc/passwd",
    str(uuid4()),
    "",
)
LEAVES = ("/session", "/sign-in", "/account", "/components")
START = {
    "resident": (
        "/today",
        "/more",
        "/family",
        "/nutrition",
        "/messages",
        "/risk",
        "/questionnaires",
        "/brushing",
        "/record",
    ),
    "nurse": (
        "/staff",
        "/staff/team",
        "/staff/search",
        "/staff/letters",
        "/staff/programmes",
        "/staff/guidance",
        "/staff/messages",
        "/staff/families",
        "/staff/doubts",
    ),
}


class _Forms(HTMLParser):
    """The forms and links of a page: action and fields with the values that they have."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self.links: set[str] = set()
        self.open = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "a" and (given.get("href") or "").startswith("/"):
            self.links.add(given["href"].partition("#")[0])
        if tag == "form":
            self.forms.append((given.get("action") or "", (given.get("method") or "get").lower(), {}))
            self.open = True
        name = given.get("name")
        if not self.open or not name or not self.forms:
            return
        fields = self.forms[-1][2]
        if tag in {"input", "textarea", "button", "select"}:
            fields.setdefault(name, given.get("value") or "")
        if tag == "input" and given.get("type") == "number":
            fields[name] = fields[name] or "1"

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = False


def crawled(client, role):
    """The forms of the pages that can be reached, one per action in one form."""
    seen, found, ahead = set(), {}, list(START[role])
    while ahead and len(seen) < 60:
        page = ahead.pop(0)
        shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "*", page)
        if shape in seen or page.startswith(LEAVES):
            continue
        seen.add(shape)
        answer = client.get(page)
        if answer.status_code != 200 or "text/html" not in answer.headers.get("content-type", ""):
            assert answer.status_code < 500, page
            continue
        parsed = _Forms(answer.text)
        for action, method, fields in parsed.forms:
            key = (re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "*", action), tuple(sorted(fields)))
            if not action.startswith(LEAVES):
                found.setdefault(key, (action or page, method, fields))
        ahead += sorted(parsed.links)
    return list(found.values()), seen


def tried(client, action, method, data):
    """Sends a form; gives what is wrong with the answer."""
    try:
        answer = client.get(action, params=data) if method == "get" else client.post(action, data=data)
    except Exception as error:  # noqa: BLE001 - a fault of the service is what is looked for
        return f"{type(error).__name__}: {error}"
    if answer.status_code >= 500:
        return f"HTTP {answer.status_code}"
    if MARK in answer.text:
        return "echoed raw"
    if "location" in answer.headers and any(bad in answer.headers["location"] for bad in ("script", "DROP")):
        return "a value in an address"
    return ""


@pytest.mark.parametrize("role", ["resident", "nurse"])
def test_no_field_of_any_form_breaks_a_page(system, city, browse, role):
    """Hostile values in each field in turn; and without its token no form decides anything."""
    person = city.a_resident(system, f"田村 {uuid4().hex}")
    agree(system, *person)
    city.a_checkup(system, person[0], system.clock.now().date() - timedelta(days=20))
    city.pressures(system, person[0], 10)
    system.assess(request="t")
    subject = person[1] if role == "resident" else city.a_member(system, "nurse")
    app = create_app(system)
    client = city.signed_in(system, app, browse, subject, role)
    forms, seen = crawled(client, role)
    assert len(forms) > 5, seen
    wrong, turn = [], itertools.cycle(PAYLOADS)
    for action, method, fields in forms:
        if method == "post":
            without = client.post(action, data={k: v for k, v in fields.items() if k != "csrf"})
            if without.status_code not in {400, 403}:
                wrong.append((action, "no token", without.status_code))
        for name in fields:
            if name == "csrf":
                continue
            for payload in (MARK, NUL, next(turn)):
                said = tried(client, action, method, {**fields, name: payload})
                if said:
                    wrong.append((action, name, payload[:30], said[:300]))
    assert wrong == [], "\n".join(map(str, wrong))
