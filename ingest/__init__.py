"""Collectors: bytes, JSON and files in; columns of measurements and FHIR R4 Observations out."""
