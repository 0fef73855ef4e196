"""Connections to a data cloud: connect and disconnect, read page by page, notices, and tokens that end with consent."""

from phr.services.connections.connecting import Connecting, Shown
from phr.services.connections.desk import Desk, Vault
from phr.services.connections.noticing import Noted, Noticing
from phr.services.connections.syncing import Synced, Syncing

__all__ = ["Connecting", "Desk", "Noted", "Noticing", "Shown", "Synced", "Syncing", "Vault"]
