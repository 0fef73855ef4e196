"""Builds a de-identified release from day summaries, with a certificate of what was measured, dropped and not promised."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phr.domain import deid, privacy, release_files
from phr.domain.deid import BadFrame, Level, Profile, ReleaseRefused
from phr.domain.pseudonym import ReleaseKey, shift
from phr.domain.release_files import Variable
from phr.domain.release_verify import canonical, signed_by

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_NOISE: Final = 3.0
"""Deviations; more would move a value further than the profile means."""
verify = signed_by


@dataclass(frozen=True, slots=True)
class Release:
    """What leaves (files, certificate) and what stays inside (persons, table, counts).

    table: pseudonym -> person for the vault; None where no table may exist (匿名).
    suppressed: people by reason (no_consent, unreadable, no_data, small_class) and rows by reason
    (rows_not_approved, rows_empty, rows_rare, rows_of_left_out).
    """

    files: Mapping[str, bytes]
    certificate: Mapping[str, Any]
    persons: tuple[str, ...] = field(repr=False)
    table: Mapping[str, str] | None = field(repr=False)
    suppressed: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Day summaries in the release."""
        return int(self.certificate["rows"])


def build(
    day_summaries: pd.DataFrame,
    people: pd.DataFrame,
    profile: Profile,
    *,
    k: int,
    secret: bytes,
    release_id: str,
    created: datetime,
    consent_snapshot: Sequence[tuple[str, str, int | str]],
    variables: Sequence[Variable],
    cities: Mapping[str, str] | None = None,
    entropy: bytes | None = None,
) -> Release:
    """A release of the people in the consent snapshot; refused as a whole when a rule does not hold.

    cities: district -> municipality; empty for a service of one city. entropy: given by tests only; otherwise drawn
    here and forgotten, so that nobody can compute the pseudonyms again.
    """
    _check_request(profile, k, release_id, created, variables)
    omitted = deid.check_frames(people, day_summaries, profile)
    key = ReleaseKey.derive(secret, release_id, entropy=entropy or secrets.token_bytes(32))
    persons, who, left_out = _consenting(people, {str(person) for person, _, _ in consent_snapshot}, created)
    rows, dropped = _readable_rows(day_summaries, persons, [variable.code for variable in variables])
    levels = deid.levels(profile, who, created.date(), cities or {})
    settled = _settle(rows, levels, k, profile)
    inside = settled.people[rows["person"].to_numpy()]
    rare = inside & ~np.isin(rows["code"].to_numpy(dtype=object), settled.codes)
    suppressed = {
        **left_out,
        **settled.left_out,
        **dropped,
        "rows_rare": int(rare.sum()),
        "rows_of_left_out": int((~inside).sum()),
    }
    kept = _Kept(persons[settled.people], settled.shown, rows[inside & ~rare], settled.people, settled.codes)
    files, facts = _files(kept, profile, key, [each for each in variables if each.code in set(settled.codes)])
    certificate = {
        "format": "phr-release-certificate/1",
        "release_id": release_id,
        "created": created.isoformat(),
        "suppressed": suppressed,
        "variables": {"approved": len(variables), "released": settled.codes, "rare": settled.rare},
        "consents": _consents(consent_snapshot),
        **_rules(profile, omitted),
        **facts,
        "k": {"requested": k, **facts["k"]},
        "files": {
            name: {"sha256": sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
        },
    }
    return Release(
        files={**files, "certificate.json": _readable_json(certificate)},
        certificate=certificate,
        persons=tuple(kept.persons),
        table={key.pseudonym(person): person for person in kept.persons} if profile.keeps_table else None,
        suppressed=suppressed,
    )


def sign(certificate: Mapping[str, Any], private_key: bytes) -> dict[str, Any]:
    """The certificate with an Ed25519 signature over its canonical JSON."""
    try:
        key = Ed25519PrivateKey.from_private_bytes(private_key)
    except ValueError:
        raise ReleaseRefused("an Ed25519 private key has 32 bytes", field="private_key") from None
    unsigned = {name: value for name, value in certificate.items() if name != "signature"}
    return {
        **unsigned,
        "signature": {
            "algorithm": "Ed25519",
            "public_key": key.public_key().public_bytes_raw().hex(),
            "value": key.sign(canonical(unsigned)).hex(),
        },
    }


def signed(release: Release, private_key: bytes) -> Release:
    """The release with its certificate signed, in the value and in the file."""
    certificate = sign(release.certificate, private_key)
    files = {**release.files, "certificate.json": _readable_json(certificate)}
    return replace(release, certificate=certificate, files=files)


def _check_request(
    profile: Profile, k: int, release_id: str, created: datetime, variables: Sequence[Variable]
) -> None:
    if k < profile.least_k:
        raise ReleaseRefused(f"the profile {profile.name} asks for at least {profile.least_k}", field="k")
    if not _NAME.fullmatch(release_id):
        raise ReleaseRefused("up to 64 letters, digits, dots, dashes and underscores", field="release_id")
    if created.tzinfo is None:
        raise ReleaseRefused("an instant with its offset is needed", field="created")
    codes = [variable.code for variable in variables]
    if len(set(codes)) < len(codes) or not all(_NAME.fullmatch(code) for code in codes):
        raise ReleaseRefused("each variable has one plain code", field="variables")


def _consenting(
    people: pd.DataFrame, consented: set[str], created: datetime
) -> tuple[deid.Texts, deid.Attributes, dict[str, int]]:
    """The people who may be in the release at all; later steps only ever take some of these."""
    persons = deid.texts(people["person"], "people.person")
    if len(set(persons)) < len(persons):
        raise BadFrame("a person stands in two rows", field="people.person")
    may = np.fromiter((person in consented for person in persons), dtype=np.bool_, count=len(persons))
    who = deid.attributes(people[may], created.date())
    counts = {"no_consent": int((~may).sum()), "unreadable": int((~who.readable).sum())}
    return persons[may][who.readable], who.take(who.readable), counts


def _readable_rows(
    days: pd.DataFrame, persons: deid.Texts, codes: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of these people and variables; `person` becomes the place in `persons`."""
    person = deid.texts(days["person"], "day_summaries.person")
    rows = pd.DataFrame(
        {
            "person": pd.Index(persons, dtype=object).get_indexer(pd.Index(person, dtype=object)),
            "code": deid.texts(days["code"], "day_summaries.code"),
            "day": deid.civil_days(days["day"], "day_summaries.day"),
            **{name: deid.numbers(days[name], f"day_summaries.{name}") for name in deid.VALUES},
        }
    )
    if rows["day"].isna().any():
        raise BadFrame("not a civil day: only summaries of whole days leave", field="day_summaries.day")
    if pd.DataFrame({"person": person, "code": rows["code"], "day": rows["day"]}).duplicated().any():
        raise BadFrame(
            "two rows for one person, variable and day: parts of days do not leave", field="day_summaries"
        )
    theirs = rows["person"].to_numpy() >= 0
    approved = rows["code"].isin(list(codes)).to_numpy()
    full = rows[["mean", "sum"]].notna().any(axis=1).to_numpy()
    counts = {
        "rows_no_person": int((~theirs).sum()),
        "rows_not_approved": int((theirs & ~approved).sum()),
        "rows_empty": int((theirs & approved & ~full).sum()),
    }
    return rows[theirs & approved & full], counts


@dataclass(frozen=True, slots=True)
class _Settled:
    people: Mask
    codes: list[str]
    shown: list[Level]
    left_out: dict[str, int]
    rare: int


def _settle(rows: pd.DataFrame, levels: Mapping[str, Sequence[Level]], k: int, profile: Profile) -> _Settled:
    """Leaves out rare variables, people without rows and small classes, again until nothing changes.

    Each makes work for the others: a person who goes can make a variable rare, and so take the last rows of another.
    """
    live = np.ones(len(levels["sex"][0].cells), dtype=np.bool_)
    number, names = pd.factorize(rows["code"])
    pairs = np.unique(np.stack([number, rows["person"].to_numpy()], axis=1), axis=0)
    code, person = pairs[:, 0], pairs[:, 1]
    of = len(np.unique(person))
    no_data = small = 0
    while True:
        common = np.bincount(code[live[person]], minlength=len(names)) >= k
        with_rows = np.zeros(len(live), dtype=np.bool_)
        with_rows[person[common[code]]] = True
        no_data += int((live & ~with_rows).sum())
        live &= with_rows
        privacy.demand(int(live.sum()), of, k, most_lost=profile.most_lost)
        choice = privacy.choose(
            {name: [level.cells[live] for level in each] for name, each in levels.items()},
            k,
            accepted_loss=profile.accepted_loss,
        )
        if not choice.lost:
            break
        small += choice.lost
        live[live] = choice.keep
    shown = [levels[name][index] for name, index in choice.levels.items()]
    shown = [replace(level, cells=level.cells[live]) for level in shown]
    codes = sorted(str(name) for name in names[common])
    return _Settled(live, codes, shown, {"no_data": no_data, "small_class": small}, int((~common).sum()))


@dataclass(frozen=True, slots=True)
class _Kept:
    """The people and rows that leave, before pseudonyms. ``inside`` marks them among all consenting people."""

    persons: deid.Texts
    shown: list[Level]
    rows: pd.DataFrame
    inside: Mask
    codes: list[str]


def _files(
    kept: _Kept, profile: Profile, key: ReleaseKey, variables: Sequence[Variable]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files and what was measured on them. People stand in the order of their pseudonyms, which is random."""
    names = np.array([key.pseudonym(person) for person in kept.persons], dtype=object)
    order = np.argsort(names)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    place = np.cumsum(kept.inside) - 1
    weeks = np.array([key.weeks(person) for person in kept.persons], dtype=np.int64)
    rows = kept.rows.assign(person=rank[place[kept.rows["person"].to_numpy()]])
    rows = rows.sort_values(["person", "code", "day"], ignore_index=True)
    person = rows["person"].to_numpy()
    columns = {level.column: level.cells[order] for level in kept.shown}
    shifted = shift(rows["day"].to_numpy(dtype="datetime64[D]"), weeks[order][person])
    days = release_files.Days(
        person=names[order][person],
        code=rows["code"].to_numpy(dtype=object),
        day=shifted.astype(str).astype(object),
        statistics={
            name: release_files.decimals(column) for name, column in _values(rows, profile, key).items()
        },
    )
    headers = {
        "persons.csv": ["person", *columns],
        "day_summaries.csv": ["person", "code", "day", *days.statistics],
    }
    cells = [days.person, days.code, days.day, *days.statistics.values()]
    files = {
        "persons.csv": release_files.table(headers["persons.csv"], [names[order], *columns.values()]),
        "day_summaries.csv": release_files.table(headers["day_summaries.csv"], cells),
        "day_summaries.ndjson": release_files.observations(days, variables, profile.security_label),
        "dictionary.csv": release_files.dictionary(headers, deid.policy().columns, variables),
    }
    return files, _facts(rows, columns, kept, shifted)


def _values(rows: pd.DataFrame, profile: Profile, key: ReleaseKey) -> dict[str, deid.Numbers]:
    drawn = np.random.default_rng(key.seed("noise")).standard_normal(len(rows))
    context = deid.Rows(
        person=rows["person"].to_numpy(),
        code=rows["code"].to_numpy(dtype=object),
        mean=rows["mean"].to_numpy(),
        noise=np.clip(drawn, -_MOST_NOISE, _MOST_NOISE),
    )
    columns = {
        name: deid.coarsened(rows[name].to_numpy(), profile.days[name], context) for name in deid.VALUES
    }
    return {name: values for name, values in columns.items() if values is not None}


def _facts(
    rows: pd.DataFrame, columns: Mapping[str, deid.Texts], kept: _Kept, shifted: npt.NDArray[np.datetime64]
) -> dict[str, Any]:
    """What the certificate says was measured on the files; l and t on each person's quarter in each variable."""
    person = rows["person"].to_numpy()
    code = rows["code"].to_numpy(dtype=object)
    mean = rows["mean"].fillna(rows["sum"]).to_numpy()
    sensitive = {
        f"level of {name}": privacy.quarters(person[code == name], mean[code == name], len(kept.persons))
        for name in kept.codes
    }
    measured = privacy.measure(pd.DataFrame({**columns, **sensitive}), list(columns), list(sensitive))
    return {
        "rows": len(rows),
        "persons": len(kept.persons),
        "quasi_identifiers": list(columns),
        "generalised": {level.column: level.rule for level in kept.shown},
        "k": {"achieved": measured.k, "classes": measured.classes},
        "l": {"achieved": measured.l, "kind": "distinct"},
        "t": {"achieved": measured.t, "kind": "equal distance"},
        "sensitive": "each person's quarter among the people released, by the mean of each variable, or none",
        "linkage": {"unique_day_patterns": privacy.unique_patterns(person, shifted)},
    }


def _consents(snapshot: Sequence[tuple[str, str, int | str]]) -> dict[str, Any]:
    """The hash of the consents relied on, by their ids and versions, without the people."""
    consents = sorted({(str(consent), str(version)) for _, consent, version in snapshot})
    return {"count": len(consents), "sha256": sha256(canonical({"consents": consents})).hexdigest()}


def _rules(profile: Profile, omitted: Sequence[str]) -> dict[str, Any]:
    """What the certificate says about the rules: the profile and its version, what was left out, what is not promised."""
    said = deid.policy().statements
    return {
        "profile": {"name": profile.name, "title": profile.title, "sha256": profile.sha256},
        "omitted_columns": {column: profile.identifiers[column] for column in omitted},
        "dates": said["dates"],
        "not_promised": {"ja": said["not_promised_ja"], "en": said["not_promised_en"]},
    }


def _readable_json(certificate: Mapping[str, Any]) -> bytes:
    return (json.dumps(certificate, indent=2, ensure_ascii=False) + "\n").encode()
