"""The service: a consent-gated personal health record for a city."""
