"""The settings file of a box: TOML, checked when it is read, with one error that names the key."""

from __future__ import annotations

import os
import re
import ssl
import stat
import tomllib
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import httpx
import msgspec

from ingest.ble.settle import Device
from ingest.errors import BadPayload, Permanent
from ingest.gateway.cards import code_of
from ingest.gateway.readings import Anyone
from ingest.gateway.spool_file import MEGABYTE, Limits

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
LARGEST: Final = 1 << 20
_ADDRESS: Final = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}")
_HOST: Final = re.compile(r"[A-Za-z0-9.:-]+")
_SYSTEM: Final = re.compile(r"[0-9A-F]{16}")
_PATH: Final = re.compile(r"`\$\.?([^`]*)`")
_FIELD: Final = re.compile(r"field `([^`]*)`")


class Server(msgspec.Struct, forbid_unknown_fields=True):
    """Where the readings go, and how the box shows who it is."""

    url: str
    token_file: str = ""
    cert: str = ""
    key: str = ""
    ca: str = ""
    batch: int = 500


class SpoolSettings(msgspec.Struct, forbid_unknown_fields=True):
    """Where readings wait, and for how long what was refused stays."""

    path: str = "/var/lib/phr-gateway"
    limit_mb: int = 512
    reserve_mb: int = 16
    keep_days: int = 30


class Box(msgspec.Struct, forbid_unknown_fields=True):
    """The box itself."""

    zone: str = "Asia/Tokyo"
    display: str = ""
    quiet: float = 30.0


class Cards(msgspec.Struct, forbid_unknown_fields=True):
    """The reader of cards at a shared box."""

    reader: str = ""
    seconds: int = 180


class DeviceSettings(msgspec.Struct, forbid_unknown_fields=True):
    """One device: its name at this box, its address, and whose it is."""

    name: str
    address: str
    system_id: str = ""
    shared: bool = False
    people: dict[str, str] = {}
    consents: dict[str, int] = {}


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    server: Server
    spool: SpoolSettings = msgspec.field(default_factory=SpoolSettings)
    box: Box = msgspec.field(default_factory=Box)
    cards: Cards = msgspec.field(default_factory=Cards)
    device: list[DeviceSettings] = []

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the devices' clocks."""
        return ZoneInfo(self.box.zone)

    @property
    def limits(self) -> Limits:
        """What the spool may use."""
        return Limits(self.spool.limit_mb * MEGABYTE, self.spool.reserve_mb * MEGABYTE)

    def devices(self, enrolled: dict[str, dict[int | None, str]]) -> list[Device]:
        """The devices as the collector wants them; who enrolled at the box comes before the file."""
        return [
            Device(
                each.name,
                each.address.upper(),
                Anyone() if each.shared else _people(each) | enrolled.get(each.name, {}),
                each.system_id,
                {int(slot): code for slot, code in each.consents.items()},
                each.name,
            )
            for each in self.device
        ]


def _people(device: DeviceSettings) -> dict[int | None, str]:
    return {None if slot == "any" else int(slot): code_of(card) for slot, card in device.people.items()}


def load(path: Path) -> Settings:
    """Reads and checks the file. Raises BadPayload that names the key, never a value."""
    try:
        with path.open("rb") as file:  # more than the largest is cut, and then seldom TOML
            raw = tomllib.loads(file.read(LARGEST).decode("utf-8"))
    except OSError as error:
        raise BadPayload("cannot be read", field="file", file=path.name) from error
    except ValueError as error:  # not TOML, not UTF-8
        raise BadPayload("is not TOML", field="file", file=path.name) from error
    try:
        settings = msgspec.convert(raw, Settings)
    except msgspec.ValidationError as error:
        raise _named(error, path) from error
    for key, problem in _problems(settings):
        raise BadPayload(problem, field=key, file=path.name)
    if any(each.people for each in settings.device) and path.stat().st_mode & stat.S_IRWXO:
        raise BadPayload(
            "holds cards and can be read by everybody: chmod o-rwx", field="file", file=path.name
        )
    return settings


def _named(error: msgspec.ValidationError, path: Path) -> BadPayload:
    """The key of msgspec's message, without the value."""
    text = str(error)
    place, name = _PATH.search(text), _FIELD.search(text)
    keys = [found.group(1) for found in (place, name) if found is not None]
    unknown = "unknown field" in text
    problem = "is not known" if unknown else "is missing" if name is not None else "has the wrong type"
    return BadPayload(problem, field=".".join(filter(None, keys)) or "file", file=path.name)


def _problems(settings: Settings) -> list[tuple[str, str]]:
    """What is wrong beyond types: key and sentence."""
    found = [*_server_problems(settings.server), *_numbers(settings)]
    try:
        ZoneInfo(settings.box.zone)
    except (KeyError, ValueError, OSError):
        found.append(("box.zone", "is not a time zone name such as Asia/Tokyo"))
    names: set[str] = set()
    addresses: set[str] = set()
    for number, device in enumerate(settings.device):
        place = f"device[{number}]"
        found += [(f"{place}.{key}", problem) for key, problem in _device_problems(device)]
        if device.name in names:
            found.append((f"{place}.name", "is used twice"))
        if device.address.upper() in addresses:
            found.append((f"{place}.address", "is used twice"))
        names.add(device.name)
        addresses.add(device.address.upper())
    if any(device.shared for device in settings.device) and not settings.cards.reader:
        found.append(("cards.reader", "is missing: a shared device needs cards"))
    return found


def _server_problems(server: Server) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    try:
        url = httpx.URL(server.url)
    except httpx.InvalidURL:
        return [("server.url", "is not an address")]
    if url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK):
        found.append(("server.url", "must begin with https:// (http:// on this machine only)"))
    if not _HOST.fullmatch(url.host) or url.userinfo or url.query or url.fragment:
        found.append(("server.url", "must be an address without user, query or fragment"))
    if bool(server.cert) != bool(server.key):
        found.append(
            ("server.key" if server.cert else "server.cert", "is missing: cert and key belong together")
        )
    if not server.token_file and not server.cert:
        found.append(("server.token_file", "is missing: a box needs a token or a certificate"))
    if not 1 <= server.batch <= 500:
        found.append(("server.batch", "must be 1 to 500"))
    return found


def _numbers(settings: Settings) -> list[tuple[str, str]]:
    spool, cards, box = settings.spool, settings.cards, settings.box
    rules = (
        ("spool.limit_mb", 8 <= spool.limit_mb <= 1 << 20, "must be 8 or more"),
        ("spool.reserve_mb", 1 <= spool.reserve_mb <= spool.limit_mb // 2, "must be 1 to half of the limit"),
        ("spool.keep_days", 1 <= spool.keep_days <= 365, "must be 1 to 365"),
        ("cards.seconds", 30 <= cards.seconds <= 900, "must be 30 to 900"),
        ("box.quiet", 1 <= box.quiet <= 3600, "must be 1 to 3600"),
    )
    return [(key, problem) for key, holds, problem in rules if not holds]


def _device_problems(device: DeviceSettings) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if not device.name.strip() or len(device.name) > 60 or not device.name.isprintable():
        found.append(("name", "must have 1 to 60 printable characters"))
    if not _ADDRESS.fullmatch(device.address.upper()):
        found.append(("address", "must look like C0:00:00:00:00:09"))
    if device.system_id and not _SYSTEM.fullmatch(device.system_id):
        found.append(("system_id", "must have 16 digits, 0-9 and A-F"))
    if device.shared and device.people:
        found.append(("people", "of a shared device are told by their cards"))
    for slot, card in device.people.items():
        if slot != "any" and not _is_slot(slot):
            found.append(("people", 'has a key that is neither "any" nor a user number'))
        if not code_of(card):
            found.append(("people", "holds what is no code of a card"))
    if any(not _is_slot(slot) or not 0 <= code <= 9999 for slot, code in device.consents.items()):
        found.append(("consents", "must be user number = code of four digits"))
    return found


def _is_slot(slot: str) -> bool:
    return slot.isascii() and slot.isdigit() and len(slot) <= 3 and int(slot) < 255 and slot == str(int(slot))


def secret_path(text: str) -> Path:
    """The path of a secret; ``${CREDENTIALS_DIRECTORY}`` is what systemd hands over."""
    return Path(os.path.expandvars(text))


def token(server: Server) -> str:
    """The bearer token; a file that others may read is refused."""
    path = secret_path(server.token_file)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(4096).decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise Permanent("server.token_file: cannot be read") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_handed(path):
        raise Permanent("server.token_file: can be read by others: chmod 600")
    if not text or not text.isprintable() or " " in text:
        raise Permanent("server.token_file: holds no token")
    return text


def tls(server: Server) -> ssl.SSLContext:
    """Always verifies; shows the box's certificate where there is one."""
    try:
        context = ssl.create_default_context(cafile=str(secret_path(server.ca)) if server.ca else None)
        if server.cert:
            key = secret_path(server.key)
            if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_handed(key):
                raise Permanent("server.key: can be read by others: chmod 600")
            context.load_cert_chain(secret_path(server.cert), key)
    except OSError as error:  # ssl.SSLError is one
        raise Permanent("server.ca, server.cert or server.key: cannot be read") from error
    return context


def _is_handed(path: Path) -> bool:
    handed = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return bool(handed) and path.is_relative_to(handed)
