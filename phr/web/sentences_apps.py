"""Words of the pages of apps: what kinds of records one may use, why it ended, and what is wrong with a choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

APPS: Final[Mapping[str, Mapping[str, str]]] = {
    "app-kind": {
        "every": N_("手帳のすべての記録"),
        "Observation": N_("はかった記録（血圧、歩数、ねむりなど）"),
        "Patient": N_("名前、生年月日、性別"),
        "QuestionnaireResponse": N_("質問票の答え"),
        "DiagnosticReport": N_("健診の結果"),
        "Immunization": N_("予防接種の記録"),
        "Condition": N_("病気の記録"),
        "MedicationStatement": N_("薬の記録"),
        "RiskAssessment": N_("これからの目安"),
        "Goal": N_("めあて"),
        "CarePlan": N_("保健指導の計画"),
        "Consent": N_("共有の設定"),
        "AuditEvent": N_("だれが見たかの記録"),
        "Device": N_("機器の名前"),
        "other": N_("そのほかの記録"),
    },
    "app-limit": {
        "vital-signs": N_("血圧、脈拍、体温など"),
        "laboratory": N_("検査の値"),
        "activity": N_("からだの動き"),
        "survey": N_("質問票の答え"),
        "part": N_("アプリが名前を挙げたものだけ"),
    },
    "app-period": {
        "month": N_("30日"),
        "half": N_("半年"),
        "year": N_("1年"),
    },
    "app-problem": {
        "scope": N_("渡すものを、1つ以上選んでください"),
        "period": N_("いつまでかを選んでください"),
        "shared": N_("みんなで使う端末では、アプリに許可できません。自分の端末でやり直してください"),
    },
    "app-notice": {
        "ended": N_("アプリを止めました。いまから、もう読めません"),
        "gone": N_("そのアプリは、もう止まっていました"),
    },
    "app-ended": {
        "person": N_("あなたが止めました"),
        "app": N_("アプリが返しました"),
        "over": N_("期限が来ました"),
        "disabled": N_("市がアプリを止めました"),
        "replayed": N_("許可が二重に使われたので、止めました"),
        "reused": N_("許可が二重に使われたので、止めました"),
    },
    "app-client": {
        "public": N_("住民のアプリ（秘密なし）"),
        "symmetric": N_("住民のアプリ（秘密の言葉）"),
        "asymmetric": N_("住民のアプリ（鍵）"),
        "backend": N_("団体のプログラム"),
    },
}
