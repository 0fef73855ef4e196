"""Commands of the service, one group per file; phr.cli joins them."""
