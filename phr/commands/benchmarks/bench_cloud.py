"""Cloud: the backlog of residents of an invented Google Health, over HTTP until queryable, against decoding alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from pydantic import SecretStr

from ingest.cloud.plan import Window
from ingest.cloud.types import COLLECTED, scopes_for
from phr.bootstrap import System
from phr.clients import google
from phr.commands.benchmarks.bench_setting import empty_system, machine, resident, timed
from phr.errors import Refused

_RESIDENTS: Final = 24  # of the cloud's 10,000; each connection is independent of the others
_IN_CLOUD: Final = 10_000
_DAYS: Final = 7
_WORKERS: Final = 4
_TURNS: Final = 200
_HEART: Final = next(kind for kind in COLLECTED if kind.vitals == ("8867-4",))


def run() -> dict[str, Any]:
    """The figures. baseline: one person's heart rates of the same days fetched and decoded, and nothing stored."""
    with _cloud() as settings, empty_system(settings) as system:
        people = [resident(system, f"b-cloud-{number}")[0] for number in range(_RESIDENTS)]
        for number, person in enumerate(people):
            _connect(system, person, f"b-cloud-{number}")
        alone = _fetch_only(system)
        before = _requests(settings)
        with ThreadPoolExecutor(_WORKERS) as pool:
            seconds, turns = timed(lambda: list(pool.map(lambda one: _read(system, one), people)))
        requests = _requests(settings) - before
        again, _ = timed(lambda: _read(system, people[0]))
    samples = sum(turns)
    figures = {
        "residents_in_cloud": _IN_CLOUD,
        "residents_read": _RESIDENTS,
        "days_each": _DAYS,
        "samples": samples,
        "requests": requests,
        "samples_per_s": round(samples / seconds),
        "requests_per_s": round(requests / seconds),
        "requests_per_resident": round(requests / _RESIDENTS, 1),
        "seconds_for_10000_residents": round(seconds / _RESIDENTS * _IN_CLOUD),
        "nothing_new_seconds": round(again, 2),
    }
    return {
        "name": "cloud",
        "machine": machine(),
        "figures": figures,
        "baseline": {"fetch_and_decode_samples_per_s": round(alone)},
        "ratio": round(figures["samples_per_s"] / alone, 2),
    }


@contextmanager
def _cloud() -> Iterator[dict[str, Any]]:
    """The invented cloud in a process of its own, and the settings that reach it."""
    command = [sys.executable, "-m", "synthetic_data", "google-health", "--port", "0", "--json"]
    command += ["--residents", str(_IN_CLOUD), "--days", str(_DAYS), "--seed", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            line = "" if process.stdout is None else process.stdout.readline()
            if not line:
                raise Refused("the invented cloud did not start")
            told = json.loads(line)["settings"]
            settings = {name.removeprefix("PHR_").lower(): value for name, value in told.items()}
            settings["google_client_secret"] = SecretStr(settings["google_client_secret"])
            yield {**settings, "google_history_days": _DAYS}
        finally:
            process.terminate()


def _requests(settings: dict[str, Any]) -> int:
    """How often the cloud was asked."""
    return int(httpx.get(f"{settings['google_api_url']}/invented/tally", timeout=30).json()["requests"])


def _fetch_only(system: System) -> float:
    """Heart rates a second of another person, fetched page by page and decoded, and nothing else done with them."""
    cloud = google.connect(system.settings, system.clock)
    started = cloud.oauth.start(scopes_for([_HEART]))
    answer = httpx.get(f"{started.url}&auto=approve", timeout=30)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    tokens = cloud.oauth.finish(code, code_verifier=started.code_verifier)
    reader = cloud.reader(lambda: tokens.access_token)
    end = system.clock.now()
    window = Window(end - timedelta(days=_DAYS), end, "back-fill", end)

    def fetch() -> int:
        pages = reader.pull(_HEART, window, zone=system.settings.tz)
        return sum(len(one) for page in pages for one in page.batch.series)

    seconds, samples = timed(fetch)
    cloud.close()
    return float(samples / seconds)


def _connect(system: System, person: UUID, patient: str) -> None:
    """Goes to the consent screen and comes back."""
    url = system.connections.begin(person, "bench", actor=patient, request="bench")
    answer = httpx.get(f"{url}&auto=approve", timeout=30)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    system.connections.finish(
        person, "bench", back["state"][0], back["code"][0], actor=patient, request="bench"
    )


def _read(system: System, person: UUID) -> int:
    """Turns until nothing is left; gives the samples that were new."""
    received = 0
    for _ in range(_TURNS):
        turn = system.syncing.sync_one(person, request="bench")
        received += turn.received
        if turn.ended != "more":
            break
    if turn.ended != "done":
        raise Refused(f"a connection could not be read to its end: {turn.ended}")
    return received
