"""Machine interfaces: FHIR, ledger, health."""
