"""The answer to a client holds the words of an alarm, not only a name for them."""

from __future__ import annotations

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from phr.domain.warned import issue
from risk.limits import standard


@pytest.mark.parametrize("rule", sorted(standard().alarm_rules))
def test_every_alarm_tells_in_the_answer_what_to_do_and_that_nobody_watches(rule):
    """R5-2, R5-3: with the queue down this is all that the person gets."""
    shown = standard().alarm_rules[rule]
    made = issue(shown.severity, shown.text)
    for words in (made["details"]["text"], made["details"]["coding"][0]["display"]):
        assert "119" in words
        assert "#7119" in words
    assert made["diagnostics"] == f"{shown.severity}: {shown.text}"
    OperationOutcome.model_validate({"resourceType": "OperationOutcome", "issue": [made]})
