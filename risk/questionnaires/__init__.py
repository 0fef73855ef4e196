"""Questionnaires of older residents as data: items in the official words, which answers count, and FHIR forms."""
