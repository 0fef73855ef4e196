"""``python -m synthetic_data openid``: the invented common ID on loopback, in the foreground."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import Any

from synthetic_data.errors import BadOptionError
from synthetic_data.openid.provider import FAULTS, Provider
from synthetic_data.openid.server import serve


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("openid", help="serve an invented common ID (OpenID provider)")
    parser.add_argument("--port", type=int, default=8090, help="port on this machine (8090)")
    parser.add_argument("--client", default="phr", help="client id of the one client (phr)")
    parser.add_argument("--secret", default="an invented secret", help="its secret")
    parser.add_argument(
        "--redirect",
        action="append",
        default=[],
        metavar="URL",
        help="where it may send people back to (http://127.0.0.1:8000/sign-in/openid/back)",
    )
    parser.add_argument(
        "--person", action="append", default=[], metavar="SUB", help="a person; may be repeated (resident-1)"
    )
    parser.add_argument("--fault", default="", help=f"misbehave: {', '.join(sorted(FAULTS))}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Serves until it is stopped."""
    if options.fault and options.fault not in FAULTS:
        raise BadOptionError("--fault is not one that the provider knows")
    provider = Provider(
        client_id=options.client,
        client_secret=options.secret,
        redirect_uris=tuple(options.redirect) or ("http://127.0.0.1:8000/sign-in/openid/back",),
        people=dict.fromkeys(options.person or ["resident-1"], ("pin", "sc")),
        fault=options.fault,
    )
    with serve(provider, options.port) as issuer:
        sys.stderr.write(f"issuer {issuer}\n")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return
