"""Receive measurements: consented? possible? alarm? then chunks, summaries, audit and outbox in one transaction."""

from phr.services.receive.alarms import Warned
from phr.services.receive.amending import Amending
from phr.services.receive.receiving import Receipt, Receive

__all__ = ["Amending", "Receipt", "Receive", "Warned"]
