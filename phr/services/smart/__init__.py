"""Apps of residents and programs of organisations: registering, letting them in, what is issued, and ending it."""

from phr.services.smart.apps import Apps, Connected
from phr.services.smart.asking import Asking, Decided, Shown
from phr.services.smart.callers import AppCallers
from phr.services.smart.clients import Clients, New
from phr.services.smart.endpoints import Endpoints
from phr.services.smart.keys import SigningKeys
from phr.services.smart.words import Place, Posted, Reply

__all__ = [
    "AppCallers",
    "Apps",
    "Asking",
    "Clients",
    "Connected",
    "Decided",
    "Endpoints",
    "New",
    "Place",
    "Posted",
    "Reply",
    "Shown",
    "SigningKeys",
]
