"""Sentences of earning points: what earned them, why a person looks, what became of it, and what is wrong with a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

EARNING: Final[Mapping[str, Mapping[str, str]]] = {
    "point-proof": {
        "paper": N_("紙の記録から"),
        "case": N_("保健師との話し合いから"),
        "course": N_("保健指導の記録から"),
        "list": N_("市の名簿から"),
        "code": N_("教室の合言葉から"),
        "typed": N_("入力した記録から"),
        "other": N_("入力した記録から"),
    },
    "point-signal": {
        "many": N_("1日の歩数が、とても多い日です。"),
        "steady": N_("同じ速さが、長い時間続いています。"),
        "fast": N_("人が歩くより速い記録が続いています。"),
        "night": N_("夜中ずっと歩いた記録です。"),
        "twin": N_("ほかの人の記録と、まったく同じです。"),
    },
    "point-review": {
        "held": N_("職員が確かめています"),
        "looked": N_("職員が確かめています"),
        "released": N_("確かめて、つきました"),
        "reversed": N_("確かめて、つきませんでした"),
    },
    "point-review-next": {
        "held": N_("確かめ終わると、ポイントがつきます。することはありません。"),
        "looked": N_("ポイントは、そのまま使えます。することはありません。"),
        "released": N_("確かめ終わりました。"),
        "reversed": N_("まちがいと思うときは、下の欄から市に伝えてください。もう一度確かめます。"),
    },
    "point-notice": {
        "answered": N_("市に伝えました。返事は、このページに出ます。"),
        "counted": N_("教室の参加を記録しました。"),
        "already-counted": N_("この教室は、もう記録してあります。"),
        "week-cap": N_("今週は、もう決まりの回数まで記録してあります。"),
        "year-cap": N_("今年度のポイントは、上限まで記録してあります。"),
        "no-consent": N_("ポイントのための共有が始まっていません。「共有」のページで始められます。"),
    },
    "point-problem": {
        "answer": N_("1文字以上、1000文字までで書いてください。"),
        "class-code": N_("今日の教室の合言葉ではありません。もう一度確かめてください。"),
        "reason": N_("理由を、1文字以上、1000文字までで書いてください。本人が読みます。"),
        "decided": N_("もう決まっています。新しい一覧を見てください。"),
        "own-review": N_("自分の分、自分が入力した分は、決められません。ほかの保健師に頼んでください。"),
        "list-event": N_("何の名簿かを選んでください。"),
        "list-day": N_("日付を入れてください。今日までの日です。"),
        "list-people": N_(
            "1行に、手帳の番号と生年月日（2026-04-01の形）、歩数の記録なら歩数も書いてください。200人までです。"
        ),
        "list-occasion": N_("教室の名前は、英数字20文字までで入れてください。"),
        "goal-patient": N_("この番号と生年月日の記録はありません。"),
        "goal-born": N_("生年月日を入れてください。"),
        "goal-steps": N_("決まりの範囲の歩数を入れてください。"),
    },
    "point-left-out": {
        "no-consent": N_("番号と生年月日が合わないか、ポイントの共有がありません"),
        "already-counted": N_("もう記録してあります"),
        "too-late": N_("期限をすぎています"),
        "below-goal": N_("めあての半分に届いていません"),
        "not-plausible": N_("歩いた数として多すぎます"),
        "waits-for-a-look": N_("確かめる記録に入りました"),
        "day-cap": N_("その日の上限です"),
        "week-cap": N_("その週の上限です"),
        "year-cap": N_("年度の上限です"),
        "fiscal-year-cap": N_("年度の上限です"),
    },
}
