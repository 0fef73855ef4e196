"""The rules of a Bundle that asks for something: its entries, their order, and the references between them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from phr.domain.fhir.texts import parse_any
from phr.errors import Invalid

ORDER: Final = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
_RANK: Final = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
_LINKS: Final = re.compile(
    r"(reference|url|uri|value(Uri|Url|Uuid|Oid|Canonical)|instantiates(Uri|Canonical))"
)
_CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.ASCII)
_PATCH_TYPE: Final = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is asked: method, type, the rest of the path, query; the resource of its body; its conditions."""

    place: int
    method: str
    kind: str
    rest: tuple[str, ...]
    query: str
    full_url: str
    resource: dict[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The id in the address; "" for none."""
        return self.rest[0] if self.rest else ""


def entries(bundle: Mapping[str, Any], base: str, most: int) -> list[Entry]:
    """The entries of a Bundle. Raises Invalid that names the place of one that cannot be read."""
    given = bundle.get("entry", [])
    if not isinstance(given, list):
        raise Invalid("expected a list", field="Bundle.entry")
    if len(given) > most:
        raise Invalid(f"more than {most} entries", field="Bundle.entry")
    return [_entry(one, place, base) for place, one in enumerate(given)]


def _entry(one: Any, place: int, base: str) -> Entry:
    where = f"Bundle.entry[{place}]"
    request = one.get("request") if isinstance(one, dict) else None
    if not isinstance(request, dict):
        raise Invalid("expected a request", field=f"{where}.request")
    method, url = request.get("method"), request.get("url")
    if method not in _RANK:
        raise Invalid("is no method of FHIR", field=f"{where}.request.method")
    if not isinstance(url, str) or not url.strip("/"):
        raise Invalid("expected an address", field=f"{where}.request.url")
    path, _, query = url.removeprefix(f"{base}/").partition("?")
    parts = [unquote(part) for part in path.strip("/").split("/")]
    resource, full = one.get("resource"), one.get("fullUrl", "")
    if not isinstance(full, str) or (resource is not None and not isinstance(resource, dict)):
        raise Invalid("is not of the right type", field=where)
    if (resource is None) != (method not in {"POST", "PUT", "PATCH"}):
        raise Invalid("a resource comes with POST, PUT and PATCH", field=f"{where}.resource")
    headers = {
        name: str(request[key])
        for key, name in (
            ("ifMatch", "if-match"),
            ("ifNoneMatch", "if-none-match"),
            ("ifModifiedSince", "if-modified-since"),
            ("ifNoneExist", "if-none-exist"),
        )
        if key in request
    }
    return Entry(place, method, parts[0], tuple(parts[1:]), query, full, resource, headers)


def in_order(given: Sequence[Entry]) -> list[Entry]:
    """DELETE, then POST, then PUT and PATCH, then GET; among equals as they came."""
    return sorted(given, key=lambda one: _RANK[one.method])


def check_once(touched: Sequence[tuple[int, str, str]]) -> None:
    """Refuses a transaction that touches a resource twice: place, type and id of each write."""
    seen: set[tuple[str, str]] = set()
    for place, kind, identity in touched:
        if identity and (kind, identity) in seen:
            raise Invalid("the same resource as an earlier entry", field=f"Bundle.entry[{place}]")
        seen.add((kind, identity))


def check_full_urls(given: Sequence[Entry]) -> None:
    """Refuses two entries under one fullUrl: a reference to it would mean both."""
    seen: set[str] = set()
    for one in given:
        if one.full_url and one.full_url in seen and one.method == "POST":
            raise Invalid("the same as of an earlier entry", field=f"Bundle.entry[{one.place}].fullUrl")
        seen.add(one.full_url)


def links(value: Any) -> Iterator[str]:
    """Every reference and address in a resource."""
    if isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, str) and _LINKS.fullmatch(name):
                yield one
            else:
                yield from links(one)
    elif isinstance(value, list):
        for one in value:
            yield from links(one)


def conditional(link: str) -> tuple[str, str] | None:
    """Type and query of a conditional reference such as ``Patient?identifier=x``; None for any other."""
    found = _CONDITIONAL.fullmatch(link)
    return None if found is None else (found.group(1), found.group(2))


def resolved(value: Any, targets: Mapping[str, str], name: str = "") -> Any:
    """The same JSON with every link to another entry as the reference that it became, also in the narrative."""
    if isinstance(value, dict):
        return {key: resolved(one, targets, key) for key, one in value.items()}
    if isinstance(value, list):
        return [resolved(one, targets, name) for one in value]
    if not isinstance(value, str):
        return value
    if name == "div":
        for link, target in targets.items():
            if link.startswith("urn:"):
                value = re.sub(
                    rf"(\b(?:href|src)\s*=\s*[\"']){re.escape(link)}(?=[\"'])", rf"\g<1>{target}", value
                )
        return value
    return targets.get(value, value) if _LINKS.fullmatch(name) else value


def operations_of(resource: Mapping[str, Any], place: int) -> Any:
    """The JSON Patch in a Binary, as R4 has it in bundles. Raises Invalid."""
    where = f"Bundle.entry[{place}].resource"
    if resource.get("resourceType") != "Binary" or resource.get("contentType") != _PATCH_TYPE:
        raise Invalid(f"expected a Binary of {_PATCH_TYPE}", field=where)
    try:
        text = base64.b64decode(str(resource.get("data", "")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("is not base64", field=f"{where}.data") from error
    return parse_any(text)
