"""Batches of national check-up files: each file one person's, refused when it is somebody else's, original hash kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from ingest.errors import NotOfThisFormat
from ingest.files.checkup_documents import observations, report
from ingest.files.checkup_items import TABLE, Item, panel
from ingest.files.checkup_person import Insured, Seen, insured
from ingest.files.checkup_row import Checkup, checkup, checkup_series
from ingest.files.checkup_tree import Original, original
from ingest.files.columns import tally
from ingest.files.parts import STRANGER, chosen, fitting
from ingest.files.source import Entry, opened, resumed
from ingest.series import Batch, Reject


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one file says: the person as written there, who examined, and the items by the day they are of."""

    person: Mapping[str, str]
    institution: str
    days: Mapping[date, list[Item]]


Parse = Callable[[Original, str, ZoneInfo, list[Reject]], Delivered]
"""A file, the place to name in refusals, the zone, the refusals -> what it says; raises NotOfThisFormat, BadPayload."""


@dataclass(frozen=True, slots=True)
class Form:
    """One of the national forms."""

    suffix: str
    limit: int
    parse: Parse


def batches(form: Form, path: Path, zone: ZoneInfo, mark: str) -> Iterator[Batch]:
    """One batch for each file of the form in a file, folder or zip."""
    yield from fitting(_each(form, path, zone, mark), path, mark)


def _each(form: Form, path: Path, zone: ZoneInfo, mark: str) -> Iterator[Batch]:
    done_entry, done_part = resumed(mark, path.name)
    first = done_entry + 1 if done_part >= 0 else 0
    seen = Seen()
    with opened(path) as files:
        total = sum(file.size for file in files)
        for index, file in chosen(files, 0, (form.suffix,)):
            if len(files) > 1 and _companion(file.name):
                continue
            # What was read before is looked at again for whose it is: a namesake must not slip in after a pause.
            batch = _batch(form, file, f"file {index + 1}", zone, seen, alone=len(files) == 1)
            if index >= first:
                yield replace(batch, mark=f"{index}:0", done=file.before + file.size, total=total)


def _companion(name: str) -> bool:
    """Whether a file of an archive is by its place no check-up."""
    path = PurePosixPath(name.lower())
    return bool(TABLE.companion_folders & set(path.parts[:-1])) or path.name.startswith(TABLE.companion_names)


def _batch(form: Form, file: Entry, place: str, zone: ZoneInfo, seen: Seen, *, alone: bool) -> Batch:
    given = original(file, form.limit)
    rejects: list[Reject] = []
    try:
        found = form.parse(given, place, zone, rejects)
    except NotOfThisFormat:
        if alone:
            raise
        return Batch(rejects=(STRANGER,))
    if not found.days:
        return Batch(rejects=tuple(tally(rejects or [Reject("no-value", place)])))
    person = insured(found.person, min(found.days), place, rejects)
    if person is None:
        return Batch(rejects=tuple(tally(rejects)))
    if differs := seen.contradicts(person):
        return Batch(rejects=(Reject("another-person", f"{place}: {differs}"),))
    subject = f"Patient/{person.key}"
    paper = report(given.digest, max(found.days), subject)
    rows, more = _examined(found, person, zone, place, rejects)
    return Batch(checkup_series(rows), tuple(tally(rejects)), (person.document(), paper, *more), person.key)


def _examined(
    found: Delivered, person: Insured, zone: ZoneInfo, place: str, rejects: list[Reject]
) -> tuple[list[Checkup], list[bytes]]:
    """The check-ups of a file, one for each day, and the documents for what their columns cannot hold."""
    rows: list[Checkup] = []
    more: list[bytes] = []
    for day, items in sorted(found.days.items()):
        made = panel(items, place)
        rejects += made.rejects
        more += observations(made.documents, day, found.institution, f"Patient/{person.key}", place, rejects)
        rows.append(checkup(person._asdict(), day, zone, found.institution, made.values))
    return rows, more
