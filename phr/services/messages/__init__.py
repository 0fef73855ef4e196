"""Messages: sending what the outbox holds, the inbox, addresses and choices, and nudges."""

from phr.services.messages.addressing import Addressing, Held
from phr.services.messages.duty import TO as DUTY
from phr.services.messages.duty import Duty
from phr.services.messages.inbox import Inbox, Told
from phr.services.messages.nudging import Nudging
from phr.services.messages.sending import Sending
from phr.services.messages.vault import AddressVault

__all__ = ["DUTY", "AddressVault", "Addressing", "Duty", "Held", "Inbox", "Nudging", "Sending", "Told"]
