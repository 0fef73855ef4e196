"""Commands about rights and duties: the night's round, erasures and their replay, leaks and the drill, the end of the service."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import orjson

from phr.bootstrap import System
from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.days import day_at
from phr.errors import Invalid
from phr.ids import person_id
from phr.services.rights.ending import plain
from phr.services.rights.erasing import read_marks
from phr.services.rights.incidents import Reported

_FILE = click.Path(dir_okay=False, path_type=Path)
_READER = "drill-reader"


@click.group()
def rights() -> None:
    """What people may demand of their records."""


@rights.command("round")
@json_option
@guarded
def rights_round(as_json: bool) -> None:
    """Do the night's work now: due days, unused accounts, erasures whose time has come, and copies that wait."""
    made = system()
    value = {**made.rights_round(request=request()), "copies": made.take_outs.round(request=request())}
    show(value, as_json=as_json)


@rights.command("take")
@click.argument("resident")
@click.argument("path", type=_FILE)
@json_option
@guarded
def rights_take(resident: str, path: Path, as_json: bool) -> None:
    """Write everything about a resident to a ZIP file, for somebody without a browser."""
    made, person = system(), person_id(resident)
    from phr.domain.access import resident as own

    access = own(person, "counter", request())
    job = made.take_outs.ask(person, access)
    made.take_outs.round(request=request())
    with path.open("wb") as stream:
        for part in made.take_outs.open(person, job, access).parts:
            stream.write(part)
    made.take_outs.remove(person, job, access)
    show({"file": str(path), "bytes": path.stat().st_size}, as_json=as_json, text=f"everything is in {path}")


@rights.command("erase")
@click.argument("resident")
@click.option("--yes", is_flag=True, help="Say that it cannot be undone.")
@json_option
@guarded
def rights_erase(resident: str, yes: bool, as_json: bool) -> None:
    """Erase a resident now, after a decision that is on paper."""
    if not yes:
        raise Invalid("an erasure cannot be undone; say --yes", field="yes")
    done = system().erasing(person_id(resident), "decided-on-paper", request=request())
    value = {"mark": done.mark, "rows": sum(done.counts.values()), "tables": done.counts, "kept": done.kept}
    show(value, as_json=as_json, text=f"{value['rows']} rows in {len(done.counts)} tables are erased")


@rights.command("marks")
@click.argument("path", type=_FILE)
@guarded
def rights_marks(path: Path) -> None:
    """Write the list of erasures that is kept apart from the backups."""
    marks = system().erasing.marks(request=request())
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in marks))
    click.echo(f"{len(marks)} erasures are in {path}")


@rights.command("replay")
@click.argument("path", type=_FILE)
@json_option
@guarded
def rights_replay(path: Path, as_json: bool) -> None:
    """After a restore: erase again whoever is on the list."""
    again = system().erasing.replay(read_marks(path.read_bytes()), request=request())
    show({"erased_again": again}, as_json=as_json, text=f"{again} people were erased again")


@click.group()
def incident() -> None:
    """Leaks and their reports."""


@incident.command("show")
@json_option
@guarded
def incident_show(as_json: bool) -> None:
    """Every incident with the reports that are owed."""
    made = system()
    today = day_at(made.clock.now(), made.settings.tz)
    value: list[dict[str, Any]] = [
        {
            "incident": str(one.row.incident_id),
            "title": one.row.title,
            "drill": one.row.drill,
            "persons": one.row.persons,
            "reports": [
                {"what": t.what, "due": t.due.isoformat(), "state": t.tone(today)} for t in one.timers
            ],
        }
        for one in made.incidents.listed(actor="cli", request=request())
    ]
    lines = [
        f"{one['title']}: " + ", ".join(f"{t['what']} {t['due']} {t['state']}" for t in one["reports"])
        for one in value
    ]
    show({"incidents": value}, as_json=as_json, text="\n".join(lines) or "no incidents")


@incident.command("drill")
@json_option
@guarded
def incident_drill(as_json: bool) -> None:
    """Practise a leak: an account reads two residents, is found in the trail, and everything but the report is done."""
    show(drill(system()), as_json=as_json)


def drill(made: System) -> dict[str, object]:
    """A leak from reading to closing, marked as a drill: nobody outside is told, and the draft says so."""
    from phr.domain.access import Access

    city, asked = made.settings.recipient, request()
    with made.store.begin(Access("operator", "drill", city, "register", asked)) as uow:
        people = [one.person_id for one in uow.people.all(limit=2)]
        for person in people:
            uow.switch(Access("operator", _READER, city, "register", asked, person))
            uow.audit.add("read", "Patient", person, count=1, reason="drill")
        uow.commit()
    now = made.clock.now()
    told = Reported(
        title="訓練：退職した職員のアカウントで閲覧された",
        kind="misuse",
        known_at=now,
        persons=0,
        categories=("blood-pressure", "checkup"),
        encrypted=False,
        malicious=True,
        facts={"cause": "訓練", "prevention": "訓練"},
        drill=True,
    )
    number = made.incidents.record(told, actor="drill", request=asked)
    today = day_at(now, made.settings.tz)
    found = made.incidents.concerned(
        number, _READER, today - timedelta(days=1), today, actor="drill", request=asked
    )
    due = {one.what: one.due for one in made.incidents.one(number, actor="drill", request=asked).timers}
    draft = made.incidents.draft(number, actor="drill", request=asked)
    untold = made.incidents.tell(number, actor="drill", request=asked)
    for step in ("preliminary", "final", "closed"):
        made.incidents.step(number, step, actor="drill", request=asked)
    return {
        "incident": str(number),
        "found_in_the_trail": found,
        "told": untold,
        "due": {name: day.isoformat() for name, day in due.items()},
        "draft_lines": len(draft.splitlines()),
        "closed": True,
    }


@click.group("service")
def service() -> None:
    """The end of the service."""


@service.command("end")
@click.option("--on", "day", required=True, help="The last day on which records come in (YYYY-MM-DD).")
@click.option(
    "--months", default=6, show_default=True, help="Months in which people can still take their data out."
)
@json_option
@guarded
def service_end(day: str, months: int, as_json: bool) -> None:
    """Decide that the service ends: from that day nothing new comes in, and everything can be read and taken out."""
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise Invalid("must be a day like 2027-03-31", field="on") from None
    end = system().ending.end(on, months, actor="cli", request=request())
    show(plain(end), as_json=as_json, text=f"ends on {end.ends_on}, taken out until {end.export_until}")


@service.command("go-on")
@guarded
def service_go_on() -> None:
    """Take the end back."""
    there = system().ending.go_on(actor="cli", request=request())
    click.echo("the service goes on" if there else "no end was decided")


@service.command("show")
@json_option
@guarded
def service_show(as_json: bool) -> None:
    """When the service ends."""
    end = system().ending.known(request=request())
    show({} if end is None else plain(end), as_json=as_json, text="no end was decided" if end is None else "")
