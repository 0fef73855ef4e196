"""Subscriptions: topics, what a client may ask for, which event concerns whom, and what a notification holds."""
