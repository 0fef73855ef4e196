"""Accounts: who signs in and how they prove it; only hashes and sealed secrets are kept."""

from phr.services.accounts.signing_in import GATEWAY_PREFIX, Accounts, Caller

__all__ = ["GATEWAY_PREFIX", "Accounts", "Caller"]
