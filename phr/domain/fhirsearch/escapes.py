r"""Separators of search values: ``\,`` ``\|`` ``\$`` and ``\\`` stand for the sign itself (hl7.org/fhir/R4/search.html)."""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(r"\\([,|$\\])")


def cut(value: str, by: str) -> list[str]:
    r"""Splits at a separator that is not escaped; escapes stay, for what is split further.

    >>> cut(r"a\,b,c", ",")
    ['a\\,b', 'c']
    """
    if "\\" not in value:
        return value.split(by)
    parts, escaped = [""], False
    for sign in value:
        if sign == by and not escaped:
            parts.append("")
        else:
            parts[-1] += sign
        escaped = sign == "\\" and not escaped
    return parts


def plain(text: str) -> str:
    r"""The text that escapes stand for; a backslash before another sign is itself.

    >>> plain(r"a\,b\c")
    'a,b\\c'
    """
    return _ESCAPE.sub(r"\1", text)
