"""Check-ups: official judgement with reasons, and the rank by which the list is ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from phr.domain import scoring
from phr.domain.assessments import assessment, identity_of, judged
from phr.domain.evidence import Evidence
from phr.domain.scoring import Checkups
from phr.domain.targets import number_of
from phr.domain.worklist import CLOSED
from phr.ids import observation_ids
from phr.services.assess.setting import Assessed, Finding, Setting, line
from phr.store.tables import Person, WorkItem
from phr.store.uow import UnitOfWork
from phr.store.vitals import Chunk
from risk.explain import Result, result
from risk.model import explain
from risk.model.artifact import MODEL, BadArtifact, Model
from risk.model.people import People
from risk.model.score import Scored

CODE: Final = "checkup"
CATEGORY: Final = "checkup"
_LEVELS: Final = {1: "intensive", 2: "motivational"}
_YEARS: Final = 3


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest check-up of each of some people, as the columns that the rules read."""

    people: tuple[Person, ...]
    chunks: tuple[Chunk, ...]
    columns: dict[str, Any]
    age: npt.NDArray[np.float64]

    def ids(self, row: int, names: Sequence[str]) -> tuple[str, ...]:
        """The ids of the Observations that carry these items in one row."""
        chunk = self.chunks[row]
        last = len(chunk.columns) - 1
        start = chunk.columns.start[last : last + 1]
        return tuple(
            observation_ids(chunk.person_id, number_of((CODE, name)), chunk.slot.source_id, start)[0]
            for name in names
            if name in chunk.columns.channels and not np.isnan(chunk.columns.channels[name][last])
        )


def newest(uow: UnitOfWork, people: Sequence[Person], today: date) -> Newest:
    """The newest check-ups of the last three years."""
    since = today - timedelta(days=366 * _YEARS)
    found = uow.vitals.newest([person.person_id for person in people], CODE, since, today)
    having = tuple(person for person in people if person.person_id in found)
    chunks = tuple(found[person.person_id] for person in having)
    names = sorted({name for chunk in chunks for name in chunk.columns.channels})
    nothing = np.full(1, np.nan)
    columns: dict[str, Any] = {
        name: np.array([chunk.columns.channels.get(name, nothing)[-1] for chunk in chunks], np.float64)
        for name in names
    }
    columns["sex"] = [{"male": "M", "female": "F"}.get(person.sex, "") for person in having]
    columns["birth_date"] = ["" if one.birth_date is None else one.birth_date.isoformat() for one in having]
    columns["checkup_date"] = [chunk.slot.day.isoformat() for chunk in chunks]
    ages = [_age(person.birth_date, chunk.slot.day) for person, chunk in zip(having, chunks, strict=True)]
    return Newest(having, chunks, columns, np.array(ages, np.float64))


def _age(born: date | None, day: date) -> float:
    """Completed years on a day."""
    if born is None:
        return float("nan")
    return float(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))


class JudgeCheckups:
    """The judgement of check-ups under the purpose guidance. seen: those of all blocks, as the model reads them."""

    def __init__(self, setting: Setting, done: Assessed) -> None:
        self._setting = setting
        self._done = done
        self.seen: list[People] = []
        self.model = self._load()

    def _load(self) -> Model | None:
        """The trained model; None when its file does not verify. Then nobody has a rank, and nothing else changes."""
        try:
            return self._setting.model()
        except BadArtifact:
            return None

    def __call__(self, uow: UnitOfWork, people: Sequence[Person], held: Any, today: date) -> list[Finding]:
        """What is to be kept: flagged check-ups whose cases do not show it yet."""
        checkups = newest(uow, people, today)
        if not checkups.people:
            return []
        columns = scoring.judged(checkups.columns, checkups.age, self._setting.glucose)
        who = scoring.people(columns)
        self.seen.append(who)
        flagged = np.isin(columns.judged.level, list(_LEVELS))
        for finding in columns.judged.findings:
            flagged |= finding.grade > 0
        self._done.checkups += len(checkups.people)
        self._done.flagged += int(flagged.sum())
        ranks: tuple[Scored, npt.NDArray[np.float64]] | None = None
        if self.model is None:
            self._done.unranked += int(flagged.sum())
        else:
            ranks = scoring.ranked(who, self.model)
        return [
            self._finding(checkups, columns, who, ranks, row)
            for row in np.flatnonzero(flagged).tolist()
            if not self._known(checkups, held, row)
        ]

    def _known(self, checkups: Newest, held: dict[Any, WorkItem], row: int) -> bool:
        """Whether the cases of this person already show this check-up by today's rule and model."""
        mark, version = _mark(checkups.chunks[row]), "" if self.model is None else self.model.version
        person = checkups.people[row].person_id
        items = [held[person, kind] for kind in ("referral", *_LEVELS.values()) if (person, kind) in held]
        return bool(items) and all(
            item.data_mark == mark
            and item.basis
            and (item.state == CLOSED or item.basis.get("model", {}).get("version", "") == version)
            for item in items
        )

    def _finding(
        self,
        checkups: Newest,
        columns: Checkups,
        who: People,
        ranks: tuple[Scored, npt.NDArray[np.float64]] | None,
        row: int,
    ) -> Finding:
        found = result(columns.judged, row)
        person, chunk = checkups.people[row], checkups.chunks[row]
        evidence = Evidence(checkups.ids(row, found.used))
        identity = identity_of(person.person_id, f"{chunk.slot.day}:{found.rule_version}")
        days = (chunk.slot.day, chunk.slot.day)
        resource = assessment(
            identity,
            patient=person.patient_id,
            purpose="guidance",
            recipient=self._setting.recipient,
            rule=found.rule_version,
            days=days,
            evidence=evidence,
            notes=[reason.ja for reason in found.reasons],
        )
        more: dict[str, Any] = {"level": found.level, "metabo": found.metabo}
        rank = 0.0
        if ranks is not None and self.model is not None:
            rank = float(ranks[1][row])
            more["model"] = _told(explain.result(who, ranks[0], row, self.model))
        return Finding(
            person=person,
            own=(CATEGORY, chunk.slot.day),
            first=chunk.slot.day,
            identity=identity,
            resource=judged(resource, found.level, found.metabo),
            evidence=evidence,
            lines=tuple(line(reason) for reason in found.reasons),
            kinds=_kinds(found),
            rule_version=found.rule_version,
            mark=_mark(chunk),
            rank=rank,
            more=more,
        )


def _mark(chunk: Chunk) -> str:
    return f"{chunk.slot.day}:{chunk.version}"


def _kinds(found: Result) -> tuple[str, ...]:
    kinds = ("referral",) if found.referral else ()
    return (*kinds, _LEVELS[found.level]) if found.level in _LEVELS else kinds


def _told(found: explain.Result) -> dict[str, Any]:
    """What the model says of one person, for the nurse's case and for nothing else."""
    return {
        "name": MODEL,
        "version": found.version,
        "risk": found.risk,
        "lower": found.lower,
        "upper": found.upper,
        "variant": found.variant,
        "used": list(found.used),
        "missing": list(found.missing),
        "reasons": [{"ja": one.ja, "en": one.en} for one in found.reasons],
        "changes": [{"ja": one.ja, "en": one.en} for one in found.changes],
        "why": [{"ja": ja, "en": en} for ja, en in zip(found.why_ja, found.why_en, strict=True)],
    }
