"""Commands about people and their data: import, consent, score, export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from consent.build import BadChoice, Choice, build
from ingest.series import Reject
from phr.commands.progress import progress_bar
from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.documents import parse
from phr.errors import Invalid
from phr.ids import person_id


@click.command("import")
@click.argument("name", metavar="FORMAT")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--resident", default="", help="Whose data it is; left out for files that hold many people.")
@click.option("--zone", default="", help="Zone of times that name none; the city's when left out.")
@json_option
@guarded
def import_file(name: str, path: Path, resident: str, zone: str, as_json: bool) -> None:
    """Import a file or folder."""
    made = system()
    try:
        tz = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid("unknown zone", field="zone") from error
    person = (
        made.register.ensure(resident, actor="cli", role="system", request=request()) if resident else None
    )
    with progress_bar(path.name, quiet=as_json) as progress:
        done = made.importing(
            name,
            path,
            request=request(),
            person=person,
            people=lambda key: made.register.ensure(
                key.removeprefix("Patient/"), actor="import", role="system", request=request()
            ),
            zone=tz,
            progress=progress,
        )
    value = receipt_value(done.receipt, len(done.people) or 1, done.unowned)
    if name.startswith("checkup-"):
        seen = [person] if person is not None else list(done.people.values())
        value["judged_otherwise"] = made.differences.count(seen, request=request())
    text = ", ".join(f"{key} {number}" for key, number in value.items() if key != "rejected_by_reason")
    show(value, as_json=as_json, text=text)


def receipt_value(receipt: Any, people: int, unowned: Sequence[Reject] = ()) -> dict[str, Any]:
    """A receipt as plain values, with what was refused of nobody in particular; None is a file that held nothing."""
    rejected = Counter(dict(receipt.rejected) if receipt is not None else {})
    for reject in unowned:
        rejected[reject.reason] += reject.count
    names = ("stored", "repeated", "conflicts", "corrected", "quarantined")
    return {
        "people": people,
        **{name: getattr(receipt, name, 0) for name in names},
        "refused_without_consent": getattr(receipt, "refused", 0),
        "documents": getattr(receipt, "documents", 0),
        "rejected": sum(rejected.values()),
        "rejected_by_reason": dict(sorted(rejected.items())),
        "alarms": len(getattr(receipt, "warnings", ())),
    }


@click.group()
def consent() -> None:
    """Consents."""


@consent.command("grant")
@click.option("--resident", required=True, help="Whose consent it is.")
@click.option("--purpose", "purposes", required=True, multiple=True, help="Purpose; may be repeated.")
@click.option("--recipient", default="", help="Who receives; the city's own organisation when left out.")
@click.option("--category", "categories", multiple=True, help="Kind of data; every kind when left out.")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A FHIR Consent instead.",
)
@json_option
@guarded
def consent_grant(
    resident: str,
    purposes: tuple[str, ...],
    recipient: str,
    categories: tuple[str, ...],
    path: Path | None,
    as_json: bool,
) -> None:
    """Record a consent."""
    made = system()
    person = made.register.ensure(resident, actor="cli", role="system", request=request())
    if path is not None:
        resource = parse(path.read_bytes())
    else:
        try:
            resource = build(
                Choice(
                    resident,
                    [recipient or made.settings.recipient],
                    list(purposes),
                    list(categories) or None,
                    datetime.now(UTC),
                    made.settings.recipient,
                    "cli",
                    "counter",
                ),
                made.settings.tz,
            )
        except BadChoice as error:
            raise Invalid(str(error)) from error
    recorded = made.consents.record(person, resource, actor="cli", role="registrar", request=request())
    value = {"consent": recorded.consent_id, "version": recorded.version, "at": recorded.at.isoformat()}
    show(value, as_json=as_json, text=f"recorded {recorded.consent_id}, version {recorded.version}")


@consent.command("withdraw")
@click.option("--resident", required=True, help="Whose consent it is.")
@click.argument("identity", metavar="CONSENT")
@json_option
@guarded
def consent_withdraw(resident: str, identity: str, as_json: bool) -> None:
    """Withdraw a consent: effective for every read that begins after this command has answered."""
    made = system()
    recorded = made.consents.withdraw(
        person_id(resident), identity, actor="cli", role="registrar", request=request()
    )
    value = {
        "consent": recorded.consent_id,
        "version": recorded.version,
        "at": recorded.at.isoformat(),
        "already_given": [list(one) for one in recorded.releases],
    }
    show(value, as_json=as_json, text=f"withdrawn {recorded.consent_id}, version {recorded.version}")


@consent.command("show")
@click.option("--resident", required=True, help="Whose consents.")
@json_option
@guarded
def consent_show(resident: str, as_json: bool) -> None:
    """A resident's consents."""
    held = system().consents.all(person_id(resident), actor="cli", role="registrar", request=request())
    value = [{"consent": h.consent.id, "version": h.version, "status": h.consent.status} for h in held]
    lines = [f"{one['consent']} version {one['version']} {one['status']}" for one in value]
    show({"consents": value}, as_json=as_json, text="\n".join(lines) or "none")


@click.command()
@json_option
@guarded
def score(as_json: bool) -> None:
    """Assess everybody who shares data for it: check-ups, home measurements, questionnaires, scores; open cases."""
    done = system().assess(request=request())
    counts = {name: number for name, number in asdict(done).items() if isinstance(number, int)}
    drift = [f"{level} {len(inputs)}" for level, inputs in sorted(done.drift.items())]
    lines = [", ".join(f"{key} {number}" for key, number in counts.items())]
    lines += [f"drift of the model's inputs: {', '.join(drift)}"] if drift else []
    show({**counts, "raised": done.raised, "drift": done.drift}, as_json=as_json, text="\n".join(lines))


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--recipient", required=True, help="Who receives, e.g. Organization/univ-a.")
@click.option("--committee", required=True, help="Number of the committee's approval.")
@click.option(
    "--variable", "variables", required=True, multiple=True, help="Code of a variable; may be repeated."
)
@click.option("--from", "first", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--to", "last", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day.")
@click.option(
    "--profile",
    default="pseudonymised",
    show_default=True,
    type=click.Choice(["pseudonymised", "anonymised"]),
    help="How far the data are de-identified.",
)
@click.option(
    "--resolution",
    default="",
    type=click.Choice(["", "day", "week"]),
    help="Days or weeks; empty takes the finest that the profile has.",
)
@click.option(
    "--project", default="", help="A study whose releases may be joined over time (pseudonymised only)."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day on which files may be fetched.")
@json_option
@guarded
def export(
    directory: Path,
    recipient: str,
    committee: str,
    variables: tuple[str, ...],
    first: datetime,
    last: datetime,
    profile: str,
    resolution: str,
    project: str,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Publish a de-identified release and write its files."""
    from phr.services.export import Protocol

    made = system()
    protocol = Protocol(
        "export",
        committee,
        recipient,
        variables,
        _day(first),
        _day(last),
        profile,
        resolution,
        project,
        until and _day(until),
    )
    done = made.export.publish(protocol, actor="cli", request=request())
    directory.mkdir(parents=True, exist_ok=True)
    access = made.export.reader(recipient, "cli", request())
    for name in ["certificate.json", *done.certificate["files"]]:
        (directory / name).write_bytes(made.export.file(done.release_id, name, access))
    value = {
        "release": done.release_id,
        "rows": done.rows,
        "persons": done.persons,
        "k": done.certificate["k"]["achieved"],
        "suppressed": dict(done.suppressed),
    }
    show(
        value,
        as_json=as_json,
        text=f"{done.release_id}: {done.rows} rows of {done.persons} people, k = {value['k']}",
    )


def _day(moment: datetime) -> date:
    return moment.date()
