"""Commands that run the service: migrate, serve, worker, outbox, audit, user, token."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click

from phr.bootstrap import System
from phr.commands.once import rounds
from phr.commands.shared import guarded, json_option, request, show, system
from phr.config import count_in
from phr.domain.access import HOME
from phr.errors import Refused
from phr.ids import person_id
from phr.metrics import fresh, serve_alone

_PATIENCE: Final = 300.0  # seconds that a server or a worker waits for the database when it starts
_BUSY: Final = 60  # seconds for which a server process may not answer its supervisor
_ROLES: Final = click.Choice(sorted(HOME))


@click.command()
@click.option("--distribute", is_flag=True, help="Then spread the tables over the Citus cluster, by person.")
@click.option("--plan", is_flag=True, help="With --distribute: print the statements and run none of them.")
@click.option("--yes", is_flag=True, help="With --distribute: move tables that hold rows, too.")
@guarded
def migrate(distribute: bool, plan: bool, yes: bool) -> None:
    """Bring the database to this version: roles, tables, policies, keys."""
    if (plan or yes) and not distribute:
        raise click.UsageError("--plan and --yes belong to --distribute")
    made = system()
    if plan:
        click.echo(made.spread_plan())
        return
    click.echo(
        f"the database is at revision {made.operate.status(actor='migrate', request=request()).revision}"
    )
    refreshed = made.register.refresh(actor="migrate", request=request())
    if refreshed:
        click.echo(f"{refreshed} people are found by kana and address now")
    if distribute:
        click.echo(f"{made.spread(sure=yes)} tables were spread over the cluster")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes that serve; one for each core.",
)
@guarded
def serve(host: str, port: int, workers: int) -> None:
    """Serve the pages and the machine interfaces."""
    import uvicorn

    from phr.asgi import create_app, settle

    made = system(patience=_PATIENCE)
    how: dict[str, Any] = {"host": host, "port": port, "log_level": "warning"}
    how |= {"server_header": False, "access_log": False}  # requests are counted, not written down
    if workers == 1:
        app = create_app(made)
        settle()
        uvicorn.run(app, **how)
        return
    count_in(fresh(made.settings.home / "metrics"))
    made.close()  # each process opens its own connections
    how["timeout_worker_healthcheck"] = (
        _BUSY  # a process that is busy is not dead: the default of 5 s kills it in a rush
    )
    uvicorn.run("phr.asgi:served", factory=True, workers=workers, **how)


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="Do every job that the worker does within an hour (files, exports, connections, deliveries, roots), and stop.",
)
@click.option("--daily", is_flag=True, help="With --once: the jobs of a day too, such as the assessment.")
@click.option(
    "--metrics-port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port on 127.0.0.1 where Prometheus reads what the worker counts; 0 opens none.",
)
@guarded
def worker(once: bool, daily: bool, metrics_port: int) -> None:
    """Run the worker: deliveries and schedules."""
    made = system(patience=0.0 if once else _PATIENCE)
    if once:
        given, failed = rounds(made, request(), daily=daily)
        done = given.get("deliver")
        if done is not None:
            click.echo(f"delivered {done.delivered}, waiting {done.waiting}, dead {done.dead}")
        if failed:
            raise Refused(f"failed, and tried again the next time: {', '.join(failed)}")
        return
    from phr.worker import run

    if metrics_port:
        serve_alone(metrics_port)
    run(made)


@click.group()
def outbox() -> None:
    """Letters for outside."""


@outbox.command("show")
@json_option
@guarded
def outbox_show(as_json: bool) -> None:
    """Number and oldest letter in each state."""
    states = system().operate.status(actor="cli", request=request()).outbox
    value = {
        state: {"count": count, "oldest": oldest.isoformat()} for state, (count, oldest) in states.items()
    }
    show(
        value,
        as_json=as_json,
        text="\n".join(f"{s}: {v['count']}, oldest {v['oldest']}" for s, v in value.items()),
    )


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@json_option
@guarded
def audit_verify(as_json: bool) -> None:
    """Recompute every chain and every root, and note the result for the pages and the doctor."""
    made = system()
    verdict = made.trail.verify(request=request())
    made.proofs.note(ok=verdict.ok, whole=True, request=request())
    value = {"rows": verdict.rows, "chain_ok": verdict.ok, "problems": verdict.problems}
    show(
        value,
        as_json=as_json,
        text="\n".join([f"{verdict.rows} rows", *(verdict.problems or ["every chain holds"])]),
    )
    if not verdict.ok:
        raise SystemExit(1)


@audit.command("show")
@click.option("--resident", default="", help="Only what concerns this resident.")
@click.option("--limit", default=50, show_default=True, help="Rows at most.")
@json_option
@guarded
def audit_show(resident: str, limit: int, as_json: bool) -> None:
    """The newest rows."""
    made = system()
    rows = (
        made.trail.of_person(person_id(resident), actor="cli", request=request(), limit=limit)
        if resident
        else made.trail.recent(actor="cli", request=request(), limit=limit)
    )
    value = [
        {
            "at": row.at.isoformat(),
            "role": row.role,
            "actor": row.actor,
            "recipient": row.recipient,
            "purpose": row.purpose,
            "person": str(row.person_id),
            "action": row.action,
            "object": row.object,
            "categories": row.categories,
            "count": row.n,
            "outcome": row.outcome,
            "reason": row.reason,
        }
        for row in rows
    ]
    lines = [
        f"{v['at']} {v['role']} {v['actor']} {v['purpose']} {v['action']} {v['object']} {v['outcome']}"
        for v in value
    ]
    show({"rows": value}, as_json=as_json, text="\n".join(lines))


@audit.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@guarded
def audit_export(path: Path) -> None:
    """Write every row as NDJSON for the offline verifier, and the daily roots beside it as PATH.roots.json."""
    import orjson

    made = system()
    with path.open("wb") as stream:
        for row in made.trail.export(request=request()):
            stream.write(orjson.dumps(row) + b"\n")
    path.with_name(path.name + ".roots.json").write_bytes(orjson.dumps(made.trail.roots(request=request())))


@audit.command("roots")
@json_option
@guarded
def audit_roots(as_json: bool) -> None:
    """The roots of the days that are over, to be published where the service cannot change them."""
    found = system().trail.roots(request=request())
    lines = [f"{one['day']} {one['root']} {one['rows']}" for one in found]
    show({"roots": found}, as_json=as_json, text="\n".join(lines) or "no day is over yet")


@audit.command("extract")
@click.option("--resident", required=True, help="Whose rows.")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@guarded
def audit_extract(resident: str, path: Path) -> None:
    """Write what concerns one resident as NDJSON, each row with the proof that it is under the root of its day."""
    import orjson

    made = system()
    with path.open("wb") as stream:
        for row in made.trail.extract(person_id(resident), actor="cli", request=request()):
            stream.write(orjson.dumps(row) + b"\n")


@audit.command("watch")
@click.option("--resident", required=True, help="Whose record is looked at with more care.")
@click.option("--reason", default="", help="Why, in a word or two; left out, the watch ends.")
@guarded
def audit_watch(resident: str, reason: str) -> None:
    """Name a person whose every look by staff goes to the review, or end that."""
    system().unusual.watch(resident, reason, actor="cli", request=request())


@audit.command("unusual")
@json_option
@guarded
def audit_unusual(as_json: bool) -> None:
    """Look for unusual access now; how many findings of each rule are new."""
    found = system().unusual.round(request=request())
    lines = [f"{rule}: {count}" for rule, count in sorted(found.items())]
    show({"new": found}, as_json=as_json, text="\n".join(lines) or "nothing new")


@click.group()
def user() -> None:
    """Those who sign in."""


@user.command("add")
@click.argument("subject")
@click.option("--role", required=True, type=_ROLES, help="What the account may do.")
@click.option(
    "--recipient", default="", help="Organisation, e.g. Organization/univ-a; the city's own when left out."
)
@click.option("--name", default="", help="Name shown in the header.")
@click.option("--link", is_flag=True, help="Print a one-time sign-in link.")
@guarded
def user_add(subject: str, role: str, recipient: str, name: str, link: bool) -> None:
    """Add an account, or change its name and organisation; the first operator is made this way."""
    made = system()
    made.accounts.put(
        subject,
        role,
        recipient=recipient or _recipient(made, subject, role),
        display=name,
        person=_person(made, subject, role),
        request=request(),
    )
    if link:
        secret = made.accounts.issue(subject, "link", purpose=HOME[role], request=request())
        click.echo(f"{made.settings.base_url}/sign-in?token={secret}")


@user.command("reset")
@click.argument("subject")
@guarded
def user_reset(subject: str) -> None:
    """Remove passphrase, authenticator, passkeys and codes of an account, end its sessions, and print a new link."""
    made = system()
    made.factors.reset(subject, request())
    made.accounts.end_all(subject, request())
    secret = made.accounts.link(subject, request())
    click.echo(f"{made.settings.base_url}/sign-in?token={secret}")


def _person(made: System, subject: str, role: str) -> UUID | None:
    """The person behind a resident's account, registered when unknown."""
    if role != "resident":
        return None
    return made.register.ensure(subject, actor="cli", role="system", request=request())


def _recipient(made: System, subject: str, role: str) -> str:
    """Who receives when nothing is named: residents themselves, or the city's own organisation."""
    return f"Patient/{subject}" if role == "resident" else made.settings.recipient


@click.command()
@click.option("--role", required=True, type=_ROLES, help="What the account may do.")
@click.option("--subject", required=True, help="Account; for a resident the Patient id.")
@click.option("--purpose", required=True, help="Purpose of use, e.g. self or guidance.")
@click.option("--scope", default="", help="SMART scopes, kept with the token.")
@click.option(
    "--recipient", default="", help="Organisation that receives the data; the city's own when left out."
)
@json_option
@guarded
def token(role: str, subject: str, purpose: str, scope: str, recipient: str, as_json: bool) -> None:
    """Issue an API token of one hour."""
    made = system()
    made.accounts.ensure(
        subject,
        role,
        recipient=recipient or _recipient(made, subject, role),
        person=_person(made, subject, role),
        request=request(),
    )
    secret = made.accounts.issue(subject, "token", purpose=purpose, scope=scope, request=request())
    show({"access_token": secret, "token_type": "Bearer", "expires_in": 3600}, as_json=as_json, text=secret)
