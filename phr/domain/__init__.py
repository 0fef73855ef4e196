"""Rules of the service: pure, values in and values out."""
