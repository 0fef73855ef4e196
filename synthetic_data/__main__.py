"""The command line of the invented city: ``python -m synthetic_data city|programme|calibrate|google-health|openid|ble``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

from synthetic_data.ble import command as ble
from synthetic_data.errors import BadCalibrationError, BadOptionError
from synthetic_data.google_health import command as google_health
from synthetic_data.openid import command as openid


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 done, 1 failed with a sentence on stderr, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], None] = options.run
        run(options)
    except BadOptionError as problem:
        print(f"synthetic_data: {problem}", file=sys.stderr)
        return 2
    except (BadCalibrationError, OSError) as problem:
        print(f"synthetic_data: {problem}", file=sys.stderr)
        return 1
    return 0


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one sentence, without the usage text."""

    def error(self, message: str) -> None:  # type: ignore[override]  # argparse says NoReturn; exit() never returns
        """Exits with 2."""
        self.exit(2, f"synthetic_data: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m synthetic_data", description="Invented people for trying and testing the service."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    city = commands.add_parser("city", help="write the files of an invented city")
    city.add_argument("--residents", type=int, default=60, help="how many people (60)")
    city.add_argument("--days", type=int, default=28, help="how many days up to the end date (28)")
    city.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes (1)")
    city.add_argument("--end", type=_day, help="the last day, as 2026-11-20 (the default)")
    city.add_argument(
        "--until", type=_instant, help="leave out everything after this instant (with an offset)"
    )
    city.add_argument(
        "--density", default="normal", help="low, normal or high: heart rate every 600, 180 or 5 seconds"
    )
    city.add_argument("--region", default="kumamoto", help="whose statistics: kumamoto, okayama or national")
    city.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    city.add_argument("directory", metavar="DIR", type=Path, help="a new or an empty folder")
    city.set_defaults(run=_city)
    programme = commands.add_parser(
        "programme", help="write the files of an invented programme whose true effect is known"
    )
    programme.add_argument("--residents", type=int, default=4000, help="how many people of 40 to 74 (4000)")
    programme.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes (1)")
    programme.add_argument(
        "--effect",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="what it truly does, as weight_kg=-1.2 or uptake=0.12; none for nothing; may be repeated",
    )
    programme.add_argument("--region", default="kumamoto", help="as for city")
    programme.add_argument("directory", metavar="DIR", type=Path, help="a new or an empty folder")
    programme.set_defaults(run=_programme)
    calibrate = commands.add_parser(
        "calibrate", help="derive the calibration tables from the raw public files"
    )
    calibrate.add_argument(
        "directory", metavar="DIR", type=Path, help="folder with japan-stats, nagala and nhanes"
    )
    calibrate.add_argument("--out", type=Path, help="where to write (the package's own tables)")
    calibrate.set_defaults(run=_calibrate)
    google_health.add_parser(commands)
    ble.add_parser(commands)
    openid.add_parser(commands)
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a date such as 2026-11-20") from None


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be an instant such as 2026-11-20T09:00:00+09:00") from None


def _city(options: argparse.Namespace) -> None:
    from synthetic_data.city import DEFAULT_END, build

    started = time.monotonic()
    summary = build(
        options.directory,
        residents=options.residents,
        days=options.days,
        seed=options.seed,
        end=options.end or DEFAULT_END,
        density=options.density,
        region=options.region,
        until=options.until,
        progress=_bar(options.residents),
    )
    if options.json:
        print(
            json.dumps(
                {**summary.as_json(), "seconds": round(time.monotonic() - started, 2)}, ensure_ascii=False
            )
        )
    else:
        print(
            f"{summary.residents} residents, {summary.checkups} check-ups and {summary.samples} samples "
            f"in {summary.files} files below {options.directory} ({time.monotonic() - started:.1f} s)"
        )


def _programme(options: argparse.Namespace) -> None:
    from synthetic_data.programme import Effects, invent, write

    made = invent(options.residents, options.seed, Effects.of(options.effect), options.region)
    print(json.dumps(write(options.directory, made)))


def _bar(total: int) -> Callable[[int], None]:
    """A progress line on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _done: None

    def show(done: int) -> None:
        if done == total or done % 10 == 0:
            filled = 30 * done // total
            end = "\n" if done == total else ""
            print(
                f"\r[{'#' * filled}{' ' * (30 - filled)}] {done}/{total}",
                end=end,
                file=sys.stderr,
                flush=True,
            )

    return show


def _calibrate(options: argparse.Namespace) -> None:
    from synthetic_data.calibrate import calibrate

    for path in calibrate(options.directory, options.out or Path(__file__).parent / "calibration"):
        print(path)


if __name__ == "__main__":
    sys.exit(main())
