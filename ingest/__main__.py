"""Command line of the collectors: ``convert`` a file to FHIR R4 Observations, ``decode`` a device's bytes, ``gateway``."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import IO, NoReturn
from zoneinfo import ZoneInfo

from ingest.errors import BadPayload, IngestError


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and leaves with status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise argparse.ArgumentTypeError("is not a time zone name such as Asia/Tokyo") from error


def _parser() -> argparse.ArgumentParser:
    from ingest.gateway.arguments import add
    from ingest.registry import FORMATS

    parser = _Parser(prog="python -m ingest", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    convert = commands.add_parser("convert", help="a file to FHIR R4 Observations (NDJSON on stdout)")
    convert.add_argument("format", metavar="FORMAT", choices=sorted(FORMATS), help=", ".join(sorted(FORMATS)))
    convert.add_argument("path", metavar="PATH", type=Path)
    convert.add_argument(
        "--zone", type=_zone, default="Asia/Tokyo", help="zone of times without one (default Asia/Tokyo)"
    )
    decode = commands.add_parser("decode", help="a GATT characteristic value to JSON")
    decode.add_argument(
        "characteristic", metavar="CHARACTERISTIC", help="16-bit or 128-bit UUID such as 2A37"
    )
    decode.add_argument("hex", metavar="HEX", nargs="+", help="its bytes, as 16 4B or 16:4B or 164B")
    add(commands)
    return parser


def _convert(name: str, path: Path, zone: ZoneInfo, out: IO[bytes]) -> str:
    """Writes the Observations and says what was left out, in one sentence."""
    from ingest.convert import observation_lines
    from ingest.registry import FORMATS

    left_out: Counter[str] = Counter()
    written = 0
    for batch in FORMATS[name].read(path, zone=zone):
        for reject in batch.rejects:
            left_out[reject.reason] += reject.count
        for lines in observation_lines(batch, left_out):
            out.write(b"\n".join(lines) + b"\n")
            written += len(lines)
    out.flush()
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(left_out.items()))
    return f"{written} Observations written" + (f"; left out: {why}." if why else ".")


def _decode(characteristic: str, text: str) -> int:
    """Prints what the bytes say, or the field that is wrong with them."""
    from ingest.ble.decode.shown import as_json, refusal
    from ingest.ble.profiles import decode

    try:
        try:
            payload = bytes.fromhex(text.replace(":", " "))
        except ValueError as error:
            raise BadPayload("is not hexadecimal", field="hex") from error
        shown = as_json(decode(characteristic, payload))
    except BadPayload as error:
        print(refusal(error.problem, error.field).decode())
        print(error, file=sys.stderr)
        return 1
    print(shown.decode())
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; 0 done, 1 refused or failed with one sentence on stderr, 2 wrong usage."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "decode":
            return _decode(given.characteristic, " ".join(given.hex))
        if given.command == "gateway":
            from ingest.gateway.command import perform

            return perform(given)
        if not given.path.exists():
            print("PATH does not exist.", file=sys.stderr)
            return 1
        summary = _convert(given.format, given.path, given.zone, sys.stdout.buffer)
    except IngestError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of the pipe has enough; Python must not flush into it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    print(summary, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
