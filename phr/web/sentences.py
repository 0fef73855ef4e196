"""Whole sentences for codes: what leads a page, what to do next, what is wrong with a form, what needs hands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.sentences_apps import APPS
from phr.web.sentences_earning import EARNING
from phr.web.sentences_files import FILES
from phr.web.sentences_health import HEALTH
from phr.web.sentences_looked import LOOKED
from phr.web.sentences_record import RECORD
from phr.web.sentences_rewards import REWARDS
from phr.web.sentences_rights import RIGHTS
from phr.web.sentences_running import RUNNING
from phr.web.words import N_

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "lead": {
        "usual": N_("%(name)sさん、新しい値は、どれもいつもの幅の中です。"),
        "above-limit": N_("%(name)sさん、この7日間の血圧の平均が、基準以上です。"),
        "outside-usual": N_("%(name)sさん、以前とくらべて、かわってきたものがあります。"),
        "referral": N_("%(name)sさん、医師に見てもらいたい健診の値があります。"),
        "urgent": N_("%(name)sさん、すぐに確かめたい値があります。"),
        "no-data": N_("%(name)sさん、きょうの記録は、まだありません。"),
        "welcome": N_("%(name)sさん、ようこそ。まず1回、はかってみましょう。"),
    },
    "next-step": {
        "measure-evening": N_(
            "今夜も血圧をはかると、夜の記録があと%(number)d日で5日分になり、平均が出ます。"
        ),
        "measure": N_("血圧を1回はかって、書きこみましょう。"),
        "walk": N_("めあてまで、あと%(number)d歩です。"),
        "see-doctor": N_("健診の結果を持って、かかりつけの先生に相談しましょう。"),
        "measure-again": N_("5分休んで、もう一度はかってください。"),
        "share": N_("だれと共有するかを決めましょう。"),
        "read-check-up": N_("新しい健診の結果を見ましょう。"),
    },
    "next-button": {
        "measure-evening": N_("血圧を書きこむ"),
        "measure": N_("血圧を書きこむ"),
        "walk": N_("歩数を見る"),
        "see-doctor": N_("健診の結果を見る"),
        "measure-again": N_("もう一度はかった値を書く"),
        "share": N_("共有の設定を見る"),
        "read-check-up": N_("健診の結果を見る"),
    },
    "entry-problem": {
        "empty": N_("数字を入れてください"),
        "amount": N_("一覧から点数を選んでください"),
        "team": N_("チームの名前は、4〜31文字の英字・数字・ハイフンです"),
        "wallet": N_("財布の番号は、6〜40文字の英字・数字・ハイフンです"),
        "not-a-number": N_("数字だけを入れてください"),
        "out-of-range": N_("入れまちがいではありませんか。もう一度見てください"),
        "lower-not-below-upper": N_("下の血圧は、上の血圧より小さい数字です。もう一度見てください"),
        "refused": N_("この値は記録できませんでした。もう一度見てください"),
        "no-consent": N_("まだ記録していません。「共有」で「機器からの取りこみ」を始めると、記録できます。"),
        "needed": N_("ここを書いてください"),
        "nothing": N_("用紙に書いてあるものを、1つ以上入れてください"),
        "not-shared": N_("この目的では、いま共有していません。止めるものがありません"),
        "choose": N_("1つ選んでください"),
        "not-a-day": N_("日付を入れてください"),
        "over": N_("これからの日付を入れてください"),
        "not-in-profile": N_("この加工の方法では選べません。加工の方法を変えるか、これを外してください"),
        "order": N_("終わりの日は、始まりの日より後にしてください"),
        "lead-only": N_("まとめ役の保健師だけが変えられます"),
        "too-long": N_("長すぎます。短くしてください"),
        "left-out": N_("まだ書いていません"),
        "no-record": N_(
            "この番号と生年月日の記録に、書きこめませんでした。番号、生年月日、本人の「共有」を見てください"
        ),
        "stopped-since": N_(
            "この用紙の日か、そのあとに、この共有は止められています。もう一度始めるかを本人に聞き、新しい用紙に書いてもらってください"
        ),
        "card-may-be-newer": N_(
            "用紙の日か、そのあとに書かれたカードが、もうあります。どちらが正しいか、本人に確かめてください"
        ),
        "no-consent-answers": N_(
            "まだ記録していません。「共有」で「機器からの取りこみ」を始めると、記録できます。"
        ),
    },
    "sign-in-problem": {
        "link": N_("このリンクは、使えなくなっています。新しいリンクを受け取ってください。"),
        "password": N_("番号か合言葉がちがいます。もう一度入れてください。"),
        "openid": N_("共通IDで確かめられませんでした。もう一度試すか、ほかの方法を選んでください。"),
        "passkey": N_("パスキーで確かめられませんでした。もう一度試すか、ほかの方法を選んでください。"),
        "code": N_("番号がちがいます。アプリに出ている、いまの番号を入れてください。"),
        "locked": N_("まちがいが続いたので、しばらく待つ必要があります。数分後にもう一度試してください。"),
        "tied": N_("このリンクの人は、べつの共通IDとつながっています。市に連絡してください。"),
        "needed": N_("先にログインしてください。"),
        "time-out": N_("安全のため、ログアウトしました。記録は無事です。"),
    },
    "account-notice": {
        "ended": N_("その端末をログアウトさせました。"),
        "passphrase": N_("合言葉を設定しました。"),
        "totp": N_("認証アプリを登録しています。"),
        "passkey": N_("パスキーをつくりました。"),
        "removed": N_("パスキーを消しました。"),
    },
    "account-problem": {
        "passphrase": N_(
            "その合言葉は使えません。15文字以上で、番号をふくまず、よくある言葉や並んだ文字だけではないものにしてください。"
        ),
        "current": N_("いまの合言葉がちがいます。合言葉は変わっていません。"),
        "code": N_("番号がちがいます。アプリに出ている、いまの番号を入れてください。"),
        "locked": N_("まちがいが続いたので、しばらく待つ必要があります。数分後にもう一度試してください。"),
        "passkey-failed": N_("パスキーをつくれませんでした。もう一度試してください。"),
        "last": N_("最後の1つは消せません。先に、ほかの方法を登録してください。"),
    },
    "connector-state": {
        "running": N_("動いています"),
        "late": N_("遅れています"),
        "failing": N_("止まっています"),
        "off": N_("使っていません"),
    },
    "audit-kind": {
        "refused": N_("断った閲覧"),
        "emergency": N_("緊急の閲覧"),
        "unusual": N_("ふだんと違う閲覧"),
    },
    "finding": {
        "justified": N_("必要な閲覧だった"),
        "mistake": N_("操作のまちがいだった"),
        "incident": N_("事故として扱う"),
    },
    "glass-reason": {
        "unconscious": N_("本人が意思を示せない"),
        "ambulance": N_("救急隊からの照会"),
        "hospital": N_("治療中の病院からの照会"),
        "danger-to-life": N_("命の危険がある"),
        "disaster": N_("災害時の安否と救護"),
    },
    "unusual-rule": {
        "many-people": N_("1時間に多くの人を見た"),
        "at-night": N_("夜間に見た"),
        "searched-not-opened": N_("多くの人を検索し、だれも開かなかった"),
        "own-record": N_("自分と同じ名前の人を見た"),
        "household": N_("自分と同じ住所の人を見た"),
        "same-surname": N_("自分と同じ姓の人を見た"),
        "watched": N_("注意が必要な人を見た"),
    },
    "request-state": {
        "draft": N_("下書き"),
        "submitted": N_("審査を待っています"),
        "approved-once": N_("1人が承認しました"),
        "approved": N_("承認されました"),
        "released": N_("受け取れます"),
        "refused": N_("出せません"),
    },
    "file": {
        "csv": N_("表（CSV）"),
        "parquet": N_("表（Parquet）"),
        "ndjson": N_("FHIR（NDJSON）"),
        "dictionary": N_("変数の説明書"),
        "publication": N_("公表する概要"),
        "certificate": N_("証明書（署名つき）"),
    },
    "open-file": {
        "statistics.csv": N_("表（CSV）"),
        "catalogue.jsonld": N_("データの説明（JSON-LD）"),
        "entities.jsonld": N_("都市OS用（NGSI-LD）"),
    },
    "help": {
        "wider-age": N_("年齢のきざみを大きくする"),
        "wider-area": N_("地区を広くする"),
        "drop-area": N_("地区をやめる"),
        "fewer-variables": N_("変数を減らす"),
        "longer-period": N_("期間を長くする"),
    },
    "connect-state": {
        "none": N_("まだ、つないでいません。"),
        "connected": N_("新しい記録は、だいたい15分ごとに届きます。"),
        "needs-reconnect": N_("Googleの許可が終わりました。もう一度つなぐと、続きから届きます。"),
        "consent-again": N_("取りこみを許しました。Googleの許可は返してあるので、もう一度つないでください。"),
        "paused": N_(
            "「共有」で取りこみを止めたので、何も届きません。Googleの許可も返しました。始めるには、「共有」で許してから、もう一度つなぎます。"
        ),
        "disconnected": N_("接続をやめました。いつでも、もう一度つなげます。"),
    },
    "connect-trouble": {
        "unavailable": N_("Googleから、いま答えがありません"),
        "unreadable": N_("Googleから届いたものが、読めませんでした"),
        "refused": N_("Googleが、記録を渡しませんでした"),
        "failed": N_("こちらの都合で、取りこめませんでした"),
        "account-not-linked": N_("このGoogleアカウントでは、Google Healthを使っていません"),
    },
    "connect-notice": {
        "connected": N_("つながりました。数分で、記録が届きはじめます"),
        "partly": N_("つながりましたが、届かないものがあります"),
        "disconnected": N_("接続をやめました"),
        "denied": N_("Googleの画面で「許可しない」が選ばれたので、つないでいません"),
        "scopes": N_("Googleの画面で何も選ばれなかったので、つないでいません"),
        "expired": N_("時間がたったか、別の画面から戻ったので、つないでいません。もう一度ためしてください"),
        "later": N_("Googleから答えがありません。少し待って、もう一度ためしてください"),
        "refused": N_("Googleが受けつけませんでした。もう一度ためしてください"),
        "no-consent": N_("「共有」で「機器からの取りこみ」が止まっているので、つないでいません"),
        "not-ready": N_("この市では、まだつなげません"),
    },
    "turned-away": {
        "no-consent": N_("「共有」で許していないもの"),
        "quarantined": N_("ありえない値や時刻。分けて置き、使いません"),
        "unreadable": N_("読めないもの、知らない種類のもの"),
    },
    "symptom": {
        "chest": N_("胸が痛い・苦しい"),
        "speech": N_("ろれつが回らない、手足に力が入らない"),
        "head": N_("急な激しい頭痛、見えにくい"),
    },
    **FILES,
    **HEALTH,
    **RUNNING,
    **REWARDS,
    **APPS,
    **EARNING,
    **RIGHTS,
    **RECORD,
    **LOOKED,
}
"""Table -> code -> sentence; %(name)s and %(number)d are filled by the page."""
