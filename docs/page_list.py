"""The list of all pages for the reference, read from the functions that show them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

from fastapi.routing import APIRoute

import phr.web.pages
from phr.web.acting import closed_page
from phr.web.answer import error_page
from phr.web.render import FOLDER as WEB

_FRAME: Final = re.compile(r'{% extends "_(\w+)\.html" %}')
_ROLES: Final = {
    "Resident": "resident",
    "Nurse": "nurse",
    "Copier": "nurse, counter",
    "Researcher": "researcher",
    "Operator": "operator",
}


def _templates(function: FunctionType, seen: set[str]) -> Iterator[str]:
    """The templates that a function shows, itself or through another function of its module."""
    seen.add(function.__name__)
    for node in ast.walk(ast.parse(inspect.getsource(function))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "html":
            for part in ast.walk(node.args[1]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                    yield part.value
        else:
            called = function.__globals__.get(node.func.id)
            if isinstance(called, FunctionType) and called.__name__ not in seen:
                yield from _templates(called, seen)


def _role(function: FunctionType) -> str:
    """Who may see it: the session that the function asks for."""
    for given in function.__annotations__.values():
        if given in _ROLES:
            return _ROLES[given]
    return "everybody signed in" if "Anybody" in function.__annotations__.values() else "anybody"


def _named(module: ModuleType) -> Iterator[tuple[str, str, str, str]]:
    for route in module.router.routes:
        if not isinstance(route, APIRoute) or not isinstance(route.endpoint, FunctionType):
            continue
        says = " ".join((inspect.getdoc(route.endpoint) or "").split("\n\n")[0].split())
        for template in dict.fromkeys(_templates(route.endpoint, set())):
            yield template, _role(route.endpoint), route.path, says


def _strange(row: tuple[str, str, str, str]) -> bool:
    """Whether the page has the frame of another role than this address: another address is its own."""
    frame = _FRAME.search((WEB / "templates" / f"{row[0]}.html").read_text("utf-8"))
    return frame is not None and frame[1] in _ROLES.values() and frame[1] != row[1]


def page_rows() -> list[tuple[str, str, str, str]]:
    """Template, role, address and one sentence of every page: the first address that shows it to its role."""
    rows = [
        ("error", "anybody", "any", " ".join((inspect.getdoc(error_page) or "").split())),
        ("acting_closed", "resident", "any", " ".join((inspect.getdoc(closed_page) or "").split())),
    ]
    for file in sorted(Path(phr.web.pages.__file__).parent.glob("[!_]*.py")):
        module = import_module(f"phr.web.pages.{file.stem}")
        rows += _named(module) if hasattr(module, "router") else ()
    found: dict[str, tuple[str, str, str, str]] = {}
    for row in sorted((each for each in rows if not each[0].startswith("_")), key=_strange):
        found.setdefault(row[0], row)
    return sorted(found.values(), key=lambda row: row[1:])
