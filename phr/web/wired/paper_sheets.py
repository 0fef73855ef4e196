"""The sheets themselves: what stands on a diary and on a decision about sharing, with the square code of the counter's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import segno

from phr.typeset import Press

_WORDS: Final = {
    "ja": {
        "name": "お名前",
        "born": "生年月日",
        "number": "手帳の番号",
        "code": "窓口でこの用紙を開く四角いコード",
        "foot": "書きおわったら、市の窓口へお持ちください。この手帳の画面で書いても、同じです。",
        "telephone": "お問い合わせ",
    },
    "en": {
        "name": "Name",
        "born": "Date of birth",
        "number": "Number of your record",
        "code": "Square code that opens this sheet at the counter",
        "foot": "Please bring this sheet to the counter of the city. Writing it on the screen is the same.",
        "telephone": "Questions",
    },
}
_DIARY: Final[dict[str, dict[str, Any]]] = {
    "ja": {
        "title": "血圧と体重の記録（1週間）",
        "lead": [
            "朝は、起きて1時間以内、トイレのあと、朝ごはんと薬の前。",
            "夜は、ねる前。どちらも、すわって1〜2分休んでからはかります。",
        ],
        "blanks": ["はじめの日"],
        "columns": [
            ("日", 3),
            ("", 3),
            *((f"{turn}回目\n{part}", 4) for turn in (1, 2) for part in ("上", "下", "脈")),
            ("体重\nkg", 5),
        ],
        "slots": ("朝", "夜"),
        "day": "{n}日目",
        "notes": [
            "はかれなかったところは、空けておきます。2回目は、はかったときだけ書きます。低い値だけを選ばず、そのまま書いてください。",
            "上が180以上か下が110以上のときは、5分休んでもう一度はかり、同じなら、きょう中に医師に連絡してください。胸の痛みや、ろれつが回らないときは、すぐ119へ。",
        ],
    },
    "en": {
        "title": "Blood pressure and weight (one week)",
        "lead": [
            "Morning: within an hour of getting up, after the toilet, before breakfast and medicine.",
            "Evening: before going to bed. Sit and rest one or two minutes each time.",
        ],
        "blanks": ["First day"],
        "columns": [
            ("Day", 3),
            ("", 4),
            *((f"{turn}\n{part}", 4) for turn in ("1st", "2nd") for part in ("upper", "lower", "pulse")),
            ("Weight\nkg", 5),
        ],
        "slots": ("morning", "evening"),
        "day": "day {n}",
        "notes": [
            "Leave empty what you did not measure. Write a second reading only if you took one. Do not choose the lower values; write all of them.",
            "Upper 180 or more, or lower 110 or more: rest five minutes and measure again; if it is the same, call a doctor today. With chest pain or slurred speech call 119 at once.",
        ],
    },
}
_FOOD: Final[dict[str, dict[str, Any]]] = {
    "ja": {
        "title": "食事の記録",
        "lead": ["袋や箱の「栄養成分表示」の数字を、そのまま書きます。わからないところは空けておきます。"],
        "columns": [
            ("月/日", 5),
            ("朝・昼・間・夜\nに○", 8),
            ("エネルギー\nkcal", 6),
            ("たんぱく質\ng", 6),
            ("脂質\ng", 5),
            ("炭水化物\ng", 6),
            ("食塩相当量\ng", 6),
        ],
        "meals": "朝・昼・間・夜",
        "notes": ["「間」は間食です。食べた分が半分なら、数字も半分にします。"],
    },
    "en": {
        "title": "Food diary",
        "lead": ["Copy the numbers of the nutrition label. Leave empty what you do not know."],
        "columns": [
            ("Month/day", 5),
            ("Circle one", 9),
            ("Energy\nkcal", 6),
            ("Protein\ng", 5),
            ("Fat\ng", 5),
            ("Carbohydrate\ng", 7),
            ("Salt\ng", 5),
        ],
        "meals": "morning · noon\nsnack · evening",
        "notes": ["If you ate half of it, halve the numbers."],
    },
}
_RIGHTS: Final[dict[str, dict[str, Any]]] = {
    "ja": {
        "title": "記録についての申し出",
        "lead": [
            "1つを選び、どの記録を、どうしてほしいかを書いてください。書ける方は、日と時刻、いまの値、正しい値も。",
            "市は30日までに答えます。代わりの方は、代理の書類もお持ちください。",
        ],
        "choices": ["見たい（開示）", "直したい（訂正）", "使わないでほしい（利用停止）", "消したい（消去）"],
        "blanks": ["書いた日"],
        "columns": [("どの記録を、どうしてほしいか。その理由", 40)],
        "notes": ["自分で入れた値は、この手帳の画面の「書類」で、すぐに直せます。"],
    },
    "en": {
        "title": "A request about your records",
        "lead": [
            "Choose one, and write which record and what should happen; if you can, the day and time, the value and the right one.",
            "The city answers within 30 days. If you act for somebody, please bring the papers that say so.",
        ],
        "choices": ["To see it (disclosure)", "To correct it", "To stop its use", "To erase it"],
        "blanks": ["Date of writing"],
        "columns": [("Which record, what should happen, and why", 40)],
        "notes": ["Values that you entered yourself can be corrected at once on the page My documents."],
    },
}
_RIGHTS_LINES: Final = 8
_EMERGENCY: Final[dict[str, dict[str, Any]]] = {
    "ja": {
        "title": "緊急カードに書くこと",
        "lead": [
            "災害のときや、急に具合が悪くなったときに、まわりの人に見せるカードです。",
            "書けるところだけで、かまいません。薬は、お薬手帳を見ながら書いてください。",
        ],
        "blanks": ["書いた日"],
        "columns": [("書くこと", 9), ("ここに書いてください", 31)],
        "lines": [
            ("血液型（1つに○）", 1, "A　・　B　・　O　・　AB　　　＋　・　－　　　わからない"),
            ("アレルギー", 2, ""),
            ("飲んでいる薬", 4, ""),
            ("持病・これまでの病気", 2, ""),
            ("かかりつけ", 1, ""),
            ("緊急の連絡先", 1, ""),
            ("連絡先の電話", 1, ""),
            ("伝えたいこと", 2, ""),
        ],
        "notes": [
            "前に書いたカードがあるときは、この用紙のとおりに、全部が新しくなります。変わらないことも、もう一度書いてください。",
            "見られるのは、あなたが「共有」で、質問票を見てよいとした相手と、命にかかわる緊急のときに理由を残して見る人だけです。",
        ],
    },
    "en": {
        "title": "What to write on your emergency card",
        "lead": [
            "A card to show to people around you in a disaster, or when you suddenly feel ill.",
            "Write only what you can. For medicines, look at your medicine notebook.",
        ],
        "blanks": ["Date of writing"],
        "columns": [("What", 9), ("Write here", 31)],
        "lines": [
            ("Blood type (circle one)", 1, "A  ·  B  ·  O  ·  AB      +  ·  −      I do not know"),
            ("Allergies", 2, ""),
            ("Medicines", 4, ""),
            ("Conditions, earlier illnesses", 2, ""),
            ("Doctor", 1, ""),
            ("Emergency contact", 1, ""),
            ("Telephone of the contact", 1, ""),
            ("Please note", 2, ""),
        ],
        "notes": [
            "If you wrote a card before, this sheet replaces all of it. Please write again what has not changed.",
            "Only those whom you let see your questionnaires on the page Sharing can see it, and who opens it in a danger to life and leaves the reason.",
        ],
    },
}
FOOD_LINES: Final = 16


@cache
def _press() -> Press:
    return Press()


def frame(language: str, title: str, address: str, patient: str, city: str, telephone: str) -> dict[str, Any]:
    """What every sheet has. address: what the square code says; empty for a blank sheet of the counter."""
    return {
        "language": language,
        "title": title,
        "city": city,
        "telephone": telephone,
        "words": _WORDS[language],
        "number": patient,
        "code": segno.make(address, error="m", micro=False).svg_inline(border=0, dark="#000")
        if address
        else "",
        "lead": [],
        "blanks": [],
        "facts": [],
        "choices": [],
        "columns": [],
        "lines": [],
        "notes": [],
    }


def title_of(name: str, language: str) -> str:
    """What a sheet is called."""
    known = {"diary": _DIARY, "food": _FOOD, "rights": _RIGHTS, "emergency": _EMERGENCY}
    return str(known[name][language]["title"])


def diary(sheet: dict[str, Any], days: int) -> dict[str, Any]:
    """A week of blood pressure, morning and evening, each twice if it was, and the weight of the morning."""
    said = _DIARY[sheet["language"]]
    lines = [
        [said["day"].format(n=day + 1) if at == 0 else "", slot]
        for day in range(days)
        for at, slot in enumerate(said["slots"])
    ]
    return {
        **sheet,
        **{key: said[key] for key in ("lead", "blanks", "notes")},
        "columns": _columns(said),
        "lines": lines,
    }


def food(sheet: dict[str, Any]) -> dict[str, Any]:
    """Lines for what packages say."""
    said = _FOOD[sheet["language"]]
    lines = [["", said["meals"]] for _ in range(FOOD_LINES)]
    return {**sheet, "lead": said["lead"], "notes": said["notes"], "columns": _columns(said), "lines": lines}


def rights(sheet: dict[str, Any]) -> dict[str, Any]:
    """A request about the records: which right, and lines to write on."""
    said = _RIGHTS[sheet["language"]]
    return {
        **sheet,
        **{key: said[key] for key in ("lead", "choices", "blanks", "notes")},
        "columns": _columns(said),
        "lines": [[""] for _ in range(_RIGHTS_LINES)],
    }


def emergency(sheet: dict[str, Any]) -> dict[str, Any]:
    """What the emergency card asks for, with lines to write on."""
    said = _EMERGENCY[sheet["language"]]
    lines = [
        [label if at == 0 else "", given if at == 0 else ""]
        for label, count, given in said["lines"]
        for at in range(count)
    ]
    return {
        **sheet,
        **{key: said[key] for key in ("lead", "blanks", "notes")},
        "columns": _columns(said),
        "lines": lines,
    }


def consent(
    sheet: dict[str, Any], facts: Sequence[tuple[str, str]], choices: Sequence[str], day: str, note: str
) -> dict[str, Any]:
    """A decision: what the person reads, the two boxes, and when they signed."""
    return {
        **sheet,
        "facts": [list(fact) for fact in facts],
        "choices": list(choices),
        "blanks": [day],
        "notes": [note],
    }


def _columns(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"title": title, "width": width} for title, width in said["columns"]]


def printed(sheet: dict[str, Any], at: datetime) -> bytes:
    """The sheet as PDF."""
    return _press().pdf("paper-form", sheet, at)
