"""Subscriptions: asking to be told, numbering what happened, and telling it while the right to know it lasts."""

from phr.services.subscriptions.desk import Desk, Held, Owner
from phr.services.subscriptions.numbering import Numbered, Numbering
from phr.services.subscriptions.rights import Rights
from phr.services.subscriptions.telling import Telling

__all__ = ["Desk", "Held", "Numbered", "Numbering", "Owner", "Rights", "Telling"]
