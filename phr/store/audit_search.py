"""Search of the audit trail as SQL: the conditions of one AuditQuery and their values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from phr.domain.audit_query import AuditQuery, every_word
from phr.domain.balp import outcomes

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def conditions(asked: AuditQuery) -> tuple[str, list[Any]]:
    """The WHERE of a search. Every value is a parameter."""
    given: list[tuple[Any, ...]] = [("true",), *_time(asked), *_words(asked)]
    if asked.person is not None:
        given.append(("person_id = %s", asked.person))
    if asked.review:
        given.append(("outcome IN ('refused', 'emergency')",))
    if asked.idents is not None:
        chains, numbers = [chain for chain, _ in asked.idents], [seq for _, seq in asked.idents]
        given.append(
            ("(chain, seq) IN (SELECT * FROM unnest(%s::smallint[], %s::bigint[]))", chains, numbers)
        )
    if asked.kinds is not None:
        given.append(_kinds(asked))
    if asked.codes is not None:
        given.append(_codes(asked.codes))
    return " AND ".join(one[0] for one in given), [value for one in given for value in one[1:]]


def _time(asked: AuditQuery) -> Iterator[tuple[Any, ...]]:
    for group in asked.times:
        texts, values = [], []
        for span in group:
            ends = [("at >= %s", span[0]), ("at < %s", span[1])]
            texts.append(" AND ".join(text for text, at in ends if at is not None))
            values += [_moment(at) for _text, at in ends if at is not None]
        yield f"(({') OR ('.join(texts)}))", *values
    if asked.after is not None:
        after = asked.after
        yield "(at, chain, seq) < (%s, %s, %s)", _moment(after.at_us), after.chain, after.seq


def _words(asked: AuditQuery) -> Iterator[tuple[Any, ...]]:
    for group in asked.purposes:
        yield "purpose = ANY (%s)", list(group)
    for group in asked.roles:
        yield "role = ANY (%s)", list(group)
    for objects, requests in asked.entities:
        yield "(object = ANY (%s) OR request_id = ANY (%s))", list(objects), list(requests)
    for actors, recipients in asked.agents:
        yield "(actor = ANY (%s) OR recipient = ANY (%s))", list(actors), list(recipients)


def _kinds(asked: AuditQuery) -> tuple[Any, ...]:
    """Rows of some kinds of events: a refusal is its own kind whatever was asked for, signing in apart."""
    plain, always, others, refusals = asked.words()
    text = "((outcome <> 'refused' AND (action = ANY (%s) OR (%s AND NOT action = ANY (%s)))) OR action = ANY (%s)"
    signing = asked.sign_in_words()
    return (
        text + " OR (%s AND outcome = 'refused' AND NOT action = ANY (%s)))",
        plain,
        others,
        every_word(),
        always,
        refusals,
        signing,
    )


def _codes(codes: tuple[str, ...]) -> tuple[Any, ...]:
    """Rows with some outcomes; 0 is every word that no other code names."""
    named = [word for words in outcomes().values() for word in words]
    wanted = [word for code in codes for word in outcomes().get(code, ())]
    return "(outcome = ANY (%s) OR (%s AND NOT outcome = ANY (%s)))", wanted, "0" in codes, named
