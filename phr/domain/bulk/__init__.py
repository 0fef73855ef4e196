"""Bulk data: rules of requests, of what a file may still tell, of manifests and of cohorts."""
