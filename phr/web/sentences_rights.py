"""Whole sentences of the pages of rights: requests, copies, deletion, incidents, provisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

RIGHTS: Final[Mapping[str, Mapping[str, str]]] = {
    "documents-notice": {
        "asked-copy": N_("ファイルを作りはじめました。できると、ここから受け取れます"),
        "removed": N_("ファイルを消しました"),
        "corrected": N_("直しました。前の値と理由は、記録に残ります"),
        "asked": N_("申し出を受け付けました"),
        "stopped": N_("利用を止めました"),
        "going-on": N_("利用の停止をやめました"),
        "cancelled": N_("申し出を取り下げました"),
        "decided-already": N_("もう決まった申し出です"),
        "say-what": N_("何を申し出るのか、書いてください"),
    },
    "copy-state": {
        "waiting": N_("順番を待っています"),
        "making": N_("作っています"),
        "ready": N_("できました"),
        "failed": N_("作れませんでした。もう一度ためしてください"),
        "removed": N_("消しました"),
    },
    "right": {
        "disclose": N_("見たい（開示）"),
        "correct": N_("直したい（訂正）"),
        "stop": N_("使わないでほしい（利用停止）"),
        "erase": N_("消したい（消去）"),
        "inactive": N_("長く使っていない記録の消去"),
    },
    "right-state": {
        "open": N_("市が確かめています"),
        "extended": N_("期限を延ばしました"),
        "waiting": N_("消す日を待っています"),
        "done": N_("行いました"),
        "refused": N_("行いませんでした"),
        "cancelled": N_("取り下げました"),
    },
    "as-whom": {
        "self": N_("本人から"),
        "guardian": N_("子どもの親権者"),
        "ward": N_("成年後見人"),
        "proxy": N_("任意代理人"),
    },
    "informed": {
        "release": N_("研究のデータ"),
        "insurer": N_("保険者"),
        "guardian": N_("見ることのできる家族（知らせました）"),
    },
    "retained": {
        "audit": N_("だれが見たかの記録。名前を外した番号だけ。書きかえられない記録なので、消せません"),
        "release": N_("研究などに渡した記録の番号。だれに渡したかを、法律で残すため"),
        "points": N_("ポイントの帳簿。名前のない番号だけ。お金のやりとりを確かめるため"),
        "checkup": N_("特定健診と保健指導の記録。市が、法律で残すため。ほかの記録と分けて置きます"),
    },
    "delete-problem": {
        "not-sure": N_("消してよいか、しるしを付けてください"),
        "sign-in-again": N_("安全のため、一度ログアウトして、ログインしなおしてください"),
        "already": N_("もう申し出ています"),
    },
    "rights-notice": {
        "recorded": N_("申し出を記録しました"),
        "take": N_("担当になりました"),
        "extend": N_("期限を延ばし、本人に知らせます"),
        "done": N_("決定を記録し、本人に知らせます"),
        "refused": N_("行わない決定を記録し、本人に知らせます"),
        "decided-already": N_("もう決まったか、もう延ばした申し出です"),
        "bad-number": N_("その番号の人はいません"),
        "bad-proof": N_("確かめた書類の名前を書いてください"),
        "bad-proof_day": N_("代理の書類は、30日より新しい日付が必要です"),
        "bad-until": N_("延ばせるのは、いまの期限から30日までです"),
        "bad-reason": N_("延ばす理由を書いてください"),
        "bad-decision": N_("決定とその理由を書いてください"),
        "bad-form": N_("入れたものを確かめてください"),
    },
    "incident-notice": {
        "recorded": N_("事故を記録しました。期限が動きはじめました"),
        "preliminary": N_("速報を記録しました"),
        "tell": N_("本人への知らせを送りました"),
        "final": N_("確報を記録しました"),
        "closed": N_("終わりにしました"),
        "people": N_("閲覧の記録から、対象の人をさがしました"),
        "not-yet": N_("まだ報告していないものがあります"),
    },
    "incident-kind": {
        "leak": N_("漏えい"),
        "loss": N_("滅失"),
        "damage": N_("毀損"),
        "misuse": N_("目的外の閲覧"),
    },
    "timer": {
        "preliminary": N_("個人情報保護委員会への速報"),
        "persons": N_("本人への通知"),
        "final": N_("個人情報保護委員会への確報"),
    },
    "provision-kind": {"research": N_("研究"), "insurer": N_("保険者"), "request": N_("本人の求め")},
    "basis": {"consent": N_("本人の同意"), "law": N_("法律"), "request": N_("本人の求め")},
    "privacy-check": {
        "consent": N_("目的ごとに同意を取り、説明の版を残している"),
        "withdraw": N_("同意はいつでもやめられ、すぐに効く"),
        "delete": N_("本人が自分で、アカウントと記録を消せる"),
        "export": N_("一般の形式（FHIR）で書き出し、取りこめる"),
        "log": N_("だれが見たかを本人が見られ、書きかえが分かる"),
        "third-party": N_("第三者への提供を記録し、3年残している"),
        "leak": N_("漏えいの記録と報告の期限を、台帳で管理している"),
        "end": N_("サービスが終わる前に知らせ、書き出す期間がある"),
        "encryption": N_(
            "バックアップと書き出したファイルを暗号化している。動いているデータベースの暗号化は、置き場所による"
        ),
        "certified": N_("第三者の認証（ISMS、Pマークなど）"),
    },
    "privacy-state": {"yes": N_("はい"), "partly": N_("一部"), "city": N_("市が記入します")},
}
"""Table -> code -> sentence."""
