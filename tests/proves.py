"""What the tests prove of the FHIR interface: the CapabilityStatement says this, and nothing else.

How to use it. Put the mark on a test that would fail if the server could not do the thing::

    from tests.proves import proves

    @proves("Observation", "search", "combo-code", "component-code")
    def test_a_combo_code_finds_panels_and_components(...): ...

The first word is a resource type, or ``*`` for the whole server; the second is an aspect of ``ASPECTS``; the rest are
what of that aspect is proven (any number). A test may carry several marks. Arguments are plain string literals,
since ``python -m tests.proves`` reads them from the source without running it and writes ``phr/api/capability.json``;
tests/phr/api/test_capability.py fails while that file and the marks differ. A test that is skipped or expected to
fail proves nothing, so a mark beside such a decorator is refused. Examples::

    @proves("Patient", "interaction", "read", "vread", "update", "patch", "delete", "create", "search-type",
            "history-instance", "history-type")
    @proves("*", "interaction", "batch", "transaction", "history-system", "search-system")
    @proves("Observation", "conditional", "create", "read", "update", "patch", "delete-single", "delete-multiple")
    @proves("Observation", "update", "create")                  # PUT of an id that is not there makes it
    @proves("Observation", "include", "Observation:subject")    # and "revinclude", "Provenance:target"
    @proves("Patient", "operation", "everything", "export")     # "*" for $export of the system
    @proves("*", "patch", "application/json-patch+json")
    @proves("*", "instantiates", "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data")
    @proves("Observation", "profile", "http://hl7.org/fhir/StructureDefinition/vitalsigns")
    @proves("*", "security", "SMART-on-FHIR")

``Resource`` as the type holds for every type that is kept as a document. ``@proves("*", "parameters", "every")`` on the
test that walks the table of search parameters stands for each of them.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import orjson

from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch import PARAMETERS

TESTS: Final = Path(__file__).resolve().parent
FILE: Final = TESTS.parent / "phr" / "api" / "capability.json"
ASPECTS: Final = {
    "interaction": {
        *("read", "vread", "update", "patch", "delete", "create", "search-type"),
        *("history-instance", "history-type", "history-system", "search-system", "batch", "transaction"),
    },
    "conditional": {"create", "read", "update", "patch", "delete-single", "delete-multiple"},
    "update": {"create"},
    "search": None,
    "include": None,
    "revinclude": None,
    "operation": None,
    "profile": None,
    "patch": None,
    "instantiates": None,
    "security": None,
    "topic": None,
    "parameters": {"every"},
}
"""Aspect -> what may be proven of it; None: anything."""
_SYSTEM_ONLY: Final = {"history-system", "search-system", "batch", "transaction"}
_NOTHING_PROVEN: Final = ("skip", "skipif", "xfail")

_Test = TypeVar("_Test", bound=Callable[..., object])


def proves(kind: str, aspect: str, *what: str) -> Callable[[_Test], _Test]:
    """Says that a test proves something of the FHIR interface; a wrong word fails when the module is read."""
    check(kind, aspect, what)
    return lambda test: test


def check(kind: str, aspect: str, what: tuple[str, ...]) -> None:
    """Refuses a mark that the statement could not show."""
    if aspect not in ASPECTS:
        raise ValueError(f"proves: no aspect {aspect}")
    known = ASPECTS[aspect]
    if not what or (known is not None and not set(what) <= known):
        raise ValueError(f"proves: {aspect} of {kind} has no such thing: {', '.join(what)}")
    if aspect == "interaction" and any((one in _SYSTEM_ONLY) != (kind == "*") for one in what):
        raise ValueError(f"proves: {', '.join(what)} is not an interaction of {kind}")


def marks(source: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The marks in the source of one test module."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        named = [_name(one) for one in node.decorator_list]
        for one in node.decorator_list:
            if isinstance(one, ast.Call) and _name(one) == "proves":
                if not node.name.startswith("test_") or set(named) & set(_NOTHING_PROVEN):
                    raise ValueError(f"{node.name} proves nothing: it is no test, or one that may not run")
                kind, aspect, *what = [ast.literal_eval(word) for word in one.args]
                check(kind, aspect, tuple(what))
                yield kind, aspect, tuple(what)


def _name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def proven() -> dict[str, dict[str, list[str]]]:
    """Everything that the tests prove: type -> aspect -> what, sorted."""
    found: dict[str, dict[str, set[str]]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text("utf-8")
        if "proves(" in source:
            for kind, aspect, what in marks(source):
                found.setdefault(kind, {}).setdefault(aspect, set()).update(what)
    if found.get("*", {}).pop("parameters", None):
        for kind in PARAMETERS.keys() & kinds().keys():
            found.setdefault(kind, {}).setdefault("search", set()).update(PARAMETERS[kind])
    return {
        kind: {aspect: sorted(what) for aspect, what in sorted(aspects.items())}
        for kind, aspects in sorted(found.items())
    }


def written() -> bytes:
    """The file as the marks have it now."""
    return orjson.dumps(proven(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    FILE.write_bytes(written())
    sys.stderr.write(f"{FILE.name} holds what the tests prove\n")
