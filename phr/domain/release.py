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

from phr.domain import (
    deid,
    differencing,
    privacy,
    release_files,
    release_kept,
    release_series,
    release_settle,
    release_values,
)
from phr.domain.deid import Profile, ReleaseRefused
from phr.domain.differencing import Earlier
from phr.domain.pseudonym import Days, ReleaseKey, shift
from phr.domain.release_kept import WEEK, Asked, Kept
from phr.domain.release_text import Variable
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
    classes: person -> class of the quasi-identifiers, for the comparison with later releases.
    suppressed: people by reason (no_consent, unreadable, no_data, small_class) and rows by reason
    (rows_not_approved, rows_empty, rows_rare, rows_of_left_out).
    """

    files: Mapping[str, bytes]
    certificate: Mapping[str, Any]
    persons: tuple[str, ...] = field(repr=False)
    table: Mapping[str, str] | None = field(repr=False)
    suppressed: Mapping[str, int]
    classes: Mapping[str, int] = field(repr=False)

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
    resolution: str = "",
    project: ReleaseKey | None = None,
    earlier: Sequence[Earlier] = (),
) -> Release:
    """A release of the people in the consent snapshot; refused as a whole when a rule does not hold.

    cities: district -> municipality; empty for a service of one city. entropy: given by tests only; otherwise drawn
    here and forgotten, so that nobody can compute the pseudonyms again. resolution: day or week, else the finest of
    the profile. project: where the protocol asks for releases that can be joined. earlier: releases to compare with.
    """
    resolution = resolution or profile.resolutions[0]
    _check_request(profile, k, release_id, created, variables)
    _check_shape(profile, resolution, project)
    omitted = deid.check_frames(people, day_summaries, profile)
    key = project or ReleaseKey.derive(secret, release_id, entropy=entropy or secrets.token_bytes(32))
    consented = {str(person) for person, _, _ in consent_snapshot}
    persons, who, left_out = release_settle.consenting(people, consented, created)
    rows, dropped = release_settle.readable_rows(
        day_summaries, persons, [variable.code for variable in variables]
    )
    levels = deid.levels(profile, who, created.date(), cities or {})
    asked = Asked(rows, persons, levels, k, profile, resolution, earlier)
    kept = release_kept.kept(asked, np.random.default_rng(key.seed("differences")))
    suppressed = {**left_out, **kept.left_out, **dropped, **kept.row_counts}
    files, facts = _files(kept, asked, key, [each for each in variables if each.code in set(kept.codes)])
    certificate = {
        "format": "phr-release-certificate/1",
        "release_id": release_id,
        "created": created.isoformat(),
        "suppressed": suppressed,
        "variables": _counted(variables, kept, asked),
        "consents": _consents(consent_snapshot),
        **_rules(profile, omitted),
        **facts,
        "k": {"requested": k, **facts["k"]},
        "files": _hashes(files),
    }
    return Release(
        files={**files, "certificate.json": _readable_json(certificate)},
        certificate=certificate,
        persons=tuple(kept.persons),
        table={key.pseudonym(person): person for person in kept.persons} if profile.keeps_table else None,
        suppressed=suppressed,
        classes=dict(zip(kept.persons, kept.settled.classes.tolist(), strict=True)),
    )


def _counted(variables: Sequence[Variable], kept: release_kept.Kept, asked: Asked) -> dict[str, Any]:
    """How many variables were approved, which leave, and how many were too rare."""
    rare = len({*asked.rows["code"]}) - len(kept.codes)
    return {"approved": len(variables), "released": kept.codes, "rare": rare}


def _hashes(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    return {name: {"sha256": sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}


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


def _check_shape(profile: Profile, resolution: str, project: ReleaseKey | None) -> None:
    if resolution not in profile.resolutions:
        raise ReleaseRefused(
            f"the profile {profile.name} has only {' and '.join(profile.resolutions)}", field="resolution"
        )
    if project is not None and not profile.keeps_table:
        raise ReleaseRefused("releases without a table cannot be joined over time", field="longitudinal")


def _files(
    kept: Kept, asked: Asked, key: ReleaseKey, variables: Sequence[Variable]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files and what was measured on them. People stand in the order of their pseudonyms, which is random."""
    profile, week = asked.profile, asked.resolution == WEEK
    names = np.array([key.pseudonym(person) for person in kept.persons], dtype=object)
    order = np.argsort(names)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    rows = kept.shaped.rows.assign(person=rank[kept.shaped.rows["person"].to_numpy()])
    rows = rows.sort_values(["person", "code", "day"], ignore_index=True)
    person = rows["person"].to_numpy()
    shown = {level.column: level.cells[order] for level in kept.settled.shown}
    weeks = _weeks(kept, key)[order]
    shifted = shift(rows["day"].to_numpy(dtype="datetime64[D]"), weeks[person])
    days = release_files.Days(
        person=names[order][person],
        code=rows["code"].to_numpy(dtype=object),
        day=shifted.astype(str).astype(object),
        statistics=_values(rows, profile, key, (*deid.VALUES, deid.WEEKLY) if week else deid.VALUES),
        until=(shifted + 6).astype(str).astype(object) if week else None,
    )
    people = release_files.People(names[order], shown)
    files = release_files.written(people, days, variables, profile, asked.resolution)
    return files, _facts(kept, asked, shown, person, shifted, order)


def _weeks(kept: Kept, key: ReleaseKey) -> Index:
    """By how many weeks each person moves: people who are shown as one group move as one."""
    first = np.unique(kept.shaped.groups, return_index=True)[1]
    weeks = np.array([key.weeks(kept.persons[place]) for place in first], dtype=np.int64)
    return weeks[np.unique(kept.shaped.groups, return_inverse=True)[1]]


def _values(
    rows: pd.DataFrame, profile: Profile, key: ReleaseKey, names: Sequence[str]
) -> dict[str, deid.Numbers]:
    cell = rows["cell"].to_numpy()
    drawn = np.random.default_rng(key.seed("noise")).standard_normal(int(cell.max(initial=-1)) + 1)[cell]
    context = release_values.Rows(
        person=rows["person"].to_numpy(),
        code=rows["code"].to_numpy(dtype=object),
        mean=rows["mean"].to_numpy(),
        noise=np.clip(drawn, -_MOST_NOISE, _MOST_NOISE),
        cell=cell,
    )
    columns = {
        name: release_values.coarsened(rows[name].to_numpy(), profile.days[name], context) for name in names
    }
    return {name: values for name, values in columns.items() if values is not None}


def _facts(
    kept: Kept, asked: Asked, shown: Mapping[str, deid.Texts], person: Index, shifted: Days, order: Index
) -> dict[str, Any]:
    """What the certificate says was measured; l and t on each person's quarter in each variable, before any grouping."""
    plain = kept.shaped.plain
    owner, code = plain["person"].to_numpy(), plain["code"].to_numpy(dtype=object)
    mean = plain["mean"].fillna(plain["sum"]).to_numpy()
    sensitive = {
        f"level of {name}": privacy.quarters(owner[code == name], mean[code == name], len(kept.persons))[
            order
        ]
        for name in kept.codes
    }
    measured = privacy.measure(pd.DataFrame({**shown, **sensitive}), list(shown), list(sensitive))
    compared = [
        differencing.compared(kept.persons, kept.settled.classes, each).as_json(asked.k)
        for each in asked.earlier
    ]
    return {
        "rows": len(kept.shaped.rows),
        "persons": len(kept.persons),
        "resolution": asked.resolution,
        "quasi_identifiers": list(shown),
        "generalised": {level.column: level.rule for level in kept.settled.shown},
        "k": {"achieved": measured.k, "classes": measured.classes},
        "l": {"achieved": measured.l, "kind": "distinct"},
        "t": {"achieved": measured.t, "kind": "equal distance"},
        "sensitive": "each person's quarter among the people released, by the mean of each variable, or none",
        "series": _series(kept, asked.profile),
        "linkage": {"unique_day_patterns": privacy.unique_patterns(person, shifted)},
        "compared": compared,
    }


def _series(kept: Kept, profile: Profile) -> dict[str, Any]:
    """Whose numbers the rows show: everybody's own, or a group's; and what that costs."""
    if not profile.least_values:
        return {"shown": "each person's own"}
    rows = release_series.filled(kept.shaped.rows)
    return {
        "shown": "the means of a group, equal for everybody in it",
        "smallest_group": int(np.bincount(kept.shaped.groups).min()),
        "least_values": profile.least_values,
        "variance_between_people_kept": {
            code: release_series.variance_kept(kept.shaped.plain, rows, code) for code in kept.codes
        },
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
        "not_promised": {
            language: said[profile.name][f"not_promised_{language}"] for language in ("ja", "en")
        },
    }


def _readable_json(certificate: Mapping[str, Any]) -> bytes:
    return (json.dumps(certificate, indent=2, ensure_ascii=False) + "\n").encode()
