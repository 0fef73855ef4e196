"""What a migration may not do to a service that is in use, read from its statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BODY = re.compile(r"(DO\s+)?\$(\w*)\$(.*?)\$\2\$", re.DOTALL | re.IGNORECASE)
_TEXT = re.compile(r"'(?:[^']|'')*'")
_REMARK = re.compile(r"--[^\n]*")
_TABLE = r"(?:ONLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?((?:phr|ledger)\.\w+)"
_CONSTANT = re.compile(r"DEFAULT\s+(?:'x'|-?\d+(?:\.\d+)?|true|false|null)(?:::\w+(?:\[\])?)?\s*(?:,|$|NOT\s+NULL|NULL|CHECK|\))", re.IGNORECASE)  # fmt: skip
_ALWAYS = (
    (r"^LOCK\b|^TRUNCATE\b|^VACUUM\b|^CLUSTER\b|^REINDEX\b", "takes a whole table away from everybody"),
    (r"\bRENAME\b", "the version before would not find what was renamed"),
    (r"\bALTER\s+COLUMN\s+\w+\s+(?:SET\s+DATA\s+)?TYPE\b", "rewrites the table; add a column and fill it in batches"),
)  # fmt: skip
_TAKES_AWAY = r"\bDROP\s+(?:COLUMN|TABLE|FUNCTION|VIEW|SCHEMA)\b"


def statements(text: str) -> Iterator[str]:
    """The statements of a file without remarks, texts and bodies of functions; of a DO block every line of its body."""
    inside: list[str] = []

    def body(found: re.Match[str]) -> str:
        if found[1]:
            inside.append(found[3])
        return "'x'"

    plain = _BODY.sub(body, _REMARK.sub("", text))
    for part in _TEXT.sub("'x'", plain).split(";"):
        if part.strip():
            yield " ".join(part.split())
    for each in inside:  # what a block makes up itself is looked at with its texts
        for part in each.replace("'", " ").split(";"):
            if made := re.search(r"\b(ALTER TABLE|CREATE (?:UNIQUE )?INDEX|UPDATE|DELETE FROM|DROP)\b.*", part, re.DOTALL):  # fmt: skip
                yield " ".join(made[0].split())


def problems(name: str, text: str, before: str = "") -> list[str]:
    """What is wrong with one file of statements. before: the text of the revisions under the same rules before it."""
    listed = list(statements(text))
    new = {found[1] for one in listed if (found := re.match(rf"CREATE TABLE {_TABLE}", one, re.IGNORECASE))}
    wrong = []
    for one in listed:
        for pattern, why in _ALWAYS:
            if re.search(pattern, one, re.IGNORECASE):
                wrong.append(why)
        if re.search(_TAKES_AWAY, one, re.IGNORECASE) and not name.endswith("_contract"):
            wrong.append(
                "takes away what the version before uses; a revision of its own, named ..._contract, a version later"
            )
        wrong += _on_tables(one, new, listed, before)
    return wrong


def _on_tables(one: str, new: set[str], listed: list[str], before: str) -> Iterator[str]:
    """What concerns tables that were there before this revision."""
    index = re.match(rf"CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?\S+ ON {_TABLE}", one, re.IGNORECASE)
    if index and index[1] not in new:
        yield "an index on a table in use is built with build_index"
    change = re.match(rf"(?:UPDATE|DELETE FROM) {_TABLE}", one, re.IGNORECASE)
    if change and change[1] not in new:
        yield "rows of a table in use are changed with in_batches"
    alter = re.match(rf"ALTER TABLE {_TABLE}", one, re.IGNORECASE)
    if alter and alter[1] not in new:
        yield from _altered(alter[1], one, listed, before)


def _altered(table: str, one: str, listed: list[str], before: str) -> Iterator[str]:
    for column in re.findall(r"ADD (?:COLUMN )(?:IF NOT EXISTS )?(.*?)(?=,\s*(?:ADD|ALTER|DROP)\b|$)", one, re.IGNORECASE):  # fmt: skip
        default = re.search(r"\bDEFAULT\b", column, re.IGNORECASE)
        if re.search(r"\bGENERATED\b|\bSERIAL\b|\bBIGSERIAL\b", column, re.IGNORECASE) or (
            default and not _CONSTANT.search(column)
        ):
            yield "a new column's default is a constant; anything else rewrites the table"
        elif not default and re.search(r"\bNOT NULL\b", column, re.IGNORECASE):
            yield "a new column without a default may be empty; the version before does not fill it"
    if re.search(
        r"\bADD\s+(?:CONSTRAINT \S+ )?(?:FOREIGN KEY|CHECK)\b", one, re.IGNORECASE
    ) and not re.search(r"\bNOT VALID\b", one, re.IGNORECASE):
        yield "a rule for rows that are there is added NOT VALID, and validated in a later revision"
    if re.search(r"\bADD\s+(?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY|EXCLUDE)\b(?!.*USING INDEX)", one, re.IGNORECASE):  # fmt: skip
        yield "a key is made of an index that build_index built (USING INDEX)"
    for valid in re.findall(r"VALIDATE CONSTRAINT (\w+)", one, re.IGNORECASE):
        if any(re.search(rf"ADD CONSTRAINT {valid}\b", each, re.IGNORECASE) for each in listed):
            yield "a rule is validated in a later revision than the one that adds it: until then its lock is held"
    for column in re.findall(r"ALTER (?:COLUMN )?(\w+) SET NOT NULL", one, re.IGNORECASE):
        rule = re.search(
            rf"ALTER TABLE {re.escape(table)}\s+ADD CONSTRAINT (\w+)\s+CHECK \({column} IS NOT NULL\)",
            before,
            re.IGNORECASE,
        )
        if rule is None or not re.search(rf"VALIDATE CONSTRAINT {rule[1]}\b", before, re.IGNORECASE):
            yield "NOT NULL reads the whole table under a lock, unless a validated rule says it already"
