"""Examination: from facts about an installation to what is wrong with it and what mends it, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

State = Literal["ok", "warn", "broken", "off"]
OLDEST_SERVER: Final = 15
_SKEW_WARN: Final = 2.0  # seconds: orders of events in audit rows and grants begin to look odd
_SKEW_BROKEN: Final = 60.0  # seals of contexts and sign-in codes live for minutes
_WORKER: Final = timedelta(minutes=5)
_LETTER_WARN: Final = timedelta(hours=1)
_LETTER_BROKEN: Final = timedelta(hours=24)
_ROOM_WARN: Final = 0.10
_ROOM_BROKEN: Final = 0.02
_BACKUP_WARN: Final = timedelta(hours=36)  # a daily backup that was missed
_BACKUP_BROKEN: Final = timedelta(days=7)
_DRILL: Final = timedelta(days=100)  # a quarter, and a week to do it in
_VERIFIED: Final = timedelta(hours=26)
_WHOLE: Final = timedelta(days=9)  # each Sunday, and two days
_CERTIFICATE: Final = timedelta(days=21)
_BUSY: Final = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. state: off is for what this installation does not use; remedy: empty when nothing is to do."""

    check: str
    state: State
    found: str
    remedy: str = ""


def server(version: int) -> Finding:
    """The server that answers, by its major version."""
    if version < OLDEST_SERVER:
        return Finding(
            "database",
            "broken",
            f"PostgreSQL {version} is too old",
            f"Move the data to PostgreSQL {OLDEST_SERVER} or newer.",
        )
    return Finding("database", "ok", f"PostgreSQL {version} answers")


def unreachable(*, admin_answers: bool) -> Finding:
    """The service's own role gets no connection."""
    if admin_answers:
        return Finding(
            "database",
            "broken",
            "the service's role phr_app cannot sign in",
            "Run phr migrate, keep the oldest secret in PHR_SECRET_KEYS, and let phr_app in with a password in pg_hba.conf.",
        )
    return Finding(
        "database",
        "broken",
        "the database does not answer",
        "Start PostgreSQL, and check PHR_DATABASE_URL from this machine with psql.",
    )


def migrations(current: str, head: str, known: Sequence[str]) -> Finding:
    """Whether the database is of this version. known: every revision of this version."""
    if current == head:
        return Finding("migrations", "ok", f"at revision {head}")
    if current and current not in known:
        return Finding(
            "migrations",
            "broken",
            "the database is of a newer version than this program",
            "Install the version that migrated it, or restore the backup from before.",
        )
    return Finding("migrations", "broken", "the database is not at this version", "Run phr migrate.")


def keys(accepted: Sequence[str], ours: Sequence[str]) -> Finding:
    """Whether the database accepts what this process seals. Both newest first, as ids of keys."""
    if ours and ours[0] not in accepted:
        return Finding(
            "keys",
            "broken",
            "the database does not accept the newest secret",
            "Run phr migrate with this PHR_SECRET_KEYS.",
        )
    if sorted(accepted) != sorted(ours):
        return Finding(
            "keys",
            "warn",
            "the database accepts other secrets than PHR_SECRET_KEYS lists",
            "Run phr migrate with the list that every process has.",
        )
    if len(ours) > 1:
        return Finding("keys", "ok", f"{len(ours)} secrets are accepted: a rotation is under way")
    return Finding("keys", "ok", "the database accepts the secret")


def role(name: str, *, powerful: bool) -> Finding:
    """Whether row-level security binds the role that the service connects as."""
    if powerful:
        return Finding(
            "role",
            "broken",
            f"the role {name} may bypass row-level security",
            f"Run ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS, and revoke phr_owner from it.",
        )
    return Finding("role", "ok", f"row-level security binds {name}")


def doors(open_tables: Sequence[str]) -> Finding:
    """Tables with personal data that no policy guards."""
    if open_tables:
        return Finding(
            "policies",
            "broken",
            f"row-level security is not forced on {', '.join(open_tables)}",
            "Stop the service, and restore the policies: phr migrate on a restored backup, or FORCE ROW LEVEL SECURITY by hand.",
        )
    return Finding("policies", "ok", "row-level security is forced on every table with personal data")


def clock(skew: float) -> Finding:
    """The database's clock less ours, in seconds."""
    if abs(skew) < _SKEW_WARN:
        return Finding("clock", "ok", "the database's clock is ours")
    state: State = "broken" if abs(skew) >= _SKEW_BROKEN else "warn"
    return Finding(
        "clock",
        state,
        f"the clocks of database and service differ by {abs(skew):.0f} s",
        "Let both follow NTP (chrony).",
    )


def zone(name: str, *, agree: bool) -> Finding:
    """Whether database and process have the same civil time in the city's zone."""
    if not agree:
        return Finding(
            "zones",
            "broken",
            f"the database and this machine disagree about the time in {name}",
            "Update tzdata on both machines.",
        )
    return Finding("zones", "ok", f"both know {name}")


def worker(seen: datetime | None, now: datetime) -> Finding:
    """When the worker was last seen."""
    if seen is None:
        return Finding("worker", "broken", "no worker was ever seen", "Start phr worker.")
    if now - seen > _WORKER:
        return Finding(
            "worker",
            "broken",
            f"the worker was last seen {spoken(now - seen)} ago",
            "Restart phr worker, and read its last lines.",
        )
    return Finding("worker", "ok", "the worker is alive")


def jobs(failing: Sequence[str]) -> Finding:
    """Jobs whose last run failed."""
    if failing:
        return Finding(
            "jobs",
            "warn",
            f"the last run failed of {', '.join(failing)}",
            "Read the worker's lines with the event job failed; the next round tries again.",
        )
    return Finding("jobs", "ok", "no job fails")


def letters(oldest: datetime | None, dead: int, now: datetime) -> Finding:
    """Letters for outside: the oldest that waits, and how many nobody tries any more."""
    age = timedelta() if oldest is None else now - oldest
    if age > _LETTER_WARN:
        return Finding(
            "letters",
            "broken" if age > _LETTER_BROKEN else "warn",
            f"a letter has waited for {spoken(age)}",
            "See phr outbox show for its kind, and look at the checks of that other side here.",
        )
    if dead:
        return Finding(
            "letters",
            "warn",
            f"{dead} letters could not be delivered",
            "Read why on the operator's page, mend it, and try them again there.",
        )
    return Finding("letters", "ok", "no letter waits for long")


def room(free: int, total: int) -> Finding:
    """Free bytes of the disk that holds PHR_HOME."""
    share = free / total if total else 0.0
    if share >= _ROOM_WARN:
        return Finding("disk", "ok", f"{share:.0%} of the disk of PHR_HOME is free")
    return Finding(
        "disk",
        "broken" if share < _ROOM_BROKEN else "warn",
        f"only {share:.0%} of the disk of PHR_HOME is free",
        "Move old backups away, or make the disk larger.",
    )


def secrets(*, weak: bool, readable: bool, loopback: bool) -> Finding:
    """The installation's secrets: weak ones, and a file that others may read."""
    if weak:
        return Finding(
            "secrets",
            "warn" if loopback else "broken",
            "PHR_SECRET_KEYS holds a weak secret, or none",
            "Make one with python -c 'import secrets; print(secrets.token_urlsafe(48))', and rotate to it.",
        )
    if readable:
        return Finding(
            "secrets",
            "broken",
            "secret.key in PHR_HOME can be read by other users",
            "Run chmod 600 on it, and rotate the secret.",
        )
    return Finding("secrets", "ok", "the secrets are long, and others cannot read them")


def address(*, loopback: bool, https: bool) -> Finding:
    """The address under which residents reach the service."""
    if loopback:
        return Finding("address", "ok", "only this machine reaches the service")
    if not https:
        return Finding(
            "address",
            "broken",
            "PHR_BASE_URL is not https",
            "Put a proxy with a certificate in front, and set https://.",
        )
    return Finding("address", "ok", "residents come by https")


def certificate(ends: datetime | None, now: datetime) -> Finding:
    """When the certificate of the address ends; None when no valid one was shown."""
    if ends is None:
        return Finding(
            "certificate",
            "broken",
            "the address of PHR_BASE_URL shows no valid certificate from here",
            "Look at the proxy and its certificate, and whether this machine resolves the name.",
        )
    left = ends - now
    if left <= _CERTIFICATE:
        return Finding(
            "certificate",
            "warn",
            f"the certificate ends in {spoken(left)}",
            "Renew it; certbot or the proxy should have.",
        )
    return Finding("certificate", "ok", f"the certificate is good for {left.days} days")


def reachable(check: str, *, used: bool, answers: bool, setting: str) -> Finding:
    """Another server that settings name."""
    if not used:
        return Finding(check, "off", f"{setting} is not set")
    if not answers:
        return Finding(
            check,
            "broken",
            f"the server of {setting} does not answer",
            f"Start it, or correct {setting}; look at the firewall between.",
        )
    return Finding(check, "ok", f"the server of {setting} answers")


def together(check: str, given: Mapping[str, bool], what: str) -> Finding:
    """Settings that are of use only together."""
    missing = [name for name, there in given.items() if not there]
    if len(missing) == len(given):
        return Finding(check, "off", f"{what} is not set up")
    if missing:
        return Finding(
            check, "broken", f"{what}: {', '.join(missing)} is missing", f"Set {', '.join(missing)}."
        )
    return Finding(check, "ok", f"{what} is set up")


def backups(backup: datetime | None, drill: datetime | None, now: datetime, *, loopback: bool) -> Finding:
    """The last good backup, and the last good drill."""
    if backup is None:
        state: State = "warn" if loopback else "broken"
        return Finding(
            "backups",
            state,
            "there is no good backup",
            "Set PHR_BACKUP_RECIPIENTS, and start the backup timer.",
        )
    age = now - backup
    if age > _BACKUP_WARN:
        state = "broken" if age > _BACKUP_BROKEN else "warn"
        return Finding(
            "backups",
            state,
            f"the last good backup is {spoken(age)} old",
            "Read why phr backup make failed, and run it.",
        )
    if drill is None or now - drill > _DRILL:
        return Finding(
            "backups",
            "warn",
            "no backup was restored for a quarter",
            "Run phr backup drill on the newest one.",
        )
    return Finding("backups", "ok", f"the last good backup is {spoken(age)} old, and a drill went well")


def trail(
    held: bool | None, checked: datetime | None, now: datetime, whole: datetime | None = None
) -> Finding:
    """The last check of the audit trail: whether it held, and when; and when the whole was last checked."""
    if checked is None or held is None:
        return Finding(
            "audit",
            "warn",
            "the audit trail was never verified",
            "Start phr worker, or run phr audit verify.",
        )
    if not held:
        return Finding(
            "audit",
            "broken",
            "the audit trail is not what was written",
            "Run phr audit verify, keep the database as it is, and report an incident.",
        )
    if now - checked > _VERIFIED:
        return Finding(
            "audit",
            "warn",
            f"the audit trail was last verified {spoken(now - checked)} ago",
            "Start phr worker.",
        )
    if whole is not None and now - whole > _WHOLE:
        return Finding(
            "audit",
            "warn",
            f"the whole audit trail was last verified {spoken(now - whole)} ago",
            "Run phr audit verify, and read in the worker's log why its job prove does not end.",
        )
    return Finding("audit", "ok", "the audit trail holds")


def connections(used: int, limit: int) -> Finding:
    """Connections of the service, of those that the server takes."""
    if used >= _BUSY * limit:
        return Finding(
            "connections",
            "warn",
            f"the service holds {used} of {limit} connections of the database",
            "Raise max_connections, or lower PHR_POOL_SIZE or the number of processes.",
        )
    return Finding("connections", "ok", f"{used} of {limit} connections are held")


def guards(*, loopback: bool, second_factor: bool, rates: bool, token: str) -> Finding:
    """What protects an address that others reach. token: of the metrics."""
    if token and len(token) < 16:
        return Finding(
            "guards", "broken", "PHR_METRICS_TOKEN is short", "Set one of at least 16 random characters."
        )
    off = [
        name
        for name, there in (("PHR_STAFF_SECOND_FACTOR", second_factor), ("PHR_RATE_LIMITS", rates))
        if not there and not loopback
    ]
    if off:
        return Finding("guards", "warn", f"{', '.join(off)} is off", "Set it to auto or on.")
    return Finding("guards", "ok", "second factor and rates are as the address needs them")


def unknown(check: str, kind: str) -> Finding:
    """A check that could not be made."""
    return Finding(
        check, "broken", f"this could not be checked ({kind})", "Mend what is named above it first."
    )


def spoken(age: timedelta) -> str:
    """A length of time as one speaks of it."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
