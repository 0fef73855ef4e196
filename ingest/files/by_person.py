"""Batches of what was parsed of FHIR resources: one for each person, and what was refused with the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ingest.from_fhir import Parsed
from ingest.series import Batch, Reject, Series


def batches(
    parsed: Parsed, rejects: tuple[Reject, ...], marks: tuple[str, str], progress: tuple[int, int]
) -> Iterator[Batch]:
    """One batch for each person, in the order in which they appear; one for nobody where there are none.

    marks: where to go on before and after the last of them. progress: how much is read, of how much.
    """
    series: dict[str, list[Series]] = defaultdict(list)
    documents: dict[str, list[bytes]] = defaultdict(list)
    for part in parsed.parts:
        series[part.subject].append(part.series)
    for document in parsed.documents:
        documents[document.subject].append(document.body)
    subjects = list(dict.fromkeys([*series, *documents])) or [""]
    for place, subject in enumerate(subjects, start=1):
        last = place == len(subjects)
        yield Batch(
            series=tuple(series[subject]),
            rejects=rejects if last else (),
            documents=tuple(documents[subject]),
            person_key=subject or None,
            mark=marks[1] if last else marks[0],
            done=progress[0],
            total=progress[1],
        )
