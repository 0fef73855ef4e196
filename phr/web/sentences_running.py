"""Sentences of the pages of those who run the service: what needs hands, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

RUNNING: Final[Mapping[str, Mapping[str, str]]] = {
    "attention": {
        "audit-broken": N_("監査の記録に、書きかえか抜けが見つかりました"),
        "emergency-unreviewed": N_("確認していない緊急の閲覧があります"),
        "unusual-unreviewed": N_("確認していない、ふだんと違う閲覧があります"),
        "root-late": N_("監査の記録の、日ごとの確認番号ができていません"),
        "incident-late": N_("事故の報告の期限をすぎています"),
        "incident-soon": N_("事故の報告の期限が近づいています"),
        "worker-silent": N_("裏で働くプログラムが動いていません"),
        "outbox-failed": N_("送れなかったものがあります"),
        "outbox-late": N_("送信が遅れています"),
        "connector-failing": N_("動いていない取りこみ先があります"),
        "backup-late": N_("新しいバックアップがありません"),
        "drill-late": N_("復元の訓練が必要です"),
        "base-late": N_("サーバー全体の新しい控えがありません"),
        "log-late": N_("変更の記録（WAL）の控えが遅れています"),
        "standby-late": N_("予備のデータベースが追いついていません"),
        "locked-out": N_("失敗が続いて、待たされている番号があります"),
    },
    "attention-do": {
        "audit-broken": N_(
            "記録の保存先を変えずに、責任者に知らせてください。手順は「監査の記録を確かめる」にあります。"
        ),
        "emergency-unreviewed": N_("「閲覧の確認」で、翌日までに確かめてください。"),
        "unusual-unreviewed": N_("「閲覧の確認」で、必要な閲覧だったかを確かめてください。"),
        "root-late": N_("phr worker が動いているか確かめてください。動けば、1時間以内にできます。"),
        "incident-late": N_("すぐに責任者に知らせて、報告を出してください。"),
        "incident-soon": N_("報告の下書きを、責任者と確かめてください。"),
        "worker-silent": N_("phr worker を起動してください。止まっている間も、記録は失われません。"),
        "outbox-failed": N_("下の「送れなかったもの」で原因を見て、直してから、もう一度送ってください。"),
        "outbox-late": N_("送り先とネットワークを確かめてください。つながれば、自動で送ります。"),
        "connector-failing": N_("下の表で、どれが、いつから動いていないかを見てください。"),
        "backup-late": N_("phr backup を実行して、毎日の予定に入れてください。"),
        "drill-late": N_("4半期に1回、バックアップから復元できることを確かめてください。"),
        "base-late": N_("phr backup base を実行して、phr-base.timer が動いているかを確かめてください。"),
        "log-late": N_(
            "phr-wal が止まった理由を見て、起動してください。いま失うと、最後の控えより後の変更がなくなります。"
        ),
        "standby-late": N_(
            "予備のデータベースの記録とディスクを見てください。その間は、元のデータベースで読みます。"
        ),
        "locked-out": N_("本人なら、待つと入れます。心当たりのない数なら、接続元を調べてください。"),
    },
    "figure": {
        "residents": N_("住民"),
        "opt-ins": N_("共有している人"),
        "withdrawals": N_("共有を止めた人（30日間）"),
        "devices": N_("動いている機器（7日間）"),
        "uptake": N_("保健指導の実施率"),
        "incidents": N_("終わっていない事故"),
    },
    "profile": {
        "anonymised": N_("匿名加工：1週間ごと、グループの値。だれのものかは、市にもたどれません"),
        "pseudonymised": N_("仮名加工：1人ずつの値。共有を止めた人の番号が知らされ、消す約束があります"),
    },
    "resolution": {
        "finest": N_("加工の方法で出せる、いちばん細かいもの"),
        "day": N_("1日ごと"),
        "week": N_("1週間ごと"),
    },
    "request-next": {
        "draft": N_("出すと、市の2人が見ます。"),
        "submitted": N_("市の運用担当2人が、順に承認します。することはありません。"),
        "approved-once": N_("もう1人の承認を待っています。することはありません。"),
        "approved": N_("データを作っています。できると、ここから受け取れます。"),
        "released": N_("開いて、証明書を読んでから、ファイルを受け取ってください。"),
        "refused": N_("開くと、理由と、何を変えるとよいかがわかります。"),
    },
    "kept": {
        "backup": N_("バックアップ"),
        "restore-drill": N_("復元の訓練"),
        "base": N_("サーバー全体の控え"),
        "log": N_("変更の記録（WAL）"),
        "standby": N_("予備のデータベース"),
    },
    "kept-state": {
        "running": N_("正常"),
        "late": N_("古い、または遅い"),
        "failing": N_("失敗、または停止"),
        "off": N_("まだありません"),
    },
    "kept-do": {
        "running": N_("することはありません。"),
        "backup": N_("phr backup make を実行して、毎日の予定（phr-backup.timer）を確かめてください。"),
        "restore-drill": N_("phr backup drill で、いちばん新しいバックアップを復元してみてください。"),
        "base": N_("phr backup base を実行して、毎週の予定（phr-base.timer）を確かめてください。"),
        "log": N_("systemctl status phr-wal で止まった理由を見て、起動してください。"),
        "standby": N_("予備のデータベースの記録とディスク、PHR_REPLICA_URL を確かめてください。"),
        "base-off": N_("変更の記録を控えるときに必要です。週に1回、phr backup base で作ります。"),
        "log-off": N_("phr backup stream で控えると、失うのは1日分でなく数十秒分になります。"),
        "standby-off": N_("なくても動きます。書き出しが重いときに、PHR_REPLICA_URL で使います。"),
    },
    "letter-kind": {
        "ledger": N_("ポイントの台帳へ"),
        "message": N_("本人への知らせ"),
        "revoke": N_("許可の返却（クラウドへ）"),
    },
    "connector-kind": {
        "cloud": N_("クラウド"),
        "box": N_("測定の箱"),
        "worker": N_("裏で働くプログラム"),
    },
    "refusal": {
        "no-consent": N_("本人が許していない種類の記録。捨てました。することはありません"),
        "quarantined": N_("ありえない値。分けて置きました"),
        "unknown-code": N_("知らない種類の値。送り元の設定を見てください"),
        "bad-time": N_("時刻が読めない値。送り元の時計を見てください"),
        "bad-value": N_("数でない値。送り元の形式を見てください"),
        "bad-json": N_("形のこわれた記録。送り元の形式を見てください"),
        "bad-type": N_("扱わない種類の文書"),
        "not-fhir": N_("FHIRでない文書"),
        "too-long": N_("長すぎる行"),
        "duplicate": N_("同じ値の送りなおし。1回だけ数えました"),
    },
    "staff-role": {
        "nurse": N_("保健師"),
        "operator": N_("市の運用担当"),
        "registrar": N_("市の窓口"),
        "researcher": N_("研究者"),
    },
    "staff-account-notice": {
        "signed-out": N_("すべての端末からログアウトしました"),
        "disabled": N_("使えなくしました。開いていた画面も、もう使えません"),
        "asked": N_("役割の変更を申請しました。もう1人の運用担当が承認すると変わります"),
        "approved": N_("承認しました。次のログインから、新しい役割になります"),
        "refused": N_("取り下げました。役割は変わっていません"),
    },
    "staff-account-problem": {
        "own": N_("自分のアカウントは、自分では変えられません。ほかの運用担当に頼んでください"),
        "last-operator": N_("運用担当が1人もいなくなります。先に、もう1人を運用担当にしてください"),
        "same": N_("いまと同じ役割と所属です。変えるものを選んでください"),
        "role": N_("職員の役割と、所属を入れてください"),
        "second-person": N_("申請した人と本人は、承認できません。別の運用担当が承認します"),
        "waiting": N_("この人の変更は、もう1件待っています。先に承認するか、取り下げてください"),
        "verdict": N_("承認か取り下げを選んでください"),
        "gone": N_("その変更は、もう決まっています"),
    },
}
"""Table -> code -> sentence."""
