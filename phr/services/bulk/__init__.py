"""Bulk data (FHIR $export and $import): jobs of clients, files that ask for consent again, and cohorts."""
