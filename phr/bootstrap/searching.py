"""Search over FHIR: the use cases and what seals the place where a page ended."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from phr.bootstrap.core import Core
from phr.domain.keys import derive
from phr.domain.sealing import Box
from phr.services.fhirsearch import FhirSearch


class Searching(Core):
    """Search."""

    @cached_property
    def fhir_search(self) -> FhirSearch:
        """Documents and Observations alike."""
        return FhirSearch(self.store, self.settings.tz, cast("Any", self).observations)

    @cached_property
    def search_pages(self) -> Box:
        """Seals where a page of a search ended, with what was searched: neither stands in an address in the clear."""
        return Box([derive(secret, "search-page") for secret in self.secrets])
