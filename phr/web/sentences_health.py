"""Words and sentences of the pages of scores, questionnaires and home measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

HEALTH: Final[Mapping[str, Mapping[str, str]]] = {
    "score-name": {
        "hisayama": N_("久山町スコア（動脈硬化の病気）"),
        "suita": N_("吹田スコア（心臓の血管の病気）"),
        "jphc-stroke": N_("JPHCスコア（脳卒中）"),
    },
    "score-people": {
        "hisayama": N_("久山町の40〜84歳で、心臓や血管の病気のない2,454人（24年間）"),
        "suita": N_("吹田市の30〜79歳で、心臓や血管の病気のない5,521人（11.8年間）"),
        "jphc-stroke": N_("JPHC研究（コホートⅡ）の40〜69歳の15,672人（14年間）"),
    },
    "score-otherwise": {
        "smoking": N_("たばこをやめた人たち"),
        "sbp": N_("上の血圧が120台の人たち"),
        "ldl": N_("LDLコレステロールが120より低い人たち"),
        "all": N_("上のどれにもあてはまる人たち"),
    },
    "score-question": {
        "hist_heart": N_("心臓の病気（狭心症、心筋梗塞など）といわれたことがありますか"),
        "hist_stroke": N_("脳卒中（脳出血、脳梗塞など）といわれたことがありますか"),
        "ckd": N_("慢性の腎臓の病気といわれたことがありますか"),
        "pad": N_("足の血管の病気（末梢動脈疾患）といわれたことがありますか"),
        "fh": N_("家族性高コレステロール血症といわれたことがありますか"),
    },
    "smoking": {"1": N_("吸っている"), "2": N_("やめた"), "3": N_("吸っていない")},
    "questionnaire-area": {
        "life": N_("くらし全体"),
        "motor": N_("からだを動かすこと"),
        "nutrition": N_("食事と体重"),
        "oral": N_("お口のこと"),
        "homebound": N_("外に出ること"),
        "memory": N_("もの忘れ"),
        "mood": N_("気持ちのこと"),
        "health": N_("体調"),
        "mind": N_("毎日の満足"),
        "meals": N_("食事"),
        "weight": N_("体重"),
        "smoking": N_("たばこ"),
        "society": N_("人とのつながり"),
        "support": N_("相談できる人"),
    },
    "moved": {
        "weight-up": N_("体重が、以前よりふえています。"),
        "weight-down": N_("体重が、以前よりへっています。"),
        "spo2-up": N_("SpO2が、以前より高くなっています。"),
        "spo2-down": N_("SpO2が、以前より低くなっています。"),
        "temperature-up": N_("体温が、以前より高くなっています。"),
        "temperature-down": N_("体温が、以前より低くなっています。"),
        "resting-heart-rate-up": N_("安静時の心拍数が、以前より多くなっています。"),
        "resting-heart-rate-down": N_("安静時の心拍数が、以前より少なくなっています。"),
        "steps-up": N_("歩数が、以前よりふえています。"),
        "steps-down": N_("歩数が、以前よりへっています。"),
        "sleep-up": N_("ねむりが、以前より長くなっています。"),
        "sleep-down": N_("ねむりが、以前より短くなっています。"),
    },
    "glucose-share": {
        "in_range": N_("70〜180の時間"),
        "below_70": N_("70より低い時間"),
        "below_54": N_("54より低い時間"),
        "above_180": N_("180より高い時間"),
        "above_250": N_("250より高い時間"),
        "cv": N_("値のゆれ（変動係数）"),
    },
    "channel": {
        "web": N_("この画面で"),
        "paper": N_("紙で"),
        "proxy": N_("代わりの人が答えました"),
        "": N_("ほかの方法で"),
    },
}
"""Table -> code -> sentence."""
