"""FHIR R4 as rules: which types are served and how, JSON to the last digit, validity, patches, bundles, history."""
