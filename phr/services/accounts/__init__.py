"""Accounts: who signs in and how they prove it; only hashes and sealed secrets are kept."""

from phr.services.accounts.common_id import CommonId, Unbound
from phr.services.accounts.factors import Factors, Held
from phr.services.accounts.managing import Asked, Managing, Member
from phr.services.accounts.passkeys import Passkeys
from phr.services.accounts.signing_in import GATEWAY_PREFIX, Accounts, Caller, Entered, Live, Where

__all__ = [
    "GATEWAY_PREFIX",
    "Accounts",
    "Asked",
    "Caller",
    "CommonId",
    "Entered",
    "Factors",
    "Held",
    "Live",
    "Managing",
    "Member",
    "Passkeys",
    "Unbound",
    "Where",
]
