"""Who may see what, and why: pure decisions over FHIR R4 Consent."""
