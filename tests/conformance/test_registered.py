"""No collector without an adapter, no case left out silently, and no writer of what the collector does not declare."""

from pathlib import Path

from ingest.ble.procedure import MEASURED
from ingest.cloud.types import COLLECTED
from ingest.codes import VITALS
from ingest.collectors import COLLECTORS
from ingest.registry import FORMATS
from tests.conformance.registered import ADAPTERS
from tests.conformance.truth import seen

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "reference" / "collectors.md"
CASES = {
    "empty", "one", "many", "duplicate", "late", "out of order", "wrong zone", "absent zone", "DST night",
    "unit look-alikes", "no consent", "revoked", "withdrawn in the middle", "crash and resume", "resume at a mark",
    "hostile bytes",
}  # fmt: skip


def test_every_collector_has_an_adapter_and_every_adapter_a_collector():
    """A new format without an adapter is not done."""
    assert {each.name for each in ADAPTERS.values()} == set(COLLECTORS)


def test_every_format_profile_and_cloud_is_a_collector():
    """The registry leaves out nothing that brings measurements in."""
    by_way = {
        way: {each.place for each in COLLECTORS.values() if each.way == way} for way in ("file", "bluetooth")
    }
    assert by_way == {"file": set(FORMATS), "bluetooth": set(MEASURED)}
    assert COLLECTORS["google-health"].coverage == {code for kind in COLLECTED for code in kind.vitals}


def test_every_collector_declares_what_it_covers():
    """At least one vital each, all of the vocabulary, and everything that its adapter writes."""
    for each in COLLECTORS.values():
        assert each.coverage
        assert each.coverage <= VITALS.keys()
    for adapter in ADAPTERS.values():
        assert set(adapter.kinds) <= COLLECTORS[adapter.name].coverage


def test_what_an_adapter_writes_is_all_that_comes_back(tmp_path):
    """A collector that gives a vital which it does not declare would be found here."""
    for adapter in ADAPTERS.values():
        found = seen(adapter.collect(adapter.write(tmp_path / adapter.id, adapter.rows(6))))
        assert {row.code for row in found} == set(adapter.kinds[:6])


def test_every_case_that_a_collector_cannot_have_is_in_the_documentation_with_its_reason():
    """No silent skips: the page and the adapters say the same."""
    told = {(each.id, case, why) for each in ADAPTERS.values() for case, why in each.cannot.items()}
    section = (
        PAGE.read_text("utf-8").partition("## Cases that a collector cannot have")[2].partition("\n## ")[0]
    )
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    assert {(name.strip("`"), case, why) for name, case, why in rows} == told


def test_every_case_of_an_adapter_is_one_of_the_suite():
    """A case that is misspelt would be left out of nothing, and its reason would be idle."""
    for adapter in ADAPTERS.values():
        assert set(adapter.cannot) <= CASES
    used = {
        case for test in HERE.glob("test_*.py") for case in CASES if f'"{case}"' in test.read_text("utf-8")
    }
    assert used == CASES
