"""Bulk exports, imports and cohorts, joined to what they need."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

from phr.bootstrap.core import Core
from phr.domain.access import Access
from phr.domain.fhir.types import kinds
from phr.domain.keys import derive
from phr.domain.sealing import Box
from phr.errors import Invalid
from phr.services.bulk.asking import Asking
from phr.services.bulk.cohorts import Cohorts
from phr.services.bulk.exporting import Exporting
from phr.services.bulk.files import BulkFiles
from phr.services.bulk.handing import Handing
from phr.services.bulk.importing import Importing
from phr.services.bulk.working import BulkJobs
from phr.services.fhir import Change
from phr.store.sealed_files import SealedFiles


class Bulk(Core):
    """FHIR Bulk Data."""

    @cached_property
    def bulk_files(self) -> BulkFiles:
        """Files that only the key of their job opens."""
        return BulkFiles(SealedFiles(self.settings.home / "bulk", ".ndjson.age"))

    @cached_property
    def _bulk_box(self) -> Box:
        """Seals the keys of jobs."""
        return Box([derive(key, "bulk-key") for key in self.secrets])

    @cached_property
    def bulk_asking(self) -> Asking:
        """Jobs as clients see them."""
        keep = timedelta(hours=self.settings.bulk_keep_hours)
        return Asking(self.store, self.clock, self.bulk_files, self._bulk_box, keep)

    @cached_property
    def bulk_jobs(self) -> BulkJobs:
        """The work on them."""
        exporting = Exporting(self.store, self.long_reads, self.bulk_files, self.settings.tz)
        return BulkJobs(
            self.store,
            self.clock,
            self.settings.recipient,
            self.bulk_files,
            self._bulk_box,
            {"export": exporting, "import": self._bulk_importing},
        )

    @cached_property
    def _bulk_importing(self) -> Importing:
        whole: Any = self

        def write(resource: dict[str, Any], access: Access) -> tuple[int, str]:
            kind = kinds()[str(resource["resourceType"])]
            if kind.served != "documents" or "update" not in kind.interactions:
                raise Invalid("a type that is not imported", field="resourceType")
            change = Change(
                "update", kind.name, access, _all, identity=str(resource["id"]), resource=resource
            )
            done = whole.fhir_writing.apply(change)
            return done.status, f"{kind.name}/{done.id}"

        return Importing(self.store, self.bulk_files, whole.intake.many, write)

    @cached_property
    def bulk_handing(self) -> Handing:
        """Their files."""
        return Handing(self.store, self.clock, self.bulk_files, self._bulk_box)

    @cached_property
    def cohorts(self) -> Cohorts:
        """Groups of recipients."""
        return Cohorts(self.store, self.clock)


def _all(_action: str, _resource: dict[str, Any]) -> bool:
    """The scopes of the token were asked before."""
    return True
