"""A search of FHIR JSON written from hl7.org/fhir/R4/search.html alone, with no code of the service: slow and plain."""

from __future__ import annotations

from fractions import Fraction

from tests.phr.services.naive import STATUS, codings, date_fits, token_fits, when

UCUM = "http://unitsofmeasure.org"
FACTORS = {
    ("mm[Hg]", "kPa"): Fraction(133322, 10**6),
    ("/min", "Hz"): Fraction(1, 60),
    ("kg", "g"): Fraction(1000),
}
"""A stored unit, a searched one, and what the value is multiplied by; examples stay away from the last digits."""


def concepts(one, *names):
    return [one[name] for name in names if name in one]


def number_fits(prefix, text, value) -> bool:
    wanted = Fraction(text)
    half = Fraction(1, 2) / 10 ** len(text.partition(".")[2])
    return {
        "eq": wanted - half <= value < wanted + half,
        "ne": not wanted - half <= value < wanted + half,
        "gt": value > wanted,
        "lt": value < wanted,
        "ge": value >= wanted,
        "le": value <= wanted,
        "sa": value > wanted,
        "eb": value < wanted,
        "ap": abs(value - wanted) <= abs(wanted) / 10,
    }[prefix]


def quantity_fits(text, quantity) -> bool:
    number, system, code = ([*text.split("|"), "", ""])[:3]
    prefix, number = (number[:2], number[2:]) if number[:2].isalpha() else ("eq", number)
    value = Fraction(str(quantity["value"]))
    if system:
        if quantity.get("system") != system:
            return False
        if code and code != quantity.get("code"):
            if (quantity.get("code"), code) not in FACTORS:
                return False
            value *= FACTORS[quantity["code"], code]
    elif code and code not in (quantity.get("code"), quantity.get("unit")):
        return False
    return number_fits(prefix, number, value)


def quantities(one):
    return [one["valueQuantity"]] if "valueQuantity" in one else []


def pair_fits(text, parts) -> bool:
    code, value = text.split("$")
    return any(
        token_fits(code, codings([part.get("code", {})]))
        and any(quantity_fits(value, q) for q in quantities(part))
        for part in parts
    )


def tokens_of(name, one):
    parts = one.get("component", [])
    identifiers = [(x.get("system", ""), x["value"]) for x in one.get("identifier", [])]
    tags = [(x.get("system", ""), x["code"]) for x in one.get("meta", {}).get("tag", [])]
    return {
        "code": lambda: codings([one["code"]]),
        "component-code": lambda: codings([part["code"] for part in parts]),
        "combo-code": lambda: codings([one["code"], *(part["code"] for part in parts)]),
        "category": lambda: codings(one.get("category", [])),
        "status": lambda: [(STATUS, one["status"])],
        "method": lambda: codings(concepts(one, "method")),
        "value-concept": lambda: codings(concepts(one, "valueCodeableConcept")),
        "data-absent-reason": lambda: codings(concepts(one, "dataAbsentReason")),
        "identifier": lambda: identifiers,
        "_tag": lambda: tags,
        "_id": lambda: [("", one["id"])],
    }[name]()


def references_of(name, one):
    element = {
        "derived-from": "derivedFrom",
        "performer": "performer",
        "subject": "subject",
        "device": "device",
    }[name]
    found = one.get(element, [])
    return [ref for ref in (found if isinstance(found, list) else [found]) if "reference" in ref]


QUANTITIES = {
    "value-quantity": quantities,
    "component-value-quantity": lambda one: [
        q for part in one.get("component", []) for q in quantities(part)
    ],
    "combo-value-quantity": lambda one: [
        q for part in [one, *one.get("component", [])] for q in quantities(part)
    ],
}
PAIRS = {
    "code-value-quantity": lambda one: [one],
    "component-code-value-quantity": lambda one: one.get("component", []),
    "combo-code-value-quantity": lambda one: [one, *one.get("component", [])],
}
ELEMENTS = {
    "method": "method", "derived-from": "derivedFrom", "performer": "performer", "identifier": "identifier", "component-code": "component",
    "value-quantity": "valueQuantity", "data-absent-reason": "dataAbsentReason", "device": "device", "value-concept": "valueCodeableConcept",
}  # fmt: skip
TEXTS = {"code": lambda one: [one["code"]], "category": lambda one: one.get("category", [])}


def fits(one, name, value, zone) -> bool:
    name, _, modifier = name.partition(":")
    if modifier == "missing":
        present = when(one, zone) is not None if name == "date" else ELEMENTS[name] in one
        return present is (value == "false")
    parts = value.split(",")
    if modifier == "text":
        texts = [concept.get("text", "") for concept in TEXTS[name](one)]
        texts += [
            coding.get("display", "") for concept in TEXTS[name](one) for coding in concept.get("coding", [])
        ]
        return any(text.lower().startswith(part.lower()) for text in texts for part in parts if text)
    if name in QUANTITIES:
        return any(quantity_fits(part, q) for q in QUANTITIES[name](one) for part in parts)
    if name in PAIRS:
        return any(pair_fits(part, PAIRS[name](one)) for part in parts)
    if name == "date":
        return any(date_fits(part, when(one, zone), zone) for part in parts)
    if name == "value-string":
        return any(
            one.get("valueString", "").lower().startswith(part.lower())
            for part in parts
            if "valueString" in one
        )
    if name in ("derived-from", "performer", "subject", "device"):
        known = [ref["reference"] for ref in references_of(name, one)]
        return any(part in known or f"Observation/{part}" in known for part in parts)
    found = any(token_fits(part, tokens_of(name, one)) for part in parts)
    return not found if modifier == "not" else found


def search(observations, parameters, zone) -> list[str]:
    """The ids that match, newest first."""
    found = [one for one in observations if all(fits(one, name, value, zone) for name, value in parameters)]
    keyed = [((when(one, zone) or (-(2**62), 0))[0], one["id"]) for one in found]
    return [identity for _start, identity in sorted(keyed, reverse=True)]
