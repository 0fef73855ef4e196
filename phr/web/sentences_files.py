"""Whole sentences of the pages of files and cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "upload-notice": {
        "sent": N_("受け取りました。順番に読みこみます"),
        "refused": N_("受け取りましたが、読めないファイルでした"),
        "cancelled": N_("やめました。送ったファイルは消しました"),
        "empty": N_("空のファイルです。書き出しなおして、もう一度送ってください"),
        "too-large": N_("大きすぎて、受け取れませんでした"),
        "no-room": N_("いま、こちらに置く場所がありません。時間をおいて、もう一度送ってください"),
        "another": N_("ほかのファイルを送っている途中です。終わるか、やめてから、送ってください"),
        "too-many": N_("読みこみを待つファイルが多すぎます。終わってから、送ってください"),
        "offset": N_("送ったところまでが、合いませんでした。もう一度送ってください"),
        "locked": N_("同じファイルを、別の画面が送っています"),
        "digest": N_("途中でこわれて届きました。もう一度送ってください"),
        "no-consent": N_("「共有」で「機器からの取りこみ」が止まっているので、受け取っていません"),
        "no-file": N_("ファイルを選んでください"),
        "length": N_("大きさがわからないので、受け取れませんでした。別のブラウザーで送ってください"),
        "lost": N_("つながりが切れました。つながりしだい、続きから送ります"),
        "sending": N_("送っています。この画面を閉じないでください"),
        "resuming": N_("前に止まったところから、続きを送っています"),
        "signed-out": N_("ログアウトしました。ログインして同じファイルを選ぶと、続きから送れます"),
    },
    "upload-state": {
        "receiving": N_("途中まで届いています"),
        "waiting": N_("読みこみを待っています"),
        "reading": N_("読みこんでいます"),
        "done": N_("読みこみました"),
        "failed": N_("取りこめませんでした"),
    },
    "upload-error": {
        "unknown-format": N_("知らない種類のファイルです。読めるものは、上の一覧にあります。"),
        "for-many": N_("何人もの記録が入るファイルなので、ここでは読めません。市の窓口に相談してください。"),
        "unreadable": N_(
            "ファイルがこわれているか、危ないつくりなので、読むのをやめました。そこまでに読めた記録は残ります。書き出しなおして、送ってください。"
        ),
        "no-consent": N_("「共有」で「機器からの取りこみ」が止まったので、やめました。"),
        "cancelled": N_("あなたがやめました。そこまでに読めた記録は残ります。"),
        "expired": N_("続きが届かないまま時間がたったので、消しました。もう一度送ってください。"),
        "digest": N_("途中でこわれて届いたので、消しました。もう一度送ってください。"),
        "empty": N_("空のファイルでした。"),
        "gone": N_("こちらの都合でファイルが失われました。もう一度送ってください。"),
        "failed": N_("こちらの都合で、読みこめませんでした。時間をおいて、もう一度送ってください。"),
    },
    "upload-reason": {
        "no-consent": N_("「共有」で許していないもの"),
        "quarantined": N_("ありえない値や時刻。分けて置き、使いません"),
        "conflict": N_("前に届いた値とちがうもの。前の値を使います"),
        "bad-value": N_("値がないか、読めないもの"),
        "bad-time": N_("時刻が読めないもの"),
        "not-kept": N_("この手帳では使わない種類の記録"),
        "other-file": N_("記録ではない、いっしょに入っていたファイル"),
        "superseded": N_("新しい記録に置きかわったもの"),
        "unreadable": N_("そのほかの、読めないもの"),
    },
    "upload-format": {
        "apple-health": N_("Appleの「ヘルスケア」の書き出し（zipかxml）"),
        "health-connect": N_("Androidの「ヘルスコネクト」の書き出し（zip、db、json）"),
        "fitbit-takeout": N_("GoogleデータエクスポートのFitbit（zip）"),
        "fitbit-json": N_("FitbitのWeb APIの答え（json）"),
        "google-health-json": N_("Google Health APIの答え（json）"),
        "omron-csv": N_("OMRON connectの血圧・体重（csv）"),
        "withings": N_("Withingsの書き出し（zip、csv、json）"),
        "oura": N_("Ouraの書き出し（zip、csv、json）"),
        "samsung-csv": N_("Samsung Healthの書き出し（zip、csv）"),
        "garmin-fit": N_("Garminの記録（fit）"),
        "garmin-json": N_("Garmin Connectの書き出し（json）"),
        "open-mhealth": N_("Open mHealthの記録（json）"),
    },
    "card-notice": {
        "made": N_("カードをつくりました。番号が見られるのは、この画面だけです"),
        "ended": N_("カードを使えなくしました"),
        "gone": N_("そのカードは、もう使えなくなっています"),
        "too-many": N_("カードが多すぎます。使わないカードを止めてから、つくってください"),
    },
}
"""Table -> code -> sentence."""
