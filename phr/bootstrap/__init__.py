"""The one place where parts are chosen and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ingest.cloud.webhooks import Keys
from phr import tracing
from phr.bootstrap.bulk import Bulk
from phr.bootstrap.consent import Consenting
from phr.bootstrap.counted import timed
from phr.bootstrap.doctor import Examined
from phr.bootstrap.evaluation import Evaluation
from phr.bootstrap.family import Family
from phr.bootstrap.fhir import Fhir
from phr.bootstrap.growing import Growing
from phr.bootstrap.guidance import Guidance
from phr.bootstrap.health import Health
from phr.bootstrap.keeping import Kept
from phr.bootstrap.ledger import Ledgering
from phr.bootstrap.messages import Messages
from phr.bootstrap.nutrition import Nutrition
from phr.bootstrap.open_data import Opening
from phr.bootstrap.operating import Running
from phr.bootstrap.rewards import Rewards
from phr.bootstrap.rights import Rights
from phr.bootstrap.searching import Searching
from phr.bootstrap.signin import SignIn
from phr.bootstrap.smart import SmartApps
from phr.bootstrap.spanned import spanned
from phr.bootstrap.staff import StaffWork
from phr.bootstrap.subscribing import Subscribing
from phr.bootstrap.visits import Away
from phr.bootstrap.watching import Watching
from phr.clients import google
from phr.clients.ledger import LedgerClient
from phr.clock import Clock, SystemClock
from phr.config import Settings
from phr.errors import Busy, Refused
from phr.ids import new_id
from phr.services.cards import Cards
from phr.services.checkups import Checkups
from phr.services.connections import Connecting, Desk, Noticing, Syncing, Vault
from phr.services.deliver import Deliver, Send, SendMany, TryLaterError, UndeliverableError
from phr.services.identities import Identities
from phr.services.importing import Importing
from phr.services.intake import Intake
from phr.services.observations import Observations
from phr.services.operate import Operate
from phr.services.proofs import Proofs
from phr.services.reconciled import ReconciledDays
from phr.services.trail import Trail
from phr.services.upload_jobs import Import, ReceiveOne, UploadJobs
from phr.services.uploads import Limits, Uploads
from phr.services.worklist import Worklist
from phr.store import ledger as ledger_store
from phr.store.baseline import Baseline
from phr.store.embedded import stop_embedded
from phr.store.engine import (
    broker_url,
    make_broker_database,
    open_engine,
)
from phr.store.migrate import upgrade
from phr.store.uow import Store, UnitOfWork
from phr.store.upload_files import UploadFolder

if TYPE_CHECKING:
    from phr.services.assess import Assess
    from phr.services.export import Export

__all__ = ["System", "ledger_store", "start", "stop_embedded"]


class System(
    Consenting,
    Bulk,
    Health,
    Guidance,
    Evaluation,
    Examined,
    Messages,
    Family,
    Fhir,
    Nutrition,
    SignIn,
    SmartApps,
    StaffWork,
    Running,
    Away,
    Watching,
    Opening,
    Kept,
    Rewards,
    Rights,
    Ledgering,
    Subscribing,
    Searching,
    Growing,
):
    """Everything that this process runs, made on first use."""

    @cached_property
    def _desk(self) -> Desk:
        """What the work on connections shares."""
        cloud, s = google.connect(self.settings, self.clock), self.settings
        self.closing.callback(cloud.close)
        return Desk(self.store, self.clock, s.tz, s.recipient, cloud, Vault(self.secrets, cloud.provider))

    @cached_property
    def connections(self) -> Connecting:
        """Connections to Google Health."""
        return Connecting(self._desk)

    @cached_property
    def syncing(self) -> Syncing:
        """Reading them."""
        return Syncing(self._desk, self.receive_from_cloud, timedelta(days=self.settings.google_history_days))

    @cached_property
    def noticing(self) -> Noticing:
        """What Google Health says has changed."""
        return Noticing(self._desk)

    @cached_property
    def webhook_keys(self) -> Keys:
        """The keys that sign its notifications."""
        return google.signing_keys(self.settings.google_keys_url)

    @cached_property
    def identities(self) -> Identities:
        """Patients."""
        return Identities(self.store)

    @cached_property
    def observations(self) -> Observations:
        """Search and read."""
        return Observations(self.store, self.settings.tz)

    @cached_property
    def reconciled(self) -> ReconciledDays:
        """Days on which several devices speak."""
        return ReconciledDays(self.store, self.settings.tz)

    @cached_property
    def intake(self) -> Intake:
        """Single Observations over FHIR."""
        return Intake(self.receive, self.settings.tz)

    @cached_property
    def cards(self) -> Cards:
        """Cards of shared gateway boxes; they outlive a rotation of the secrets."""
        return Cards(self.store, self.clock, self.lasting_key("card"))

    @cached_property
    def importing(self) -> Importing:
        """Files."""
        return self._importing(self.receive)

    def _importing(self, receive: ReceiveOne) -> Importing:
        def register(resource: dict[str, Any], request: str) -> UUID:
            return self.register.complete(resource, actor="import", role="system", request=request)

        s = self.settings
        return Importing(self.store, receive, register, self.register.patient_id, s.tz, s.recipient)

    @cached_property
    def _upload_folder(self) -> UploadFolder:
        return UploadFolder(self.settings.home / "uploads")

    @cached_property
    def uploads(self) -> Uploads:
        """Files that residents send."""
        s, mega = self.settings, 1_000_000
        limits = Limits(
            s.upload_largest_mb * mega, s.upload_reserve_mb * mega, timedelta(hours=s.upload_keep_hours)
        )
        return Uploads(self.store, self.clock, s.tz, s.recipient, self._upload_folder, limits)

    @cached_property
    def upload_jobs(self) -> UploadJobs:
        """Reading them."""

        def importing(receive: ReceiveOne) -> Import:
            return self._importing(receive)

        return UploadJobs(
            self.store,
            self.clock,
            self.settings.recipient,
            self._upload_folder,
            self.receive,
            importing,
            self.uploads.permitted,
        )

    @cached_property
    def assess(self) -> Assess:
        """Every rule over the city."""
        from phr.services.assess import (  # noqa: PLC0415 - pandas is slow to load, and most commands need it not
            Assess,
            Setting,
        )
        from risk.model.artifact import shipped  # noqa: PLC0415 - as above

        s = self.settings
        return Assess(
            Setting(
                self.store,
                self.clock,
                s.tz,
                s.recipient,
                s.check_glucose_rule,
                shipped,
                lambda person, request: self.retract(person, request=request),
            )
        )

    @cached_property
    def worklist(self) -> Worklist:
        """Cases; a decision to guide earns points in its own transaction, and taking it back reverses them."""
        s = self.settings
        return Worklist(self.store, self.clock, s.tz, self.planning, self.case_decided, self.case_undone)

    @cached_property
    def checkups(self) -> Checkups:
        """Check-ups."""
        return Checkups(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def export(self) -> Export:
        """De-identified releases."""
        from phr.services.export import Export, Keys  # noqa: PLC0415 - as for assess

        s = self.settings
        keys = Keys(self.key("release"), self.lasting_key("release-project"), self.key("release-signature"))
        return Export(self.store, self.clock, s.tz, s.recipient, keys, s.export_k, self.long_reads)

    def release_tombstone(self, uow: UnitOfWork, person: UUID, release: str) -> None:
        """In the transaction of a withdrawal: the number to delete, for whoever holds a copy."""
        uow.releases.entomb(person, release, self.clock.now())

    @cached_property
    def trail(self) -> Trail:
        """The audit trail."""
        return Trail(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def proofs(self) -> Proofs:
        """The last check of the trail."""
        return Proofs(self.store, self.clock, self.settings.recipient)

    @cached_property
    def operate(self) -> Operate:
        """Counts for those who run the service."""
        return Operate(self.store, self.clock, self.settings.recipient, self.standby_behind)

    def deliver(self, ledger: LedgerClient) -> Deliver:
        """Delivers letters."""
        senders: dict[str, Send] = {"revoke": _to_cloud(self.connections)}
        to_people = {"message": self.message_sender, "recipient": self.recipient_sender}
        together: dict[str, SendMany] = {"subscription": self.subscription_letters}
        if not self.points_by_file:
            together["ledger"] = self.ledger_letters(ledger)
        ways = (timed(senders), timed(to_people), timed(together))
        return Deliver(self.store, self.clock, self.settings.recipient, *ways)

    @property
    def broker_url(self) -> str:
        """Redis or RabbitMQ, or the database's own queue, which is made when a worker first asks for it."""
        if self.settings.broker_url:
            return self.settings.broker_url
        with self.database.admin() as connection:
            make_broker_database(connection)
        return broker_url(self.database)

    def baseline_copy(self, seconds: Any, values: Any) -> float:
        """Rows a second of COPY into a plain table on the same server, for benchmarks."""
        return Baseline(self.database.admin).copy(seconds, values)

    def know_sizes(self) -> None:
        """Tells the planner how much there is now; for benchmarks."""
        Baseline(self.database.admin).know_sizes()

    def baseline_copy_out(self) -> float:
        """Rows a second of COPY from that table, for benchmarks."""
        return Baseline(self.database.admin).copy_out()

    def baseline_select(self, hits: int, repeats: int) -> list[float]:
        """Seconds of a SELECT from that table, for benchmarks."""
        return Baseline(self.database.admin).select(hits, repeats)

    def baseline_jsonb(self, bodies: Sequence[bytes], together: int) -> float:
        """Rows a second of JSON texts into a plain table, so many in each transaction, for benchmarks."""
        return Baseline(self.database.admin).jsonb(bodies, together)

    def without_policies(self) -> Observations:
        """Search as a role that row-level security does not bind: only benchmarks ask, for the price of consent."""
        engine = open_engine(self.database.admin, self.settings.pool_size)
        self.closing.callback(engine.dispose)
        return Observations(Store(engine, self.sealer), self.settings.tz)

    def migrate(self) -> None:
        """Brings the database to this version."""
        upgrade(self.database, self.sealer)


def _to_cloud(connections: Connecting) -> Send:
    def send(_key: str, payload: Mapping[str, Any]) -> str:
        try:
            return connections.revoke(dict(payload), request=f"worker-{new_id()}")
        except Busy as trouble:
            raise TryLaterError(str(trouble)) from trouble
        except Refused as trouble:
            raise UndeliverableError(str(trouble)) from trouble

    return send


def start(settings: Settings | None = None, clock: Clock | None = None) -> System:
    """The system as settings say."""
    settings = settings or Settings()
    if not settings.tracing_url:
        return System(settings, clock or SystemClock())
    end = tracing.begin(settings.tracing_url, settings.tracing_share)
    made: System = spanned(System)(settings, clock or SystemClock())
    made.closing.callback(end)
    return made
