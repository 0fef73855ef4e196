"""The sub-command ``google-health``: serves an invented cloud on loopback until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import threading
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from synthetic_data.errors import BadOptionError

if TYPE_CHECKING:
    from synthetic_data.google_health.cloud import Cloud


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the sub-command."""
    parser = commands.add_parser("google-health", help="serve an invented Google Health cloud on loopback")
    parser.add_argument("--port", type=int, default=8090, help="the port on 127.0.0.1, 0 for any (8090)")
    parser.add_argument("--residents", type=int, default=50, help="how many people (50)")
    parser.add_argument("--days", type=int, default=30, help="how many days are held (30)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data (1)")
    parser.add_argument("--end", help="the last day held, as 2026-11-20 (now)")
    parser.add_argument("--zone", default="Asia/Tokyo", help="where people live (Asia/Tokyo)")
    parser.add_argument("--heart-seconds", type=int, default=5, help="seconds between heart rates (5)")
    parser.add_argument("--consent", default="ask", help="ask on the screen, approve or deny (ask)")
    parser.add_argument("--rate-limit", type=int, help="requests a minute for each person (none)")
    parser.add_argument("--faults", default="", help="names of faults, with commas")
    parser.add_argument("--json", action="store_true", help="print the addresses as one JSON object")
    parser.set_defaults(run=_run)


def _end(text: str | None) -> datetime | date:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadOptionError("--end must be a date such as 2026-11-20") from None


def build(options: argparse.Namespace) -> Cloud:
    """The cloud that the options describe."""
    from synthetic_data.google_health.cloud import Cloud  # noqa: PLC0415  # so that --help is quick

    return Cloud(
        seed=options.seed,
        residents=options.residents,
        days=options.days,
        end=_end(options.end),
        zone=options.zone,
        faults=[name for name in options.faults.split(",") if name],
        heart_seconds=options.heart_seconds,
        consent=options.consent,
        rate_limit=options.rate_limit,
    )


def describe(cloud: Cloud, base: str) -> dict[str, object]:
    """What a service needs to know to use the cloud."""
    from synthetic_data.google_health.cloud import PROJECT, PROJECT_TOKEN  # noqa: PLC0415  # as above

    urls = cloud.urls(base)
    return {
        "residents": cloud.residents,
        "first_health_user_id": cloud.person(1).health_user_id,
        "urls": urls,
        "settings": {
            "PHR_GOOGLE_CLIENT_ID": cloud.grants.client_id,
            "PHR_GOOGLE_CLIENT_SECRET": cloud.grants.client_secret,
            "PHR_GOOGLE_AUTH_URL": urls["authorize"],
            "PHR_GOOGLE_TOKEN_URL": urls["token"],
            "PHR_GOOGLE_REVOKE_URL": urls["revoke"],
            "PHR_GOOGLE_API_URL": urls["api"],
            "PHR_GOOGLE_KEYS_URL": urls["keys"],
        },
        "project": PROJECT,
        "project_token": PROJECT_TOKEN,
    }


def _run(options: argparse.Namespace) -> None:
    from synthetic_data.google_health.server import serve  # noqa: PLC0415  # as above

    cloud = build(options)
    with suppress(KeyboardInterrupt), serve(cloud, options.port) as base:
        told = describe(cloud, base)
        text = json.dumps(told) if options.json else _text(told)
        print(text, flush=True)  # noqa: T201  # a command prints
        threading.Event().wait()


def _text(told: dict[str, object]) -> str:
    lines = [f"An invented Google Health cloud with {told['residents']} people; Ctrl-C ends it."]
    settings = told["settings"]
    if isinstance(settings, dict):
        lines += [f"  {name}={value}" for name, value in settings.items()]
    lines.append(f"  project {told['project']}, token for its subscribers {told['project_token']}")
    return "\n".join(lines)
