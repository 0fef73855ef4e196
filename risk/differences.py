"""Delivered judgements against ours (R2-3): the delivered code stays the official one, and each difference has a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from risk.explain import Result
from risk.limits import FOURTH, GLUCOSE_RULES, THIRD, standard
from risk.reasons import LEVELS, METABO
from risk.stratify import stratify

ITEMS: Final = ("guidance_level", "metabo")
"""The columns of a check-up that hold delivered judgements: 9N506 and 9N501."""

UNKNOWN_CODE: Final = "unknown-code"
NOT_OF_AGE: Final = "not-of-age"
UNDECIDED_HERE: Final = "undecided-here"
UNDECIDED_THERE: Final = "undecided-there"
OTHER_EDITION: Final = "other-edition"
OTHER_GLUCOSE: Final = "other-glucose-rule"
CASUAL: Final = "casual-values"
DOUBTFUL: Final = "doubtful-value"
UNEXPLAINED: Final = "unexplained"
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    UNKNOWN_CODE: ("届いた判定コードが一覧にありません", "The delivered code is none of the list"),
    NOT_OF_AGE: ("年度末年齢が40〜74歳ではないため、当方では判定しません", "Not of the age that we judge"),
    UNDECIDED_HERE: ("項目が足りず、当方では判定できません", "Items are missing, so we cannot decide"),
    UNDECIDED_THERE: ("届いた判定は判定不能ですが、届いた項目から判定できました", "Delivered as undecided; the delivered items decide it"),
    OTHER_EDITION: ("別の期の基準で判定すると一致します", "The rules of the other period give the delivered code"),
    OTHER_GLUCOSE: ("血糖の優先順を変えると一致します", "Another order of the glucose tests gives the delivered code"),
    CASUAL: ("随時の値を使うと一致します", "Taking casual values gives the delivered code"),
    DOUBTFUL: ("使えない値、または疑いのある値があります", "A value was doubtful or could not be used"),
    UNEXPLAINED: ("理由は分かりません。届いた項目と判定を確かめてください", "No reason found: check the items and the judgement"),
}  # fmt: skip
"""Reason -> its sentence in Japanese and English."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One judgement that was delivered otherwise than we judge.

    delivered: the code as it came. ours: our code, None when the person is not of the age. missing: what we looked for
    and did not find, where that is the reason.
    """

    item: str
    delivered: int
    ours: int | None
    reason: str
    missing: tuple[str, ...] = ()

    @property
    def ja(self) -> str:
        """The reason in Japanese, with both judgements."""
        there, here = _word(self, self.delivered, 0), _word(self, self.ours, 0)
        return f"届いた判定:{there}。当方の判定:{here}。{WORDS[self.reason][0]}。"

    @property
    def en(self) -> str:
        """The reason in English, with both judgements."""
        there, here = _word(self, self.delivered, 1), _word(self, self.ours, 1)
        return f"Delivered: {there}. Ours: {here}. {WORDS[self.reason][1]}."


def _word(difference: Difference, code: int | None, language: int) -> str:
    words = LEVELS if difference.item == "guidance_level" else METABO
    found = words.get(code)
    return found[language] if found else str(code)


def delivered(checkup: Mapping[str, Any]) -> dict[str, int]:
    """The judgements that came with a check-up; one that is no whole number becomes 0, which is no code."""
    found: dict[str, int] = {}
    for item in ITEMS:
        text = str(checkup.get(item) or "").strip()
        if text and text.lower() != "nan":
            try:
                value = float(text)
            except ValueError:
                value = 0.0
            found[item] = int(value) if value in (1, 2, 3, 4) else 0
    return found


def differences(
    given: Mapping[str, int], result: Result, others: Mapping[str, Callable[[], Result]] | None = None
) -> tuple[Difference, ...]:
    """Delivered judgements (as ``delivered`` gives them) that are not those of a result.

    others: reason -> how to judge under another reading of the rules; the first that gives the delivered code is the
    reason. A judgement that was not delivered differs from nothing.
    """
    ours = {"guidance_level": result.level, "metabo": result.metabo}
    return tuple(
        _difference(item, given[item], ours[item], result, others or {})
        for item in ITEMS
        if item in given and given[item] != ours[item]
    )


def _difference(
    item: str, there: int, here: int | None, result: Result, others: Mapping[str, Callable[[], Result]]
) -> Difference:
    if there == 0:
        return Difference(item, there, here, UNKNOWN_CODE)
    if here is None:
        return Difference(item, there, here, NOT_OF_AGE)
    for reason, judge in others.items():
        other = judge()
        if (other.level if item == "guidance_level" else other.metabo) == there:
            return Difference(item, there, here, reason)
    if here == 4:
        return Difference(item, there, here, UNDECIDED_HERE, result.missing)
    if there == 4:
        return Difference(item, there, here, UNDECIDED_THERE)
    return Difference(item, there, here, DOUBTFUL if result.quality else UNEXPLAINED)


def compare(checkup: Mapping[str, Any], *, glucose_rule: str | None = None) -> tuple[Difference, ...]:
    """The differences of one check-up: a mapping with the names of the city CSV, its delivered judgements among them.

    Raises BadInput for a value that cannot be used.
    """
    given = delivered(checkup)
    if not given:
        return ()
    items = {name: value for name, value in checkup.items() if name not in ITEMS}
    result = stratify(items, glucose_rule=glucose_rule)
    edition = THIRD if result.rule_version == FOURTH else FOURTH
    glucose = next(rule for rule in GLUCOSE_RULES if rule != (glucose_rule or standard().glucose_rule))
    others: dict[str, Callable[[], Result]] = {
        OTHER_EDITION: lambda: stratify(items, rule=edition, glucose_rule=glucose_rule),
        OTHER_GLUCOSE: lambda: stratify(items, glucose_rule=glucose),
        CASUAL: lambda: stratify(items, glucose_rule=glucose_rule, metabo_casual=True),
    }
    return differences(given, result, others)
