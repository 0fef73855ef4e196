"""Invented views of signing in, the second factor and one's own account, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from phr.web.views.account import AccountPage, Offer, PasskeyLine, Second, SessionLine
from phr.web.views.signin import SignIn, Way

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
OFFER = Offer(Markup("<svg class='qr' viewBox='0 0 9 9'><path d='M0 0h9'/></svg>"), "ABCD EFGH IJKL MNOP")
WAYS = (Way("openid", "/sign-in/openid"), Way("passkey"), Way("link"), Way("password"))
SECOND = Second("田中", totp=True, passkeys=True, codes=True, offer=None, passkeys_offered=True)
HERE = SessionLine("s1", "Chrome / Android", "passkey", False, NOW - timedelta(hours=1), NOW, True)
ACCOUNT = AccountPage(
    sessions=(
        HERE,
        SessionLine("s2", "", "", True, NOW - timedelta(hours=3), NOW - timedelta(minutes=2), False),
    ),
    passkeys=(
        PasskeyLine("p1", "仕事の端末", NOW - timedelta(days=30), NOW),
        PasskeyLine("p2", "", NOW, None),
    ),
    passphrase=True,
    totp=True,
    codes_left=8,
    passkeys_offered=True,
    staff=True,
)
_FIRST = replace(ACCOUNT, sessions=(HERE,), passkeys=(), passphrase=False, totp=False, codes_left=0)
_NOTICES = ("ended", "passphrase", "totp", "passkey", "removed")
_PROBLEMS = ("passphrase", "current", "code", "locked", "passkey-failed", "last")

VIEWS = {
    "sign-in-all": ("sign_in", "", SignIn(WAYS, after="/today")),
    "sign-in-tying": ("sign_in", "", SignIn(WAYS, tying=True)),
    **{
        f"sign-in-{problem}": ("sign_in", "", SignIn(WAYS, problem=problem))
        for problem in ("openid", "passkey", "locked", "tied", "code")
    },
    "second": ("second", "", SECOND),
    "second-first": (
        "second",
        "",
        replace(SECOND, totp=False, passkeys=False, codes=False, offer=OFFER, problem="code"),
    ),
    "recovery-codes": ("recovery_codes", "", ("/staff", ("ABCD-EFGH-JKMN-PQRS", "1234-5678-9ABC-DEFG"))),
    "account": ("account", "nurse", ACCOUNT),
    "account-resident": ("account", "resident", replace(_FIRST, staff=False, passkeys_offered=False)),
    "account-shared": (
        "account",
        "resident",
        replace(_FIRST, staff=False, passkeys_offered=False, shared=True),
    ),
    "account-offer": ("account", "operator", replace(_FIRST, offer=OFFER)),
    "account-codes": ("account", "researcher", replace(ACCOUNT, codes=("ABCD-EFGH-JKMN-PQRS",))),
    **{f"account-{notice}": ("account", "nurse", replace(ACCOUNT, notice=notice)) for notice in _NOTICES},
    **{
        f"account-bad-{problem}": ("account", "nurse", replace(ACCOUNT, problem=problem))
        for problem in _PROBLEMS
    },
}
