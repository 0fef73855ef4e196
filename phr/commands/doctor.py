"""The command that examines the installation: what is wrong, and what mends it."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Final

import click
from pydantic import ValidationError

from phr.bootstrap import System
from phr.commands.shared import json_option, request, show, system
from phr.domain.examination import Finding

_SIGNS: Final = {"ok": "ok    ", "warn": "WARN  ", "broken": "BROKEN", "off": "-     "}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Examine the installation: each fault and its remedy in a sentence; exit code 1 when something is broken."""
    try:
        made: System = system(migrated=False)
        with closing(made):
            findings = made.doctor(request=request())
    except ValidationError as wrong:
        findings = [_of_setting(str(error["loc"][0]), str(error["msg"])) for error in wrong.errors()]
    value = {
        "healthy": all(one.state != "broken" for one in findings),
        "findings": [
            {"check": one.check, "state": one.state, "found": one.found, "remedy": one.remedy}
            for one in findings
        ],
    }
    show(value, as_json=as_json, text="\n".join(_line(one) for one in findings))
    if not value["healthy"]:
        sys.exit(1)


def _of_setting(name: str, problem: str) -> Finding:
    return Finding(
        "settings",
        "broken",
        f"PHR_{name.upper()}: {problem}",
        "Correct it; docs/reference/settings.md says what it takes.",
    )


def _line(one: Finding) -> str:
    remedy = f"\n       {'':12}  {one.remedy}" if one.remedy else ""
    return f"{_SIGNS[one.state]} {one.check:12}  {one.found}{remedy}"
