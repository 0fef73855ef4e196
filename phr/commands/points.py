"""Commands about points and their ledger: budgets, letters given up, the comparison, files, and the books themselves."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from phr.bootstrap import System
from phr.commands.shared import guarded, json_option, request, show, system
from phr.errors import Invalid, Refused
from phr.services.ledger_files import Sheet

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(file_okay=False, path_type=Path)
_ACTOR = "cli"


@click.group()
def points() -> None:
    """Health points and their ledger."""


@points.command("fund")
@click.option("--year", type=int, help="Fiscal year (April to March); the current one when left out.")
@json_option
@guarded
def fund(year: int | None, as_json: bool) -> None:
    """Fill the budgets of a fiscal year, once."""
    done = system().budgets.fund(actor=_ACTOR, request=request(), year=year)
    show({"made": done.made}, as_json=as_json, text=f"{done.made} budgets were filled")


@points.command("top-up")
@click.argument("event")
@click.argument("amount", type=int)
@click.option("--year", type=int, help="Fiscal year (April to March); the current one when left out.")
@json_option
@guarded
def top_up(event: str, amount: int, year: int | None, as_json: bool) -> None:
    """Put more points into the budget of an event; awards that waited for it go out."""
    done = system().budgets.top_up(event, amount, actor=_ACTOR, request=request(), year=year)
    show({"made": done.made}, as_json=as_json, text="the ledger has it; what waited goes out")


@points.command("show")
@json_option
@guarded
def show_points(as_json: bool) -> None:
    """Budgets, what waits, whether the ledger answers, and where it disagreed."""
    made = system()
    state = made.ledger_desk.state(actor=_ACTOR, request=request())
    try:
        left = made.budgets.left(actor=_ACTOR, request=request())
    except Invalid:
        left = []
    value = {
        "budgets": [
            {"event": one.event, "given": one.given, "left": one.held, "state": one.state} for one in left
        ],
        "waiting": state.waiting,
        "waiting_for_budget": state.no_budget,
        "given_up": state.given_up,
        "ledger": "resting" if state.open_until else "called",
        "reconciled": [
            {"day": one.day.isoformat(), "theirs": one.theirs, "ours": one.ours, "differences": one.found}
            for one in state.compared
        ],
    }
    lines = [f"{one.event}: {one.held} of {one.given} left ({one.state})" for one in left]
    lines += [f"waiting {state.waiting}, for a budget {state.no_budget}, given up {state.given_up}"]
    lines += [f"{one.day}: {one.found} differences" for one in state.compared[:1]]
    show(value, as_json=as_json, text="\n".join(lines))


@points.command("reconcile")
@click.option("--whole", is_flag=True, help="Read all of the ledger's log, not only what is new.")
@json_option
@guarded
def reconcile(whole: bool, as_json: bool) -> None:
    """Compare our letters with the ledger's log; exit code 1 when they disagree. Changes nothing."""
    done = system().reconcile_ledger(request=request(), whole=whole)
    value = {
        "theirs": done.theirs,
        "ours": done.ours,
        "whole": done.whole,
        **{kind.value.replace("-", "_"): number for kind, number in done.counts.items()},
        "references": [{"kind": one.kind.value, "reference": one.reference} for one in done.found[:1000]],
    }
    lines = [f"{one.kind.value}: {one.reference}" for one in done.found[:1000]]
    lines += [f"{done.theirs} transactions and {done.ours} delivered letters: {len(done.found)} differences"]
    show(value, as_json=as_json, text="\n".join(lines))
    if not done.agrees:
        raise SystemExit(1)


@points.command("dead")
@json_option
@guarded
def dead(as_json: bool) -> None:
    """Letters to the ledger that were given up, without whose they are."""
    found = system().ledger_desk.state(actor=_ACTOR, request=request()).dead
    rows = [
        {
            "letter": one.letter,
            "rule": one.rule,
            "created": one.created.isoformat(),
            "attempts": one.attempts,
            "error": one.error,
        }
        for one in found
    ]
    lines = [f"{one['letter']} {one['rule']} {one['created']} {one['error']}" for one in rows]
    show({"dead": rows}, as_json=as_json, text="\n".join(lines) or "no letter was given up")


@points.command("retry")
@click.argument("references", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every letter that was given up.")
@json_option
@guarded
def retry(references: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Send letters again, by the ledger's reference, or all that were given up; the ledger counts each once."""
    if everything == bool(references):
        raise Invalid("name references, or say --all", field="references")
    desk = system().ledger_desk
    if everything:
        number = desk.retry_all(actor=_ACTOR, request=request())
    else:
        for reference in references:
            desk.send_again(reference, actor=_ACTOR, request=request())
        number = len(references)
    show({"again": number}, as_json=as_json, text=f"{number} letters are sent again")


@points.command("write")
@click.argument("folder", type=_OUT)
@click.option("--again", type=int, help="Write the file of this number once more, byte for byte.")
@json_option
@guarded
def write(folder: Path, again: int | None, as_json: bool) -> None:
    """Write what waits into a file for a platform without an interface, and its sums beside it."""
    made = _by_file(system())
    sheet = (
        made.ledger_files.write(request=request())
        if again is None
        else made.ledger_files.again(again, request=request())
    )
    if sheet is None:
        show({"file": None}, as_json=as_json, text="nothing waits")
        return
    _put(sheet, folder)
    show(dict(sheet.manifest), as_json=as_json, text=f"{sheet.name}: {sheet.manifest['lines']} lines")


def _by_file(made: System) -> System:
    if not made.points_by_file:
        raise Refused("points go to the ledger by itself; set PHR_POINTS_PLATFORM=file to write files")
    return made


def _put(sheet: Sheet, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / sheet.name).write_bytes(sheet.body)
    (folder / sheet.name).with_suffix(".json").write_bytes(orjson.dumps(sheet.manifest))


@points.command("acknowledge")
@click.argument("file", type=_IN)
@json_option
@guarded
def acknowledge(file: Path, as_json: bool) -> None:
    """Read the platform's acknowledgement: only what it accepted is delivered."""
    done = _by_file(system()).ledger_files.acknowledge(file.read_bytes(), request=request())
    value = {
        "file": done.file,
        "accepted": done.accepted,
        "refused": done.refused,
        "again": done.again,
        "open": done.open,
    }
    show(
        value,
        as_json=as_json,
        text=f"file {done.file}: {done.accepted} accepted, {done.refused} refused, {done.open} open",
    )


@points.command("verify")
@json_option
@guarded
def verify(as_json: bool) -> None:
    """Check the embedded ledger: sum zero, balances as posted, every transaction logged, the log unbroken."""
    made = system()
    if made.settings.ledger_url:
        raise Refused("the ledger is somebody else's; compare with phr points reconcile --whole")
    verdict = made.ledger_verdict()
    show(
        verdict,
        as_json=as_json,
        text="\n".join(f"{name}: {'holds' if good else 'DOES NOT HOLD'}" for name, good in verdict.items()),
    )
    if not all(verdict.values()):
        raise SystemExit(1)
