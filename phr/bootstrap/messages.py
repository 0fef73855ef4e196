"""Messages, nudges, reminders and letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, cast

import segno

from phr.bootstrap.core import Core
from phr.clients.line import Line
from phr.clients.mail import Mail, Server
from phr.clients.webpush import WebPush
from phr.domain.expiry import rules_for
from phr.domain.messages.addresses import email
from phr.domain.messages.channel import Channel
from phr.domain.messages.letters import Sender
from phr.domain.points import step_goal
from phr.errors import Busy, Invalid, Unsafe
from phr.ids import new_id
from phr.services.alarm_letters import AlarmLetters
from phr.services.deliver import Deliver, SendTo, TryLaterError
from phr.services.letters import Letters
from phr.services.messages import DUTY, Addressing, AddressVault, Duty, Inbox, Nudging, Sending
from phr.services.messages.sending import Outside
from phr.services.reminders import PostcardNumbers, Reminders
from phr.store.tables import Outbox, Person
from phr.store.uow import UnitOfWork
from phr.typeset import Press

_STEPS: Final = "55423-8"
_WORDS: Final = {
    "telephone": "電話",
    "number": "番号",
    "result": "結果",
    "limit": "受診をすすめる値",
    "code": "スマートフォンで読むコード",
    "ways": "スマートフォン：左のコード。電話・窓口でも受け付けます。",
    "fraud": "市が、暗証番号やお金をたずねることはありません。",
}


class Messages(Core):
    """Messages, nudges, reminders and letters."""

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The channels that settings set up."""
        s = self.settings
        found: dict[str, Channel] = {}
        if s.smtp_host:
            found["email"] = _mail(self)
        if s.line_token.get_secret_value():
            found["line"] = line = Line(s.line_url, s.line_token.get_secret_value())
            self.closing.callback(line.close)
        if s.vapid_key.get_secret_value():
            found["push"] = push = WebPush(s.vapid_key.get_secret_value(), s.vapid_contact)
            self.closing.callback(push.close)
        return found

    @cached_property
    def push_key(self) -> str:
        """What a browser needs to subscribe; empty where push is not set up."""
        channel = self.channels.get("push")
        return channel.public_key if isinstance(channel, WebPush) else ""

    @cached_property
    def _address_vault(self) -> AddressVault:
        return AddressVault(self.secrets)

    @cached_property
    def sending(self) -> Sending:
        """Messages of the outbox."""
        s = self.settings
        outside = Outside(s.city, s.base_url.rstrip("/"))
        return Sending(self.store, self.clock, s.tz, s.recipient, self.channels, self._address_vault, outside)

    @cached_property
    def _duty(self) -> Duty:
        s = self.settings
        return Duty(self.channels, s.duty_mail, s.city, s.base_url.rstrip("/"))

    @property
    def message_sender(self) -> SendTo:
        """How the outbox delivers a message."""

        def send(letter: Outbox) -> str:
            try:
                if letter.payload.get("to") == DUTY:
                    return self._duty(letter.idempotency_key)
                return self.sending(
                    letter.person_id,
                    letter.idempotency_key,
                    letter.payload,
                    letter.created_at,
                    f"worker-{new_id()}",
                )
            except Busy as trouble:
                raise TryLaterError(str(trouble), timedelta(seconds=trouble.after_seconds)) from trouble

        return send

    @cached_property
    def alarm_letters(self) -> AlarmLetters:
        """Letters of alarms, beside whatever else a worker does."""
        s = self.settings
        letters = Deliver(self.store, self.clock, s.recipient, {}, {"message": self.message_sender})
        return AlarmLetters(letters.alarms, cast("Any", self).operate.beat)

    @cached_property
    def inbox(self) -> Inbox:
        """What people were told."""
        return Inbox(self.store, self.clock, self.settings.recipient, self._address_vault)

    @cached_property
    def addressing(self) -> Addressing:
        """Addresses and choices."""
        return Addressing(self.store, self.clock, self.settings.recipient, self.channels, self._address_vault)

    @cached_property
    def nudging(self) -> Nudging:
        """Nudges."""
        s = self.settings
        return Nudging(self.store, self.clock, s.tz, s.recipient, _goals)

    @cached_property
    def reminders(self) -> Reminders:
        """Reminders of check-ups and screenings."""
        s = self.settings
        return Reminders(self.store, self.clock, s.tz, s.recipient, self.lasting_key("registration-number"))

    @cached_property
    def press(self) -> Press:
        """Paper."""
        return Press()

    @cached_property
    def letters(self) -> Letters:
        """Letters on paper."""
        s = self.settings
        lines = [one.strip() for one in s.letter_sender.split("/") if one.strip()]
        sender = Sender(lines, s.telephone, f"{s.base_url.rstrip('/')}/messages")
        return Letters(self.store, self.clock, s.tz, self.secrets, sender, self._print_letters)

    def _print_letters(self, letters: Sequence[Mapping[str, Any]], at: datetime) -> bytes:
        """Letters of one sender as one PDF: the square code leads to the address that they were written with."""
        title = letters[0]["title"] if len({one["title"] for one in letters}) == 1 else "お知らせ"
        data = {
            "title": title,
            "frame": False,
            "code": _square(letters[0]["url"]),
            "words": _WORDS,
            "letters": letters,
        }
        return self.press.pdf("letter", data, at)

    def postcards(self, numbers: PostcardNumbers) -> bytes:
        """The text sides of postcards with these numbers."""
        s = self.settings
        data = {
            "title": "健診のお知らせ 登録のご案内",
            "lead": [
                f"{s.city}では、申し込んだ方に、健診やがん検診の時期をお知らせしています。",
                "申し込みは自由です。いつでもやめられます。",
            ],
            "numbers": list(numbers.numbers),
            "words": {"number": "あなたの登録番号", "code": "登録のページを開くコード"},
            "code": _square(f"{s.base_url.rstrip('/')}/messages"),
            "ways": [
                "スマートフォン：左のコードから、番号を入れてください。",
                f"電話：{s.telephone}",
                "窓口：このはがきをお持ちください。",
            ],
            "foot": [
                f"番号は {numbers.until.year}年{numbers.until.month}月{numbers.until.day}日まで、1回使えます。",
                "市が、暗証番号やお金をたずねることはありません。",
            ],
        }
        return self.press.pdf("postcard", data, self.clock.now())


def _mail(core: Core) -> Mail:
    s = core.settings
    if not s.mail_is_safe():
        raise Unsafe("PHR_SMTP_SECURITY may be none only for a mail server on this machine")
    try:
        sender = email(s.mail_from)
    except Invalid as error:
        raise Unsafe("PHR_MAIL_FROM is no e-mail address") from error
    server = Server(
        s.smtp_host, s.smtp_port, s.smtp_user, s.smtp_password.get_secret_value(), s.smtp_security, sender
    )
    return Mail(server)


def _square(text: str) -> str:
    """A square code as SVG."""
    return segno.make(text, error="m", micro=False).svg_inline(border=1)


def _goals(_uow: UnitOfWork, person: Person, today: date) -> dict[str, float]:
    """The step goal by age, as health points have it, or had it last; no goal for whom nobody knows the age."""
    if person.birth_date is None:
        return {}
    rules = rules_for(today)
    born = person.birth_date
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return {_STEPS: float(step_goal(rules, age))}
