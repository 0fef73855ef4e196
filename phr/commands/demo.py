"""The demo: a small city at work, end to end, and a summary that is true to the database."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from phr.bootstrap import System, start, stop_embedded
from phr.commands import demo_guidance
from phr.commands.demo_ble import collect_over_ble
from phr.commands.demo_city import City, checkup_points, invented, of_files
from phr.commands.demo_cloud import VirtualCloud, collect_from_cloud, virtual_cloud
from phr.commands.demo_job import Job
from phr.commands.shared import guarded, json_option, show
from phr.config import Settings
from phr.errors import Refused
from phr.ids import new_id

_PORT = 8000
_LOOK_SECONDS = 2.0


@click.command()
@click.option("--once", is_flag=True, help="Stop after the summary.")
@click.option(
    "--data",
    "data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Real files instead.",
)
@click.option("--residents", default=200, show_default=True, help="People in the invented city.")
@click.option("--days", default=14, show_default=True, help="Days of invented data.")
@click.option("--seed", default=1, show_default=True, help="Seed of the invented city.")
@click.option("--port", default=_PORT, show_default=True, help="Port of the pages.")
@json_option
@guarded
def demo(
    once: bool, data: Path | None, residents: int, days: int, seed: int, port: int, as_json: bool
) -> None:
    """Build a small city, run the main job end to end, print the summary, serve the pages."""
    began = time.monotonic()
    say = _quiet if as_json else _aloud
    port = _free_port() if once else port
    with ExitStack() as running:
        cloud = None if data is not None else running.enter_context(_cloud(days, seed))
        system = _fresh(port, {} if cloud is None else {**cloud.settings, **demo_guidance.SETTINGS})
        running.enter_context(_serving(system, port))
        say("starting the database")
        city = of_files(system, data, say) if data is not None else City()
        if cloud is not None:
            city = invented(system, system.settings.home / "city", residents, days, seed, say)
            collect_from_cloud(system, city, cloud, say)
            collect_over_ble(system, city, seed, say)
        summary = _work(system, city, say)
        summary["seconds"] = round(time.monotonic() - began, 1)
        if once:
            show(summary, as_json=as_json, text=_text(summary))
            return
        if cloud is not None:
            say("beginning courses of guidance, a family and a food diary")
            demo_guidance.nurses(system)
            demo_guidance.residents(system, city, seed)
        links = _links(system, city)
        show({**summary, "links": links}, as_json=as_json, text=_text(summary) + "\n\n" + _link_text(links))
        click.echo(f"\nserving at {system.settings.base_url}; stop with Ctrl-C", err=True)
        with _reading_uploads(system), _until_interrupted():
            threading.Event().wait()


def _cloud(days: int, seed: int) -> AbstractContextManager[VirtualCloud]:
    """The invented cloud, up to now."""
    return virtual_cloud(days, seed, Settings().zone, datetime.now(UTC))


def _work(system: System, city: City, say: Any) -> dict[str, Any]:
    """The main job over the people of the city."""
    job = Job(system, city)
    say("funding the year's points")
    job.fund()
    checkup_points(system, city)
    say("assessing check-ups")
    job.assess()
    say("the nurse reviews cases")
    job.review()
    say("delivering points to the ledger")
    job.deliver()
    say("releasing de-identified data")
    job.release()
    say("a resident withdraws while others read")
    job.withdraw()
    say("checking the audit trail")
    return job.summary()


def _fresh(port: int, more: dict[str, Any]) -> System:
    """An empty system: the demo's own embedded database, or the empty one that settings name."""
    given = Settings()
    base = f"http://127.0.0.1:{port}"
    if given.database_url:
        system = start(given.model_copy(update={"base_url": base, **more}))
        system.migrate()
        if system.trail.verify(request="demo").rows:
            raise Refused("PHR_DATABASE_URL is not empty; the demo builds its city only in an empty database")
        return system
    home = given.home / "demo"
    _wipe(home)
    system = start(given.model_copy(update={"home": home, "base_url": base, **more}))
    system.migrate()
    return system


def _wipe(home: Path) -> None:
    """Removes what an earlier demo left, its server included."""
    if (home / "pg" / "postmaster.pid").exists():
        stop_embedded(home)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)


@contextmanager
def _serving(system: System, port: int) -> Iterator[None]:
    """The web application in a thread, so that the ledger is called over HTTP like any other."""
    import uvicorn

    from phr.asgi import create_app

    config = uvicorn.Config(
        create_app(system),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        server_header=False,
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="demo-server", daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise Refused(f"port {port} cannot be served; give another with --port")
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        system.close()


@contextmanager
def _reading_uploads(system: System) -> Iterator[None]:
    """What residents send is read in a thread of the demo, which runs no worker."""
    over = threading.Event()

    def read() -> None:
        while not over.wait(_LOOK_SECONDS):
            system.upload_jobs.round(request=f"demo-{new_id()}")

    thread = threading.Thread(target=read, name="demo-uploads", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        system.upload_jobs.stop()
        thread.join(timeout=10)


@contextmanager
def _until_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _links(system: System, city: City) -> dict[str, str]:
    """One-time sign-in links for one of each role."""
    accounts = {
        "resident": (city.shown, "resident", "self"),
        "nurse": ("nurse-1", "nurse", "guidance"),
        "researcher": ("researcher-1", "researcher", "research-deidentified"),
        "operator": ("operator-1", "operator", "operate"),
        "registrar": ("clerk-1", "registrar", "register"),
    }
    return {
        name: f"{system.settings.base_url}/sign-in?token="
        + system.accounts.issue(subject, "link", purpose=purpose, request="demo-links")
        for name, (subject, _role, purpose) in accounts.items()
    }


def _link_text(links: dict[str, str]) -> str:
    return "sign in as\n" + "\n".join(f"  {role:<11}{link}" for role, link in links.items())


def _text(summary: dict[str, Any]) -> str:
    shown = {**summary, "export": dict(summary["export"])}
    certificate = shown["export"].get("certificate")
    if certificate:
        shown["export"]["certificate"] = f"{certificate['release_id']}, signed"
    return "\n".join(f"{key:<26}{value}" for key, value in shown.items())


def _quiet(_text: str) -> None:
    """Says nothing."""


def _aloud(text: str) -> None:
    """Says what is being done, on standard error."""
    click.echo(text, err=True)
