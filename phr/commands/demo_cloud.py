"""The demo's cloud collector: residents connect an invented Google Health cloud and are read, page by page, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import SecretStr

from phr.bootstrap import System
from phr.commands.demo_city import City, Say
from phr.errors import NotAllowed, Refused

_CONNECTED: Final = (
    3  # residents who connect while the demo builds its city; the others may do so on its pages
)
_MOST_TURNS: Final = 50
_HEART_SECONDS: Final = 60  # a watch gives more; this keeps the demo short


@dataclass(frozen=True, slots=True)
class VirtualCloud:
    """The invented cloud, and the settings with which the service reaches it."""

    cloud: Any
    settings: dict[str, Any]


@contextmanager
def virtual_cloud(days: int, seed: int, zone: str, end: datetime) -> Iterator[VirtualCloud]:
    """Serves the invented cloud on loopback as long as the block lasts."""
    from synthetic_data.google_health.cloud import CLIENT_ID, CLIENT_SECRET, Cloud
    from synthetic_data.google_health.server import serve

    cloud = Cloud(seed=seed, residents=50, days=days, end=end, zone=zone, heart_seconds=_HEART_SECONDS)
    with serve(cloud) as base:
        urls = cloud.urls(base)
        settings = {
            "google_client_id": CLIENT_ID,
            "google_client_secret": SecretStr(CLIENT_SECRET),
            "google_auth_url": urls["authorize"],
            "google_token_url": urls["token"],
            "google_revoke_url": urls["revoke"],
            "google_api_url": urls["api"],
            "google_keys_url": urls["keys"],
            "google_history_days": days,
        }
        yield VirtualCloud(cloud, settings)


def collect_from_cloud(system: System, city: City, virtual: VirtualCloud, say: Say) -> None:
    """Some residents without a device of their own connect the cloud, and everything it holds of them is read."""
    virtual.cloud.consent = "approve"
    done = 0
    for patient in sorted(one for one in city.people if not city.samples[one]):
        if done == _CONNECTED:
            break
        try:
            _connect(system, city, patient)
        except NotAllowed:
            continue  # collecting is not agreed to: nobody is connected
        _read(system, city, patient)
        done += 1
    virtual.cloud.consent = "ask"
    say(f"{done} residents connected the cloud: {virtual.cloud.requests:,} requests")


def _connect(system: System, city: City, patient: str) -> None:
    """Goes to the consent screen and comes back, as a browser would."""
    person = city.people[patient]
    url = system.connections.begin(person, "demo", actor=patient, request="demo-connect")
    answer = httpx.get(url, timeout=30)
    back = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    if "code" not in back or "state" not in back:
        raise Refused("the invented cloud did not send the resident back")
    system.connections.finish(
        person, "demo", back["state"][0], back["code"][0], actor=patient, request="demo-connect"
    )


def _read(system: System, city: City, patient: str) -> None:
    """Turns until nothing is left to read."""
    person = city.people[patient]
    for _ in range(_MOST_TURNS):
        turn = system.syncing.sync_one(person, request="demo-sync")
        city.stored += turn.received
        city.samples[patient] += turn.received
        city.refused += turn.refused
        city.quarantined += turn.quarantined
        if turn.rejected:
            city.rejected["cloud"] += turn.rejected
        if turn.ended != "more":
            break
    if turn.ended != "done":
        raise Refused(f"the invented cloud could not be read to its end: {turn.ended}")
