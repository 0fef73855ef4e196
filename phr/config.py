"""Settings: read once from the environment, one sentence each; docs/reference/settings.md lists them all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.cloud.endpoints import GOOGLE
from phr.errors import Unsafe

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_COUNTED_IN: Final = "PROMETHEUS_MULTIPROC_DIR"
_WEAK: Final = frozenset({"", "changeme", "changethis", "secret", "password", "phr"})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("is no zone of the IANA database") from error
    return name


def _address(text: str) -> str:
    """An address to which tokens may be sent."""
    parts = urlsplit(text)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("must be https, or http on this machine")
    return text


_Address = Annotated[str, AfterValidator(_address)]


class Settings(BaseSettings):
    """Everything that an installation may set; each field is one environment variable PHR_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="PHR_", extra="ignore", frozen=True)

    home: Path = Field(Path(".phr"), description="Folder of the embedded database and of generated secrets.")
    database_url: str = Field(
        "", description="PostgreSQL 15 or newer; empty starts the embedded server in PHR_HOME."
    )
    database_admin_url: str = Field(
        "",
        description="Role that migrates (CREATEROLE and CREATE on the database); empty means PHR_DATABASE_URL.",
    )
    replica_url: str = Field(
        "",
        description="A physical standby of that server for exports; it answers only when it knows all that was acknowledged before.",
    )
    broker_url: str = Field(
        "", description="Redis or RabbitMQ for the worker; empty uses the database itself."
    )
    ledger_url: str = Field(
        "", description="Base URL of a Formance Ledger v2 API; empty uses the embedded ledger."
    )
    ledger_token: SecretStr = Field(
        SecretStr(""), description="Bearer token for the ledger at PHR_LEDGER_URL."
    )
    ledger_name: str = Field("kenko", description="Name of the ledger that holds the health points.")
    points_platform: Literal["ledger", "file"] = Field(
        "ledger",
        description="How points leave: ledger calls the ledger's API; file writes files for a platform without one (phr points write).",
    )
    points_file_encoding: Literal["utf-8-sig", "cp932"] = Field(
        "utf-8-sig",
        description="Encoding of those files: utf-8-sig (UTF-8 with a byte order mark) or cp932 (Shift_JIS).",
    )
    oidc_issuer: str = Field("", description="Issuer of the city's common ID (OpenID Connect).")
    oidc_client_id: str = Field("", description="Client id at the issuer of the common ID.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Client secret at the issuer of the common ID."
    )
    staff_second_factor: str = Field(
        "auto",
        pattern="^(auto|on|off)$",
        description="Whether staff need a second factor: auto asks for it except where only this machine reaches the service.",
    )
    rate_limits: str = Field(
        "auto",
        pattern="^(auto|on|off)$",
        description="Whether calls that come too fast are turned away: auto does so except where only this machine reaches the service.",
    )
    load_shedding: Literal["on", "off"] = Field(
        "on",
        description="Whether the least urgent requests are turned away when more come than can be answered: on or off.",
    )
    google_client_id: str = Field("", description="OAuth client id for the Google Health API.")
    google_client_secret: SecretStr = Field(
        SecretStr(""), description="OAuth client secret for the Google Health API."
    )
    google_auth_url: _Address = Field(
        GOOGLE.authorize, description="Where a person lets the service read their Google Health data."
    )
    google_token_url: _Address = Field(GOOGLE.token, description="Where Google gives and renews tokens.")
    google_revoke_url: _Address = Field(GOOGLE.revoke, description="Where Google takes tokens back.")
    google_api_url: _Address = Field(
        GOOGLE.api, description="Address of the Google Health API, without version and slash at its end."
    )
    google_keys_url: _Address = Field(
        GOOGLE.keys, description="Where Google publishes the keys that sign its notifications."
    )
    google_history_days: int = Field(
        730, ge=1, le=7300, description="How many days back a new Google Health connection is read."
    )
    google_webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="The Authorization header of Google's notifications (Bearer and a long random word); two during a change, separated by a comma; empty refuses them all.",
    )
    secret_keys: SecretStr = Field(
        SecretStr(""),
        description="Comma-separated secrets, newest first; empty generates one in PHR_HOME (loopback).",
    )
    backup_recipients: str = Field(
        "", description="Age public keys (age1...) that backups are encrypted for, separated by commas."
    )
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Tokyo", description="Zone of the city: civil days, and instants that name no zone."
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="Address under which residents reach the service."
    )
    city: str = Field("ときわの市", description="Name of the city as residents read it.")
    telephone: str = Field("0XX-123-4567", description="Number that pages give to residents who need help.")
    letter_sender: str = Field(
        "ときわの市 健康推進課 / 〒000-0100 ときわの市中央1-1",
        description="Lines of the sender on letters, separated by slashes.",
    )
    smtp_host: str = Field("", description="Mail server that takes our e-mail; empty means no e-mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_user: str = Field("", description="User at the mail server; empty means no sign-in.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls, or none (only for a mail server on this machine)."
    )
    mail_from: str = Field(
        "kenko@localhost.invalid", description="Address from which residents get e-mail, without a name."
    )
    duty_mail: str = Field(
        "",
        description="Where the staff on duty read that an urgent case was not answered; empty lets it wait.",
    )
    release_notices: str = Field(
        "",
        description="Where recipients of releases read that one was called back: Organization/x=mail, separated by commas.",
    )
    open_districts: str = Field(
        "",
        description="The city's districts for open statistics, separated by commas; the public list, never taken from the data.",
    )
    open_broker_url: str = Field(
        "",
        description="Address of the city's NGSI-LD context broker for open statistics; empty sends nothing.",
    )
    open_broker_token: SecretStr = Field(SecretStr(""), description="Bearer token for that broker.")
    line_token: SecretStr = Field(
        SecretStr(""), description="Channel access token of the city's LINE account; empty means no LINE."
    )
    line_secret: SecretStr = Field(SecretStr(""), description="Channel secret that signs LINE's notices.")
    line_url: _Address = Field("https://api.line.me", description="Address of the LINE Messaging API.")
    vapid_key: SecretStr = Field(
        SecretStr(""),
        description="Private key of web push (P-256, base64url or DER in base64); empty means no push messages.",
    )
    vapid_contact: str = Field(
        "mailto:kenko@localhost.invalid",
        pattern="^(mailto:|https://)",
        description="Whom a push service may write to about our push messages.",
    )
    recipient: str = Field("Organization/city-health", description="The city's own organisation in consents.")
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token with which another machine may read /metrics; empty lets only this machine read them.",
    )
    tracing_url: str = Field(
        "",
        pattern="^(https?://.*)?$",
        description="Where spans go: the traces address of an OpenTelemetry collector (OTLP over HTTP); empty makes none.",
    )
    tracing_share: float = Field(
        1.0, ge=0, le=1, description="Share of requests that are traced, from 0 to 1."
    )
    pool_size: int = Field(8, ge=1, le=200, description="Database connections kept open by one process.")
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR."
    )
    export_k: int = Field(
        5, ge=5, le=1000, description="Smallest group that a de-identified export may show."
    )
    upload_largest_mb: int = Field(
        8192,
        ge=1,
        le=1_000_000,
        description="Megabytes that one resident's uploaded files may have together until they were read.",
    )
    upload_reserve_mb: int = Field(
        1024, ge=0, description="Megabytes that uploads leave free on the disk of PHR_HOME."
    )
    upload_keep_hours: int = Field(
        24, ge=1, le=720, description="Hours that an unfinished upload is kept, so that it can go on."
    )
    bulk_keep_hours: int = Field(
        24,
        ge=1,
        le=168,
        description="Hours that the files of a bulk export lie ready for the client that asked.",
    )
    rights_days: int = Field(
        30,
        ge=1,
        le=60,
        description="Days until a request for disclosure, correction or stop of use is decided.",
    )
    copy_keep_days: int = Field(
        7, ge=1, le=90, description="Days that a copy of everything lies ready for the person."
    )
    delete_cooling_days: int = Field(
        7, ge=0, le=60, description="Days in which somebody who deletes the account may change their mind."
    )
    inactive_months: int = Field(
        0,
        ge=0,
        le=240,
        description="Months without signing in after which the deletion of an account is announced; 0 is never.",
    )
    inactive_notice_days: int = Field(
        90, ge=30, le=730, description="Days between that announcement and the deletion."
    )
    keep_checkups: bool = Field(
        False,
        description="Whether the city must keep check-ups and guidance for five years after an erasure (特定健診の実施基準 第10条).",
    )
    session_minutes: int = Field(15, ge=1, le=720, description="Idle minutes after which a session ends.")
    check_glucose_rule: str = Field(
        "fpg_priority",
        pattern="^(fpg_priority|any)$",
        description="How glucose counts when both fasting glucose and HbA1c are known (fpg_priority or any).",
    )
    insurer_numbers: str = Field(
        "",
        pattern=r"^([0-9]{6}|[0-9]{8})?(,([0-9]{6}|[0-9]{8}))*$",
        description="Insurer numbers (保険者番号) whose insured people this city gives specific health guidance, separated by commas; nobody when empty.",
    )
    guidance_institution: str = Field(
        "",
        pattern="^([0-9]{10})?$",
        description="Ten-digit number of this city as an institution of specific health guidance (特定保健指導機関番号), for files to insurers.",
    )

    @property
    def two_factors(self) -> bool:
        """Whether staff prove themselves twice."""
        return self.staff_second_factor == "on" or (
            self.staff_second_factor == "auto" and not self.on_loopback
        )

    @property
    def limits_rates(self) -> bool:
        """Whether calls that come too fast are turned away."""
        return self.rate_limits == "on" or (self.rate_limits == "auto" and not self.on_loopback)

    def mail_is_safe(self) -> bool:
        """Whether mail travels encrypted, or stays on this machine."""
        return self.smtp_security != "none" or self.smtp_host in _LOOPBACK

    @property
    def on_loopback(self) -> bool:
        """Whether residents reach the service on this machine only."""
        return urlsplit(self.base_url).hostname in _LOOPBACK

    def webhook_secrets(self) -> list[str]:
        """What may stand in the Authorization header of a notification."""
        return [
            one.strip() for one in self.google_webhook_secret.get_secret_value().split(",") if one.strip()
        ]

    @property
    def tz(self) -> ZoneInfo:
        """The city's zone."""
        return ZoneInfo(self.zone)

    def secrets(self) -> list[bytes]:
        """The secrets, newest first. Generates one in PHR_HOME on loopback; refuses weak ones elsewhere."""
        given = [part.strip() for part in self.secret_keys.get_secret_value().split(",") if part.strip()]
        if not given and self.on_loopback:
            given = [_generated(self.home / "secret.key")]
        weak = [key for key in given if len(key) < 32 or key.lower() in _WEAK]
        if not given or (weak and not self.on_loopback):
            raise Unsafe("PHR_SECRET_KEYS needs one secret of at least 32 characters that is not a default")
        return [key.encode() for key in given]


def counted_in() -> str:
    """The folder in which the server's processes count together; empty when there is one process."""
    return os.environ.get(_COUNTED_IN, "")


def count_in(folder: Path) -> None:
    """Lets the processes that this one starts count together; prometheus_client reads it when it is imported there."""
    os.environ[_COUNTED_IN] = str(folder)


def _generated(path: Path) -> str:
    """The secret kept in ``path``, made on first use, readable by this user only.

    It appears whole or not at all, so that processes that start together agree on one.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip()
