"""What every command shares: the system, JSON output, and errors as one clear sentence."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

import click
import orjson

from phr.bootstrap import System, start
from phr.errors import PhrError
from phr.ids import new_id

P = ParamSpec("P")


def system(*, migrated: bool = True, patience: float = 0.0) -> System:
    """The system that the environment describes, its database brought up to date.

    patience: seconds to wait for a database that is still starting, as after a power cut.
    """
    made = start()
    if migrated:
        made.await_database(patience, lambda: click.echo("waiting for the database", err=True))
        made.migrate()
    return made


def request() -> str:
    """The id of this command in the audit trail."""
    return f"cli-{new_id()}"


def show(value: Any, *, as_json: bool, text: str = "") -> None:
    """Prints one JSON object and nothing else, or the text."""
    if as_json:
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())
    else:
        click.echo(text or str(value))


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turns the service's errors, and files that cannot be used, into one sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except PhrError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has enough
        except OSError as error:
            click.echo(f"a file cannot be used: {error.strerror or type(error).__name__}", err=True)
            sys.exit(1)

    return run


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
