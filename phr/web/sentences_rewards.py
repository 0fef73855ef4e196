"""Sentences of the pages of points that are used: each state with what comes next, and what a form says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

REWARDS: Final[Mapping[str, Mapping[str, str]]] = {
    "exchange-state": {
        "requested": N_("受け付けました。ポイントの台帳が確かめています。ふつうは数分です。"),
        "pending": N_("確かめました。次は、コインの会社に知らせます。それまでは、取り消せます。"),
        "sent": N_("コインの会社に知らせました。返事を待っています。ふつうは数日です。"),
        "settling": N_("コインが届きました。台帳に書いています。"),
        "returning": N_("ポイントを、もとにもどしています。ふつうは数分です。"),
        "done": N_("終わりました。コインが使えます。"),
        "returned": N_("ポイントは、もとにもどりました。もう一度、申しこめます。"),
        "refused": N_("台帳のポイントが足りないため、進めませんでした。ポイントはへっていません。"),
    },
    "gift-state": {
        "requested": N_("受け付けました。ポイントの台帳が確かめています。ふつうは数分です。"),
        "done": N_("届きました。ありがとうございました。"),
        "refused": N_("台帳のポイントが足りないため、進めませんでした。ポイントはへっていません。"),
    },
    "exchange-reason": {
        "refused": N_("コインの会社が受け取れませんでした。くわしくは、窓口に聞いてください。"),
        "timed-out": N_("コインの会社から、決めた日までに返事がありませんでした。"),
        "cancelled": N_("あなたが取り消しました。"),
    },
    "reward-notice": {
        "asked": N_("交換を受け付けました"),
        "open": N_("いま進めている手続きがあります。終わってから、もう一度どうぞ"),
        "not-now": N_("いまは交換できません。財布の登録と、今年度の予算を、窓口で確かめてください"),
        "ledger": N_("ポイントの台帳に、いまつながりません。少しあとで、もう一度どうぞ"),
        "too-late": N_("もうコインの会社に知らせたので、ここでは取り消せません。窓口に聞いてください"),
        "cancelled": N_("取り消しました。ポイントは、もとにもどります"),
        "given": N_("寄付を受け付けました。ありがとうございます"),
        "goal-taken": N_("この目標にしました"),
        "goal-none": N_("目標は、なしにしました。いつでも、また始められます"),
        "goal-range": N_("この目標にはできません"),
        "joined": N_("参加しました。「共有」のページにも出ます"),
        "left": N_("やめました。あなたの歩数は、もう数えません"),
        "one-group": N_("ほかのチームに入っています。先に、そのチームをやめてください"),
        "wallet-noted": N_("財布を登録しました"),
        "wallet-ended": N_("財布の登録を消しました"),
        "wallet-taken": N_("登録できません。この人か、この財布は、もう登録されています（一人に一つです）"),
        "answer-noted": N_("記録しました"),
        "answer-repeated": N_("もう同じ記録があります。何も変わりません"),
        "answer-too-late": N_("もう終わった手続きです。コインを渡していたら、担当者に知らせてください"),
        "answer-unknown": N_("その手続きは見つかりません"),
    },
    "goal-why": {
        "grew": N_("この4週間の歩数から、少しだけ上げてみました。むりのないときだけで大丈夫です。"),
        "kept": N_("この4週間の歩数に合わせました。"),
        "gap": N_("記録のない日がつづいたので、上げていません。体調に合わせて、ゆっくりどうぞ。"),
        "plateau": N_("もう十分に歩いています。これより上の目標はありません。"),
        "few": N_("歩数の記録が1週間分たまると、目標を提案します。"),
    },
    "wallet-proof": {
        "my-number-card": N_("マイナンバーカード"),
        "licence": N_("運転免許証など"),
        "known": N_("窓口で本人とわかる"),
    },
}
"""Table -> code -> sentence."""
