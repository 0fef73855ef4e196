"""E-mail over SMTP: one message to one address, made by the standard library so that no header can be injected."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from typing import Final, Literal

from phr.domain.messages.addresses import email
from phr.domain.messages.channel import AddressGone, ChannelBusy, ChannelRefused, Note

_PATIENCE: Final = 20.0
_GONE: Final = frozenset({510, 511, 512, 515, 521, 541, 550, 551, 553, 556})
"""What a server says of an address that does not exist or takes nothing (RFC 5321, 7504)."""

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over. ``security``: none only on this machine, which the settings check."""

    host: str
    port: int
    user: str
    password: str
    security: Security
    sender: str


class Mail:
    """Hands mail to one server. A repetition has the same Message-ID, which many servers and programs drop, but SMTP
    itself does not promise it.
    """

    repeats_count_once: Final = False

    def __init__(
        self, server: Server, context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    ) -> None:
        self._server = server
        self._context = context

    def send(self, address: str, note: Note) -> str:
        """Sends one message. Raises AddressGone, ChannelBusy or ChannelRefused."""
        message = composed(self._server.sender, address, note)
        try:
            return self._hand_over(address, message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(next(iter(error.recipients.values()), (0, b""))[0]) from None
        except smtplib.SMTPAuthenticationError:
            raise ChannelBusy("the mail server refused our sign-in", 3600) from None
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= 500:
                raise ChannelRefused("the mail server refused the message") from None
            raise ChannelBusy("the mail server asks to wait") from None
        except smtplib.SMTPNotSupportedError:
            raise ChannelBusy("the mail server offers no TLS or no sign-in", 3600) from None
        except ssl.SSLError:
            raise ChannelBusy("the mail server's certificate is not right", 3600) from None
        except (smtplib.SMTPException, OSError):
            raise ChannelBusy("the mail server does not answer") from None

    def _hand_over(self, address: str, message: EmailMessage) -> str:
        server = self._server
        connection: smtplib.SMTP
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(
                server.host, server.port, timeout=_PATIENCE, context=self._context()
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=_PATIENCE)
        try:
            if server.security == "starttls":
                connection.starttls(context=self._context())
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message, server.sender, [address])
        except BaseException:
            connection.close()
            raise
        with suppress(smtplib.SMTPException, OSError):  # it was accepted: a lost good-bye changes nothing
            connection.quit()
        return str(message["Message-ID"])


def composed(sender: str, address: str, note: Note) -> EmailMessage:
    """The message. Header values are checked again here: the standard library refuses line breaks in them as well."""
    made = EmailMessage(policy=MAIL_POLICY)
    made["From"] = sender
    made["To"] = email(address)
    made["Subject"] = " ".join(note.subject.split())
    made["Message-ID"] = f"<{note.key}@{sender.rpartition('@')[2].rstrip('>')}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence note comes back
    if note.stop_url:
        made["List-Unsubscribe"] = f"<{note.stop_url}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    made.set_content(f"{note.text}\n\n{note.url}\n{_ending(note)}")
    return made


def _ending(note: Note) -> str:
    return f"\n配信を止める / Stop these messages:\n{note.stop_url}\n" if note.stop_url else ""


def _refused(code: int) -> Exception:
    if code in _GONE:
        return AddressGone("no such mailbox")
    return ChannelRefused("the mail server refused the address") if code >= 500 else ChannelBusy("greylisted")
