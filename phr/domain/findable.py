"""Names, birth dates and addresses in one writing, so that a search finds them however they were typed."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

_KATAKANA: Final = range(ord("ァ"), ord("ヶ") + 1)
_TO_HIRAGANA: Final = ord("ァ") - ord("ぁ")
_DASHES: Final = re.compile("[‐‑‒–—―−ｰー－-]+")
_GAPS: Final = re.compile(r"\s+")
_ERAS: Final = {
    "m": 1867,
    "明治": 1867,
    "t": 1911,
    "大正": 1911,
    "s": 1925,
    "昭和": 1925,
    "h": 1988,
    "平成": 1988,
}
_LATEST: Final = {"r": 2018, "令和": 2018}
_DATE: Final = re.compile(
    r"(明治|大正|昭和|平成|令和|[mtshr])?(\d{1,4}|元)[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
)
_DIGITS: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBER: Final = re.compile(r"(?<=\d)(?:丁目|番地|番|号)(?:の|(?=\d)|$)?")


def kana_key(text: str) -> str:
    """Kana in one writing: hiragana, full width, without spaces; a long mark stays.

    >>> kana_key("ﾀﾅｶ ﾊﾙ"), kana_key("タナカ　ハル"), kana_key("たなか はる")
    ('たなかはる', 'たなかはる', 'たなかはる')
    """
    plain = unicodedata.normalize("NFKC", _GAPS.sub("", unicodedata.normalize("NFKC", text)).casefold())
    kana = "".join(chr(ord(sign) - _TO_HIRAGANA) if ord(sign) in _KATAKANA else sign for sign in plain)
    return unicodedata.normalize("NFKC", kana)  # a voiced mark that stood alone joins the letter before it


def address_key(text: str) -> str:
    """An address in one writing: 東町1丁目2番3号 and 東町１－２－３ are one place.

    >>> address_key("東町１丁目２番３号"), address_key("東町 1-2-3")
    ('東町1-2-3', '東町1-2-3')
    """
    plain = _GAPS.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return _DASHES.sub("-", _NUMBER.sub("-", plain)).strip("-")


def birth_date(text: str) -> date | None:
    """A birth date as people type it, of our era or of a Japanese one; None when it is none.

    >>> birth_date("1970-03-09"), birth_date("昭和45年3月9日"), birth_date("19700309"), birth_date("たなか")
    (datetime.date(1970, 3, 9), datetime.date(1970, 3, 9), datetime.date(1970, 3, 9), None)
    """
    plain = _GAPS.sub("", unicodedata.normalize("NFKC", text)).casefold()
    match = _DATE.fullmatch(plain) or _DIGITS.fullmatch(plain)
    if match is None:
        return None
    *era, year, month, day = match.groups()
    number = 1 if year == "元" else int(year)
    if era and era[0]:
        number += {**_ERAS, **_LATEST}[era[0]]
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None
