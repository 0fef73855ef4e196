"""Every kind of message that the catalogue knows has a name on the page where people choose what they receive."""

from __future__ import annotations

from phr.domain.messages.catalogue import catalogue
from phr.web.render import FOLDER


def test_every_kind_of_message_has_a_name_on_the_page():
    """A kind without one would break the page of messages for everybody."""
    words = (FOLDER / "templates" / "_message_words.html").read_text("utf-8").partition("message_ways")[0]
    assert {kind for kind in catalogue().kinds if f'"{kind}": _(' not in words} == set()
