"""The embedded ledger without HTTP, and a post office that carries one person's letters to it."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from phr.clients.ledger import LedgerReceipt, LedgerRefused
from phr.domain.access import machine, resident
from phr.domain.ledger import LedgerRefusal, Posting, parse_order
from phr.domain.points import fiscal_year, load_rules, lot_expiry
from phr.store import ledger as store
from tests.build import CITY


class Bank:
    """A ledger of its own, asked as the client asks."""

    def __init__(self, system) -> None:
        self.system = system
        self.name = f"t-{uuid4().hex[:12]}"
        with system.ledger_connections() as connection:
            store.create_ledger(connection, self.name)
            connection.commit()

    def ask(self, question):
        """One question or order, with the client's refusals."""
        with self.system.ledger_connections() as connection:
            try:
                return question(connection)
            except LedgerRefusal as refusal:
                raise LedgerRefused(str(refusal.code)) from None
            finally:
                connection.commit()

    def account(self, address):
        """What one account holds."""
        found = self.ask(lambda c: store.get_account(c, self.name, address))
        return {asset: one["input"] - one["output"] for asset, one in found["volumes"].items()}

    def balances(self, address):
        """What a pattern holds together."""
        return self.ask(lambda c: store.aggregate_balances(c, self.name, address=address))

    def find(self, reference):
        """The transaction with a reference."""
        page = self.ask(lambda c: store.list_transactions(c, self.name, filters={"reference": reference}))
        return _receipt(page["data"][0]) if page["data"] else None

    def deliver(self, order, *, idempotency_key):
        """An order, once for its key."""
        body = order.body()
        return _receipt(
            self.ask(
                lambda c: store.create_transaction(c, self.name, body, idempotency_key=idempotency_key).data
            )
        )

    def holders(self, last):
        """Who holds something in the lots of a day."""
        page = self.ask(
            lambda c: store.list_volumes(c, self.name, address=f"residents::lot:{last}", page_size=1000)
        )
        return [(one["account"].split(":")[1], one["balance"]) for one in page["data"] if one["balance"] > 0]

    def total(self):
        """The sum over all accounts, which is zero whatever happened."""
        page = self.ask(lambda c: store.list_volumes(c, self.name, page_size=1000))
        assert not page["hasMore"]
        return sum(one["balance"] for one in page["data"])

    def holds(self, address):
        """What an account holds of the points' asset; nothing where it is not known."""
        try:
            return self.account(address).get("HPT", 0)
        except LedgerRefused:
            return 0


def _receipt(data):
    postings = tuple(
        Posting(one["source"], one["destination"], one["amount"], one["asset"]) for one in data["postings"]
    )
    return LedgerReceipt(data["id"], postings, data.get("reference"), "", data.get("metadata") or {}, False)


def join(system, bank) -> None:
    """The system asks this ledger from now on."""
    system.__dict__["_points_ledger"] = bank
    system.__dict__["_holders"] = bank.holders


def last_day(system) -> str:
    """The last day of what is earned today."""
    today = system.moves.today
    return lot_expiry(load_rules(fiscal_year(today)), today).isoformat()


def lot_of(system, person, last: str) -> str:
    """The account of a person's lot."""
    return f"residents:{system.points.pseudonym(person)}:lot:{last}"


def earn(system, bank, person, amount: int, last: str | None = None) -> None:
    """Points that somebody has, as if they were earned."""
    to = lot_of(system, person, last or last_day(system))
    bank.deliver(
        parse_order({"postings": [{"source": "world", "destination": to, "amount": amount, "asset": "HPT"}],
                     "metadata": {}}),
        idempotency_key=uuid4().hex,
    )  # fmt: skip


def post(system, bank, person: UUID, *, lost: bool = False) -> int:
    """Carries the person's letters to the ledger; ``lost``: the answer never comes, so that they are sent again."""
    with system.store.begin(machine(CITY, "deliver", "t", part="test")) as uow:
        found = [
            one for one in uow.outbox.due(system.clock.now(), 10_000, "ledger") if one.person_id == person
        ]
        for letter in found:
            try:
                bank.deliver(parse_order(letter.payload), idempotency_key=letter.idempotency_key)
            except LedgerRefused as refused:
                uow.outbox.failed(letter, str(refused), system.clock.now(), None)
                continue
            if not lost:
                uow.outbox.delivered([(letter, "transaction:1")], system.clock.now())
        uow.commit()
    return len(found)


def own(person, patient="x"):
    """The person, at their own pages."""
    return resident(person, patient, "t")


def wallet(system, person, number: str | None = None) -> str:
    """Notes a wallet."""
    number = number or f"W-{uuid4().hex[:10]}"
    system.wallets.note(person, number, "known", actor="clerk", request="t")
    return number


def day(text: str) -> date:
    """A day."""
    return date.fromisoformat(text)
