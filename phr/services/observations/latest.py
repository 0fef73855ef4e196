"""The latest Observations of each code: $lastn, with samples and documents of one code in one group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.codes import VITALS
from phr.clock import micros
from phr.domain.query import ObservationQuery
from phr.domain.targets import Target, searched
from phr.services.observations.rendering import LONG_AGO, Found, Part, rendered
from phr.services.observations.selecting import Selecting
from phr.store.documents import Document
from phr.store.uow import UnitOfWork


def latest(
    uow: UnitOfWork,
    query: ObservationQuery,
    people: Mapping[UUID, str],
    documents: Sequence[Document],
    most: int,
    zone: ZoneInfo,
) -> list[Found]:
    """At most so many of each code, newest first within a code; codes that share a coding are one.

    documents: those that match, with their text.
    """
    groups: list[tuple[set[str], list[tuple[int, str, Part | Document]]]] = []
    asked = replace(query, count=most, descending=True, cursor=None)
    for person, name in people.items():
        named = searched(asked)
        held = uow.vitals.held(person, {code for code, _channel in named})
        for target in sorted((one for one in named if one[0] in held), key=str):
            chosen = Selecting(uow, asked, {person: name}, zone, only={target}).page()
            _into(groups, _codings(target), [each for part in chosen for each in _singly(part)])
    for document in documents:
        start = LONG_AGO if document.low is None else micros(document.low)
        _into(groups, set(document.codes), [(start, document.id, document)])
    kept: list[Found] = []
    for _codes, members in groups:
        members.sort(key=lambda one: one[:2], reverse=True)
        found = rendered(_joined([one[2] for one in members[:most] if isinstance(one[2], Part)]), people)
        found += [
            Found(start, one.id, one.person_id, one.category, one.body.encode())
            for start, _id, one in members[:most]
            if isinstance(one, Document)
        ]
        kept += sorted(found, key=lambda one: (one.start_us, one.id), reverse=True)
    return kept


def _singly(part: Part) -> Iterator[tuple[int, str, Part]]:
    """The samples of a part one by one, each with its start."""
    for place, start in enumerate(part.starts.tolist()):
        yield start, "", part.take(np.array([place]))


def _joined(parts: Sequence[Part]) -> Iterator[Part]:
    """Those of one chunk and channel as one, so that they are rendered together."""
    groups: dict[tuple[int, str | None], list[Part]] = defaultdict(list)
    for one in parts:
        groups[id(one.chunk), one.channel].append(one)
    for chunk, channel, rows, starts in (tuple(zip(*group, strict=True)) for group in groups.values()):
        yield Part(chunk[0], channel[0], np.concatenate(rows), np.concatenate(starts))


def _codings(target: Target) -> set[str]:
    key, channel = target
    of = VITALS[key] if channel is None else VITALS[key].channel(channel)
    return {f"{one.system}|{one.code}" for one in of.codings}


def _into(
    groups: list[tuple[set[str], list[tuple[int, str, Part | Document]]]],
    codes: set[str],
    members: list[tuple[int, str, Part | Document]],
) -> None:
    """Adds to the group of these codes; groups that they join become one."""
    if not members:
        return
    same = [group for group in groups if group[0] & codes]
    merged = set(codes).union(*(group[0] for group in same))
    held = [one for group in same for one in group[1]] + members
    groups[:] = [group for group in groups if not group[0] & codes]
    groups.append((merged, held))
